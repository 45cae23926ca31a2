import Core
import Logging

/// Compares what should be with what is, and repairs the difference: at the start and every 30 seconds. Each repair is one
/// line in the server's log and one event.
///
/// What a deploy is changing is left to it: a channel is looked at in its turn, or not this time.
actor Reconciler {
    private let platform: Platform
    private let queue: DeployQueue
    private let pipeline: DeployPipeline
    private let starter: InstanceStarter
    private let serving: ServingTurns
    private let databases: DatabaseService
    private let sites: SiteRoutes
    private let events: EventService
    /// What did not look right the last time; it must not the second time either.
    private var suspects: Set<ID<Deploy>> = []
    /// Channels whose volumes were too large when they were last looked at.
    private var full: Set<ID<Channel>> = []
    /// Channels whose instance did not start, and when it is tried again: a start holds up the channel's deploys.
    private var pauses: [ID<Channel>: (failures: Int, until: ContinuousClock.Instant)] = [:]

    init(
        platform: Platform, queue: DeployQueue, pipeline: DeployPipeline, starter: InstanceStarter,
        serving: ServingTurns, databases: DatabaseService, sites: SiteRoutes, events: EventService
    ) {
        self.platform = platform
        self.queue = queue
        self.pipeline = pipeline
        self.starter = starter
        self.serving = serving
        self.databases = databases
        self.sites = sites
        self.events = events
    }

    /// One round.
    func run() async {
        await guarded("deploys") { () async throws(PlatformError) in try await reapDeploys() }
        // Before the instances, whose links may have gone with it.
        await guarded("network") { () async throws(PlatformError) in
            if let damage = try await platform.runner.mendNetwork() {
                await events.note(.networkRestored, "what all instances' networks need was made again: \(damage)")
            }
        }
        await guarded("channels") { () async throws(PlatformError) in
            for channel in try await platform.channels.allChannels() {
                await guarded("channel \(channel.id)") { () async throws(PlatformError) in
                    if let damage = try await damage(of: channel) { try await repair(channel, damage) }
                }
            }
        }
        for stray in await platform.runner.removeStrays() {
            await events.note(.strayRemoved, "the container \(stray) was nobody's and was removed")
        }
        await guarded("volumes") { () async throws(PlatformError) in try await lookAtVolumes() }
        await guarded("databases") { () async throws(PlatformError) in
            for channel in try await databases.restoreMissing() {
                let app = try await platform.channels.channel(channel)?.appID
                await events.note(
                    .databaseRestored, app: app, channel: channel, "the channel's role was gone and was made again")
            }
        }
    }

    // MARK: - Deploys

    /// Wakes the queues of deploys that wait unseen, and ends those that run in the store and nowhere else.
    private func reapDeploys() async throws(PlatformError) {
        var unseen: Set<ID<Deploy>> = []
        for deploy in try await platform.deploys.unfinished() {
            if deploy.status == .queued {
                await queue.wake(deploy.channelID)
            } else if pipeline.turns[deploy.id] == nil {
                unseen.insert(deploy.id)
            }
        }
        // Once may be the moment between the store and the turn.
        for id in unseen.intersection(suspects) {
            guard let deploy = try await platform.deploys.deploy(id), deploy.status == .running else { continue }
            await pipeline.fail(deploy, because: PlatformError(.cancelled, "nobody worked on it any more"))
            await events.note(
                .deployReaped, app: deploy.appID, channel: deploy.channelID,
                "deploy \(id) was running and nobody worked on it: ended")
        }
        suspects = unseen
    }

    // MARK: - Volumes

    /// One event when a channel's volumes become larger than they may.
    private func lookAtVolumes() async throws(PlatformError) {
        let limit = platform.configuration.volumeBytes
        var full: Set<ID<Channel>> = []
        for id in await platform.volumes.channels() {
            let used = await platform.volumes.size(of: id)
            guard used > limit, let channel = try await platform.channels.channel(id) else { continue }
            full.insert(id)
            if self.full.contains(id) { continue }
            await events.note(
                .volumeFull, app: channel.appID, channel: id,
                "the volumes have \(VolumeUse.text(used)), of \(limit >> 20) MiB that they may: nothing is deployed until they have less"
            )
        }
        self.full = full
    }

    // MARK: - Channels

    private enum Damage: Sendable {
        case instance(String)
        case route(RouteTarget)
    }

    /// What is wrong with what a channel serves; `nil` when nothing is.
    private func damage(of channel: Channel) async throws(PlatformError) -> Damage? {
        guard let current = channel.currentRelease, let release = try await platform.releases.release(current) else {
            return nil
        }
        let target = sites.target(of: channel)
        switch release.plan.kind {
        case .static:
            if case .site(current, _)? = target { return nil }
            return .route(.site(release: current, try await platform.builder.site(of: current)))
        case .web, .worker:
            let instances = try await platform.instances.instances(channel: channel.id)
                .filter { $0.releaseID == current }
            guard let live = instances.first(where: { $0.state == .live }) else {
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

    /// In the channel's turn, when it is still so then. A channel that a deploy works on is left to that.
    private func repair(_ channel: Channel, _ seen: Damage) async throws(PlatformError) {
        if let pause = pauses[channel.id], pause.until > .now { return }
        guard await !queue.isBusy(channel.id) else { return }
        await queue.run(on: channel.id) { [self] in
            await guarded("channel \(channel.id)") { () async throws(PlatformError) in
                try await serving.run(on: channel.id) { () async throws(PlatformError) in
                    try await repair(channel.id)
                }
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
            await events.note(
                .instanceReplaced, app: channel.appID, channel: channel.id, "an instance was started anew: \(what)")
        }
    }

    private func pause(_ channel: ID<Channel>) {
        let failures = (pauses[channel]?.failures ?? 0) + 1
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
