import Core
import Logging

extension Recovery {
    private static let startsAtOnce = 4

    /// Finds the instances that still run and makes every hostname lead where it should. Returns what was missing of those
    /// that could not be taken over.
    /// - Parameter interrupted: deploys that ran when the server stopped. What their builds have left is theirs.
    func restoreRoutes(_ interrupted: Set<ID<Deploy>>) async throws(PlatformError) -> [ID<Channel>: String] {
        let apps = Dictionary(uniqueKeysWithValues: try await platform.apps.allApps().map { ($0.id, $0) })
        let found = try await recoverInstances(interrupted)
        var targets: [(channel: Channel, target: RouteTarget)] = []
        for channel in try await platform.channels.allChannels() {
            guard let app = apps[channel.appID] else { continue }
            targets.append((channel, await target(of: channel, app: app, found: found)))
        }
        sites.claim(targets)
        return found.losses
    }

    /// What the channels have of instances.
    private struct Found {
        /// Those that were live and still run.
        var running: [ID<Release>: InstanceEndpoint] = [:]
        /// Releases of which none runs, since nobody asked for it.
        var asleep: Set<ID<Release>> = []
        /// Releases of which none runs, since it takes more of the disk than it may.
        var suspended: Set<ID<Release>> = []
        /// Why those that were live do not go on.
        var losses: [ID<Channel>: String] = [:]
    }

    /// Those that were being started or drained are stopped.
    private func recoverInstances(_ interrupted: Set<ID<Deploy>>) async throws(PlatformError) -> Found {
        let known = try await platform.instances.instances()
        let live = known.filter { $0.state == .live }
        let stopped = try await platform.instances.stopped()
        let recovered = try await platform.runner.recover(
            keep: Set(live.map(\.id)), logs: Set((known + stopped).map(\.id)))
        let endpoints = recovered.endpoints
        for stray in recovered.strays {
            // As with its instance: its log says that it was interrupted.
            if let deploy = ContainerTask.deploy(inName: stray), interrupted.contains(deploy) { continue }
            await events.noteStray(stray)
        }
        var found = Found()
        for instance in live {
            if let loss = recovered.losses[instance.id] { found.losses[instance.channelID] = loss }
        }
        // A crash may come between the start of an instance and the end of the one that it replaces: the newer one stays.
        var newest: [ID<Channel>: ID<Instance>] = [:]
        for instance in live where endpoints[instance.id] != nil { newest[instance.channelID] = instance.id }
        let kept = Set(newest.values)
        for instance in live {
            guard let endpoint = endpoints[instance.id] else { continue }
            if kept.contains(instance.id) {
                found.running[instance.releaseID] = endpoint
            } else {
                await platform.runner.stop(instance.id, grace: 1)
            }
        }
        for instance in known where !kept.contains(instance.id) {
            // One that was falling asleep or waking runs all the same.
            if instance.state == .asleep, found.running[instance.releaseID] == nil {
                found.asleep.insert(instance.releaseID)
            } else if instance.state == .suspended, found.running[instance.releaseID] == nil {
                found.suspended.insert(instance.releaseID)
            } else {
                try await forget(instance)
            }
        }
        return found
    }

    private func forget(_ instance: Instance) async throws(PlatformError) {
        if instance.state == .asleep { return try await platform.instances.delete(instance.id) }
        try await platform.instances.setState(.stopped, of: instance.id)
    }

    private func target(
        of channel: Channel, app: App, found: Found
    ) async -> RouteTarget {
        guard let releaseID = channel.currentRelease else { return sites.placeholder(of: app) }
        do throws(PlatformError) {
            guard let release = try await platform.releases.release(releaseID) else { return .placeholder(.starting) }
            switch release.plan.kind {
            case .worker: return .placeholder(.worker)
            case .web:
                if let endpoint = found.running[releaseID] { return .instance(endpoint) }
                if found.suspended.contains(releaseID) { return .placeholder(.suspended) }
                return .placeholder(found.asleep.contains(releaseID) ? .asleep(channel.id) : .starting)
            case .static: break
            }
            return .site(release: releaseID, try await platform.builder.site(of: releaseID))
        } catch {
            platform.logger.error(
                "release cannot be served", metadata: ["channel": "\(channel.id)", "error": "\(error)"])
            return .placeholder(.starting)
        }
    }

    /// Starts the current release of each channel whose instance did not survive, a few at a time. Returns those that did
    /// not start.
    /// - Parameter losses: what was missing of instances that were there.
    func startMissingInstances(
        _ losses: [ID<Channel>: String]
    ) async throws(PlatformError) -> [ID<Channel>] {
        let running = Set(try await platform.instances.instances().map(\.releaseID))
        let missing = try await platform.channels.allChannels().filter { channel in
            channel.currentRelease.map { !running.contains($0) } ?? false
        }
        if missing.isEmpty { return [] }
        // After a boot the cluster starts at the same time, and most apps look for their database first of all.
        if let provisioner = platform.provisioner { _ = try? await provisioner.endpoint() }
        var failed: [ID<Channel>] = []
        await withTaskGroup(of: (ID<Channel>, Bool).self) { group in
            for (index, channel) in missing.enumerated() {
                if index >= Self.startsAtOnce, let (id, isDone) = await group.next(), !isDone { failed.append(id) }
                group.addTask { (channel.id, await startMissingInstance(of: channel.id, losses[channel.id])) }
            }
            for await (id, isDone) in group where !isDone { failed.append(id) }
        }
        return failed
    }

    /// Tries again for as long as it is what the channels should serve.
    func keepStarting(_ channels: [ID<Channel>], _ losses: [ID<Channel>: String]) async {
        await withTaskGroup(of: Void.self) { group in
            for channel in channels { group.addTask { await keepStarting(channel, losses[channel]) } }
        }
    }

    private func keepStarting(_ channel: ID<Channel>, _ loss: String?) async {
        for attempt in 1... {
            do { try await Task.sleep(for: platform.configuration.instanceRetry.pause(after: attempt)) } catch {
                return
            }
            if await startMissingInstance(of: channel, loss) { return }
        }
    }

    /// Beside the channel's deploy, if one is being built: what served before it does so meanwhile. Returns whether there is
    /// nothing more to do.
    private func startMissingInstance(of id: ID<Channel>, _ loss: String?) async -> Bool {
        do throws(PlatformError) {
            return try await work.runIfFree(on: id) { () async throws(PlatformError) in
                guard let channel = try await starter.startMissing(of: id) else { return }
                await events.noteReplacement(of: channel, because: loss ?? "there is none")
            }
        } catch {
            platform.logger.error("instance not started again", metadata: ["channel": "\(id)", "error": "\(error)"])
            return false
        }
    }
}
