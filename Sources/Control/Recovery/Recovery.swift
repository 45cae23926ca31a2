import Core
import Logging

/// What a crash left on the disk, found before anything new was made.
public struct Leftovers: Sendable {
    let releases: [ID<Release>]
}

/// Brings a restarted server back to where it was: what ran is found again or started anew, every hostname leads where
/// it should, interrupted deploys go on, and what a crash left behind is removed.
struct Recovery: Sendable {
    let platform: Platform
    let databases: DatabaseService
    let pipeline: DeployPipeline
    let queue: DeployQueue
    let logs: DeployLogs
    let removal: Removal

    /// Everything that must be done before the first request is let in. Returns what a crash left behind: nothing is being
    /// built yet, so every release folder that no record knows is a left-over.
    func restore() async throws(PlatformError) -> Leftovers {
        let known = try await platform.releases.allReleaseIDs()
        let leftovers = Leftovers(releases: await platform.builder.releasesOnDisk().filter { !known.contains($0) })
        let channels = try await platform.channels.allChannels()
        let apps = Dictionary(uniqueKeysWithValues: try await platform.apps.allApps().map { ($0.id, $0) })
        let running = try await recoverInstances()
        var targets: [String: RouteTarget] = [:]
        for channel in channels {
            guard let app = apps[channel.appID] else { continue }
            targets[platform.address.hostname(channel.label)] = await target(of: channel, app: app, running: running)
        }
        platform.routes.publish(targets)
        return leftovers
    }

    /// What may go on while requests are served already.
    func resume(_ leftovers: Leftovers) async {
        await guarded("deploy logs") { () async throws(PlatformError) in try await endLogs() }
        await guarded("interrupted deploys") { () async throws(PlatformError) in try await resumeDeploys() }
        await guarded("instances") { () async throws(PlatformError) in try await startMissingInstances() }
        await guarded("removals") { () async throws(PlatformError) in try await finishRemovals() }
        for release in leftovers.releases { await platform.builder.remove(release) }
        await guarded("repositories") { () async throws(PlatformError) in
            for app in try await platform.apps.allApps() where !(await platform.repository.exists(app.id)) {
                try await platform.repository.create(app.id, head: .master)
            }
        }
        await guarded("databases") { () async throws(PlatformError) in
            for channel in try await platform.channels.allChannels() {
                guard let record = try await platform.databases.database(channel: channel.id), record.status != .ready
                else { continue }
                await databases.begin(channel.id)
            }
        }
    }

    // MARK: - Instances and routes

    /// Instances that were live and still run. Those that were being started or drained are stopped.
    private func recoverInstances() async throws(PlatformError) -> [ID<Release>: InstanceEndpoint] {
        let known = try await platform.instances.instances()
        let live = known.filter { $0.state == .live }
        let endpoints = try await platform.runner.recover(keep: Set(live.map(\.id)))
        for instance in known where endpoints[instance.id] == nil {
            try await platform.instances.delete(instance.id)
        }
        var running: [ID<Release>: InstanceEndpoint] = [:]
        for instance in live { if let endpoint = endpoints[instance.id] { running[instance.releaseID] = endpoint } }
        return running
    }

    private func target(
        of channel: Channel, app: App, running: [ID<Release>: InstanceEndpoint]
    ) async -> RouteTarget {
        let repositoryURL = platform.address.repositoryURL(user: app.ownerName, app: app.name)
        guard let releaseID = channel.currentRelease else {
            return .placeholder(.awaitingFirstDeploy(repositoryURL: repositoryURL))
        }
        if let endpoint = running[releaseID] { return .instance(endpoint) }
        do throws(PlatformError) {
            guard let release = try await platform.releases.release(releaseID), release.plan.kind == .static else {
                return .placeholder(.starting)
            }
            return .site(release: releaseID, try await platform.builder.site(of: releaseID))
        } catch {
            platform.logger.error(
                "release cannot be served", metadata: ["channel": "\(channel.id)", "error": "\(error)"])
            return .placeholder(.starting)
        }
    }

    /// Starts the current release of each channel whose instance did not survive, a few at a time.
    private func startMissingInstances() async throws(PlatformError) {
        let running = Set(try await platform.instances.instances().map(\.releaseID))
        let missing = try await platform.channels.allChannels().filter { channel in
            channel.currentRelease.map { !running.contains($0) } ?? false
        }
        await withTaskGroup(of: Void.self) { group in
            for (index, channel) in missing.enumerated() {
                if index >= Self.startsAtOnce { await group.next() }
                group.addTask { await startMissingInstance(of: channel.id) }
            }
        }
    }

    private static let startsAtOnce = 4

