import Core
import Logging

/// Starts what a channel should serve without a deploy: after a stop of the machine, or when it got lost. Only in the channel's
/// turn.
struct InstanceStarter: Sendable {
    let platform: Platform
    let sites: SiteRoutes
    /// Whose turn it is; `nil` for no deploy's. Nothing is started, or shown, for one that was given up.
    var deploy: DeployTurn?

    /// Starts the channel's current release when no instance of it is live, or suspended. Returns the channel when it has done
    /// so.
    @discardableResult
    func startMissing(of id: ID<Channel>) async throws(PlatformError) -> Channel? {
        guard let channel = try await platform.channels.channel(id), let current = channel.currentRelease,
            try await !platform.instances.instances(channel: id).contains(where: {
                $0.releaseID == current && ($0.state == .live || $0.state == .suspended)
            }), let release = try await platform.releases.release(current), release.plan.kind != .static
        else { return nil }
        try await start(release, of: channel)
        return channel
    }

    /// Lets requests come to what the channel should serve, and starts that when it does not run, or not as it should. Throws
    /// `.notFound` for a channel that is gone or has nothing that could be started.
    func wake(_ id: ID<Channel>) async throws(PlatformError) {
        guard let channel = try await platform.channels.channel(id), let current = channel.currentRelease,
            let release = try await platform.releases.release(current), release.plan.kind == .web
        else { throw .notFound("channel") }
        try await serve(release, of: channel)
    }

    /// The same after a deploy that had stopped what the channel serves, or was about to. Nothing happens to what is asleep,
    /// suspended, or only files.
    func bringBack(_ id: ID<Channel>) async throws(PlatformError) {
        guard let channel = try await platform.channels.channel(id), let current = channel.currentRelease,
            let release = try await platform.releases.release(current), release.plan.kind != .static
        else { return }
        let states = try await platform.instances.instances(channel: id).filter { $0.releaseID == current }.map(\.state)
        guard states.contains(.live) || !(states.contains(.asleep) || states.contains(.suspended)) else { return }
        try await serve(release, of: channel)
    }

    private func serve(_ release: Release, of channel: Channel) async throws(PlatformError) {
        let live = try await platform.instances.instances(channel: channel.id).first {
            $0.state == .live && $0.releaseID == release.id
        }
        guard let live else { return try await start(release, of: channel) }
        guard await platform.runner.damage(of: live.id) == nil,
            let endpoint = await platform.runner.endpoint(of: live.id)
        else { return try await replace(of: channel) }
        try publish(release.plan.kind == .worker ? .placeholder(.worker) : .instance(endpoint), for: channel)
        await forgetAsleep(of: channel.id)
    }

    private func publish(_ target: RouteTarget, for channel: Channel) throws(PlatformError) {
        guard let deploy else {
            try sites.publish(target, for: channel)
            return
        }
        try deploy.unlessAbandoned { () throws(PlatformError) in _ = try sites.publish(target, for: channel) }
    }

    /// Starts the channel's current release anew and then takes away what was live before.
    func replace(of channel: Channel) async throws(PlatformError) {
        guard let current = channel.currentRelease, let release = try await platform.releases.release(current) else {
            return
        }
        let old = try await platform.instances.instances(channel: channel.id).filter { $0.state == .live }
        guard release.plan.strategy == .stopFirst else {
            try await start(release, of: channel)
            // It is not what serves any more, whether it can be stopped or not.
            for instance in old { try await platform.instances.setState(.draining, of: instance.id) }
            return try await end(old)
        }
        // Two of it must not run at once: requests wait meanwhile, as they do for what is asleep.
        let isServed = if case .instance? = sites.target(of: channel) { true } else { false }
        if isServed { try publish(.placeholder(.switching), for: channel) }
        do throws(PlatformError) {
            try await end(old)
            try await start(release, of: channel)
        } catch {
            if isServed { try publish(.placeholder(.starting), for: channel) }
            throw error
        }
    }

    private func end(_ instances: [Instance]) async throws(PlatformError) {
        let limit = platform.configuration.stopLimit(drain: 1, grace: 1)
        for instance in instances {
            try await platform.within(limit, "stopping the instance before", patience: limit) {
                [platform] () async throws(PlatformError) in
                _ = await platform.routes.drain(instance.id, seconds: 1, keepsLongLived: false)
                await platform.runner.stop(instance.id, grace: 1)
                try await platform.instances.setState(.stopped, of: instance.id)
            }
        }
    }

    /// Takes away an instance that is not to serve. Also when the caller is cancelled: nobody else would.
    /// - Parameter drain: seconds that requests get which have come to it; `nil` when none can have.
    func discard(_ instance: ID<Instance>, drain: Int? = nil) async {
        let limit = platform.configuration.stopLimit(drain: drain ?? 0, grace: 0)
        let failure = await Task { [platform] () -> PlatformError? in
            do throws(PlatformError) {
                try await platform.within(limit, "removing the instance") { () async throws(PlatformError) in
                    if let drain {
                        _ = await platform.routes.drain(instance, seconds: drain, keepsLongLived: false)
                    }
                    await platform.runner.stop(instance, grace: 0)
                    try await platform.instances.setState(.stopped, of: instance)
                }
                return nil
            } catch { return error }
        }.value
        guard let failure else { return }
        platform.logger.error(
            "failed instance not removed", metadata: ["instance": "\(instance)", "error": "\(failure)"])
    }

    /// Nothing of what is written down as asleep was ever there. It serves already: what fails here does not undo that.
    private func forgetAsleep(of channel: ID<Channel>) async {
        do throws(PlatformError) {
            for asleep in try await platform.instances.instances(channel: channel) where asleep.state == .asleep {
                try await platform.instances.delete(asleep.id)
            }
        } catch {
            platform.logger.error(
                "channel still noted as asleep", metadata: ["channel": "\(channel)", "error": "\(error)"])
        }
    }

    private func start(_ release: Release, of channel: Channel) async throws(PlatformError) {
        let instance = Instance(
            channelID: channel.id, releaseID: release.id, state: .live, createdAt: platform.now())
        try await platform.instances.insert(instance)
        platform.pass(.wakeKept)
        do throws(PlatformError) {
            try deploy?.checkNotAbandoned()
            let limit = platform.configuration.startLimit(of: release.plan)
            let endpoint = try await platform.within(limit, "the start of the app") {
                [platform] () async throws(PlatformError) in
                try await platform.runner.start(
                    InstanceSpecification(
                        id: instance.id, channel: channel.id, release: release.id,
                        directory: platform.builder.filesDirectory(of: release.id), plan: release.plan,
                        environment: try await platform.releases.environment(of: release.id),
                        account: channel.account, limits: try platform.configuration.limits(of: release.plan),
                        owner: try await platform.apps.app(channel.appID)?.ownerID,
                        volumes: try await platform.volumes.prepare(release.plan, of: channel),
                        fileSize: platform.configuration.fileSize(of: release.plan)),
                    log: DiscardingLogSink())
            }
            platform.pass(.wakeReady)
            try publish(release.plan.kind == .worker ? .placeholder(.worker) : .instance(endpoint), for: channel)
            platform.pass(.wakeShown)
        } catch {
            await discard(instance.id)
            throw error
        }
        await forgetAsleep(of: channel.id)
    }
}

/// For a start without a deploy: the deploy's log has ended with its outcome, and what an app prints may be secret, so it is
/// not for the server's log. The instance's own log has it.
private struct DiscardingLogSink: DeployLogSink {
    func write(_ line: String) {}
}
