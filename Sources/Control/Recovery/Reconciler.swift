import Core
import Logging

/// Compares what should be with what is, and repairs the difference: at the start and every 30 seconds. Each repair is one
/// line in the server's log and one event.
///
/// What a deploy is changing is left to it: what serves of a channel is looked at in its turn, or not this time. While the
/// deploy is being built nothing of that changes. Apps that do not come up hold up each other at most: what is not about a
/// channel's instance is seen to first, and each round leaves out what an earlier one is still at.
actor Reconciler {
    private enum Part {
        case machine, databases, channels
    }

    private static let repairsAtOnce = 4

    private let platform: Platform
    private let reaper: Reaper
    private let starter: InstanceStarter
    private let work: ServingWork
    private let left: LeftInstances
    private let databases: DatabaseService
    private let sites: SiteRoutes
    private let volumes: VolumeWatch
    private let events: EventService
    /// What a round is at now.
    private var underWay: Set<Part> = []
    /// Channels whose instance did not start, and when it is tried again: a start holds up the channel's deploys.
    private var pauses: [ID<Channel>: (failures: Int, until: ContinuousClock.Instant)] = [:]

    init(
        platform: Platform, reaper: Reaper, starter: InstanceStarter, work: ServingWork, left: LeftInstances,
        databases: DatabaseService, sites: SiteRoutes, volumes: VolumeWatch, events: EventService
    ) {
        self.platform = platform
        self.reaper = reaper
        self.starter = starter
        self.work = work
        self.left = left
        self.databases = databases
        self.sites = sites
        self.volumes = volumes
        self.events = events
    }

    /// One round. The machine comes before the instances, whose links may have gone with its network.
    func run() async {
        await lookAtMachine()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.restoreDatabases() }
            group.addTask { await self.lookAtVolumes() }
            group.addTask { await self.repairChannels() }
        }
    }

    private func lookAtMachine() async {
        guard underWay.insert(.machine).inserted else { return }
        defer { underWay.remove(.machine) }
        await guarded("deploys") { () async throws(PlatformError) in try await reaper.run() }
        await guarded("network") { () async throws(PlatformError) in
            if let damage = try await platform.runner.mendNetwork() {
                await events.note(.networkRestored, "what all instances' networks need was made again: \(damage)")
            }
        }
        for stray in await platform.runner.removeStrays() { await events.noteStray(stray) }
    }

    private func restoreDatabases() async {
        guard underWay.insert(.databases).inserted else { return }
        defer { underWay.remove(.databases) }
        await guarded("databases") { () async throws(PlatformError) in
            for channel in try await databases.restoreMissing() {
                let app = try await platform.channels.channel(channel)?.appID
                await events.note(
                    .databaseRestored, app: app, channel: channel, "the channel's role was gone and was made again")
            }
        }
    }

    // MARK: - Volumes

    private func lookAtVolumes() async {
        await guarded("volumes") { () async throws(PlatformError) in try await volumes.look() }
    }

    // MARK: - Channels

    private enum Damage: Sendable {
        case instance(String)
        case route(RouteTarget)
    }

    /// Repairs several at once. What did not come up the last time comes last.
    private func repairChannels() async {
        guard underWay.insert(.channels).inserted else { return }
        defer { underWay.remove(.channels) }
        var damaged: [Channel] = []
        await guarded("channels") { () async throws(PlatformError) in
            for channel in try await platform.channels.allChannels() {
                await guarded("channel \(channel.id)") { () async throws(PlatformError) in
                    if try await damage(of: channel) != nil { damaged.append(channel) } else { forgetPause(channel.id) }
                }
            }
        }
        let order = damaged.sorted { failures(of: $0.id) < failures(of: $1.id) }
        await withTaskGroup(of: Void.self) { group in
            for (index, channel) in order.enumerated() {
                if index >= Self.repairsAtOnce { _ = await group.next() }
                group.addTask { await self.repair(channel) }
            }
        }
        // Last: a hostname may have led to one of them.
        await guarded("instances that are left") { () async throws(PlatformError) in try await left.look() }
    }

    /// What is wrong with what a channel serves; `nil` when nothing is.
    private func damage(of channel: Channel) async throws(PlatformError) -> Damage? {
        guard let current = channel.currentRelease else { return nil }
        let target = sites.target(of: channel)
        // Most channels of a large server, and what the route holds is all that there is to know.
        if case .site(current, _)? = target { return nil }
        guard let release = try await platform.releases.release(current) else { return nil }
        switch release.plan.kind {
        case .static:
            return .route(.site(release: current, try await platform.builder.site(of: current)))
        case .web, .worker:
            let instances = try await platform.instances.instances(channel: channel.id)
                .filter { $0.releaseID == current }
            guard let live = instances.first(where: { $0.state == .live }) else {
                // `VolumeWatch` lets it go on when there is room.
                if instances.contains(where: { $0.state == .suspended }) {
                    let page = RouteTarget.placeholder(release.plan.kind == .worker ? .worker : .suspended)
                    return target == page ? nil : .route(page)
                }
                guard instances.contains(where: { $0.state == .asleep }) else { return .instance("there is none") }
                let asleep = RouteTarget.placeholder(.asleep(channel.id))
                return target == asleep ? nil : .route(asleep)
            }
            if let damage = await platform.runner.damage(of: live.id) { return .instance(damage) }
            if release.plan.kind == .worker {
                return target == .placeholder(.worker) ? nil : .route(.placeholder(.worker))
            }
            guard case .instance(let endpoint)? = target, endpoint.id == live.id else {
                guard let endpoint = await platform.runner.endpoint(of: live.id) else { return nil }
                return .route(.instance(endpoint))
            }
            return nil
        }
    }

    /// In the channel's turn, when it is still so then. A channel whose deploy brings its version up is left to that.
    private func repair(_ channel: Channel) async {
        if let pause = pauses[channel.id], pause.until > .now { return }
        await guarded("channel \(channel.id)") { () async throws(PlatformError) in
            _ = try await work.runIfFree(on: channel.id) { () async throws(PlatformError) in
                try await self.repair(channel.id)
            }
        }
    }

    private func repair(_ id: ID<Channel>) async throws(PlatformError) {
        guard let channel = try await platform.channels.channel(id), let damage = try await damage(of: channel) else {
            return
        }
        switch damage {
        case .route(let target):
            try sites.publish(target, for: channel)
            await events.note(
                .routeRestored, app: channel.appID, channel: channel.id,
                "the hostname did not lead to the channel and does again")
        case .instance(let what):
            do throws(PlatformError) { try await starter.replace(of: channel) } catch {
                pause(channel.id)
                throw error
            }
            forgetPause(channel.id)
            await events.noteReplacement(of: channel, because: what)
        }
    }

    private func failures(of channel: ID<Channel>) -> Int { pauses[channel]?.failures ?? 0 }

    private func pause(_ channel: ID<Channel>) {
        let failures = failures(of: channel) + 1
        pauses[channel] = (failures, .now + platform.configuration.instanceRetry.pause(after: failures))
    }

    private func forgetPause(_ channel: ID<Channel>) { pauses[channel] = nil }

    private func guarded(
        _ part: String, isolation: isolated (any Actor)? = #isolation,
        _ body: () async throws(PlatformError) -> Void
    ) async {
        do throws(PlatformError) { try await body() } catch {
            platform.logger.error("not reconciled", metadata: ["part": "\(part)", "error": "\(error)"])
        }
    }
}