    /// In the channel's turn, so that a push that comes in meanwhile neither overtakes this nor is overtaken.
    private func startMissingInstance(of id: ID<Channel>) async {
        await queue.run(on: id) {
            await guarded("instance of \(id)") { () async throws(PlatformError) in
                guard let channel = try await platform.channels.channel(id), let current = channel.currentRelease,
                    try await !platform.instances.instances(channel: id).contains(where: { $0.releaseID == current }),
                    let release = try await platform.releases.release(current), release.plan.kind == .web
                else { return }
                try await startAgain(release, on: channel)
            }
        }
    }

    private func startAgain(_ release: Release, on channel: Channel) async throws(PlatformError) {
        let instance = Instance(
            channelID: channel.id, releaseID: release.id, state: .live, createdAt: platform.now())
        try await platform.instances.insert(instance)
        do throws(PlatformError) {
            let endpoint = try await platform.runner.start(
                InstanceSpecification(
                    id: instance.id, channel: channel.id, release: release.id,
                    directory: platform.builder.filesDirectory(of: release.id), plan: release.plan,
                    environment: try await platform.releases.environment(of: release.id), account: channel.account,
                    limits: platform.configuration.instanceLimits),
                log: DiscardingLogSink())
            platform.routes.publish(.instance(endpoint), at: platform.address.hostname(channel.label))
            platform.logger.info("instance started again", metadata: ["channel": "\(channel.id)"])
        } catch {
            await platform.runner.stop(instance.id, grace: 0)
            try await platform.instances.delete(instance.id)
            throw error
        }
    }

    // MARK: - Deploys

    /// Deploys that a stop or a crash interrupted start again; those of a push whose ref never moved end as failed.
    private func resumeDeploys() async throws(PlatformError) {
        for deploy in try await platform.deploys.unfinished() {
            logs.open(deploy.id)
            try await removeReleases(of: deploy)
            if let ref = deploy.ref, let branch = BranchName(ref: ref), let commit = deploy.commit,
                deploy.status == .queued,
                try await platform.repository.resolve(.branch(branch), app: deploy.appID) != commit
            {
                await pipeline.fail(
                    deploy,
                    because: PlatformError(
                        .cancelled, "the server stopped before \(branch) was moved to this commit; push again"))
                continue
            }
            if deploy.status == .running {
                guard deploy.attempts < platform.configuration.deployAttempts else {
                    await pipeline.fail(
                        deploy,
                        because: PlatformError(.cancelled, "the server stopped \(deploy.attempts) times during it"))
                    continue
                }
                logs.write("the server stopped during this deploy; starting it again", to: deploy.id)
                try await platform.deploys.requeue(deploy.id)
            }
            await queue.wake(deploy.channelID)
        }
    }

    /// A deploy ends in the store first and in its log next: a crash between the two leaves a log without an end.
    private func endLogs() async throws(PlatformError) {
        for channel in try await platform.channels.allChannels() {
            let url = platform.address.url(host: platform.address.hostname(channel.label)) + "/"
            for deploy in try await platform.deploys.deploys(channel: channel.id, limit: 3)
            where deploy.status.isTerminal {
                let log =
                    try await platform.deployLogs.read(deploy.id).map { String(decoding: $0, as: UTF8.self) } ?? ""
                guard !DeployEnding.isIn(log) else { continue }
                logs.end(
                    deploy.id, lastLines: deploy.failure.map(DeployEnding.failure) ?? DeployEnding.success(at: url),
                    failure: deploy.failure
                )
            }
        }
    }

    // MARK: - Left-overs

    /// What an interrupted deploy had built: it starts from its commit again.
    private func removeReleases(of deploy: Deploy) async throws(PlatformError) {
        for release in try await platform.releases.releases(channel: deploy.channelID)
        where release.deployID == deploy.id {
            try await platform.releases.delete(release.id)
            await platform.builder.remove(release.id)
        }
    }

    private func finishRemovals() async throws(PlatformError) {
        let deleted = try await platform.channels.deletedChannels()
        let apps = try await platform.apps.deletedApps()
        for app in apps { await removal.remove(app, channels: deleted.filter { $0.appID == app.id }) }
        for channel in deleted where !apps.contains(where: { $0.id == channel.appID }) {
            await removal.remove(channel)
        }
    }

    private func guarded(_ part: String, _ body: () async throws(PlatformError) -> Void) async {
        do throws(PlatformError) { try await body() } catch {
            platform.logger.error("not restored", metadata: ["part": "\(part)", "error": "\(error)"])
        }
    }
}

/// For a start without a deploy: the deploy's log has ended with its outcome, and what an app prints may be secret, so it is
/// not for the server's log. The instance's own log has it.
private struct DiscardingLogSink: DeployLogSink {
    func write(_ line: String) {}
}
