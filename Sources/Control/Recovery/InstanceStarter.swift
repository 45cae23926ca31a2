import Core
import Logging

/// Starts what a channel should serve without a deploy: after a stop of the machine, or when it got lost. Only in the channel's
/// turn.
struct InstanceStarter: Sendable {
    let platform: Platform
    let sites: SiteRoutes

    /// Starts the channel's current release when no instance of it is live.
    func startMissing(of id: ID<Channel>) async throws(PlatformError) {
        guard let channel = try await platform.channels.channel(id), let current = channel.currentRelease,
            try await !platform.instances.instances(channel: id).contains(where: {
                $0.releaseID == current && $0.state == .live
            }), let release = try await platform.releases.release(current), release.plan.kind != .static
        else { return }
        try await start(release, of: channel)
    }

    /// Lets requests come to what the channel should serve, and starts that when it does not run, or not as it should. Throws
    /// `.notFound` for a channel that is gone or has nothing that could be started.
    func wake(_ id: ID<Channel>) async throws(PlatformError) {
        guard let channel = try await platform.channels.channel(id), let current = channel.currentRelease,
            let release = try await platform.releases.release(current), release.plan.kind == .web
        else { throw .notFound("channel") }
        let live = try await platform.instances.instances(channel: id).first {
            $0.state == .live && $0.releaseID == current
        }
        guard let live else { return try await start(release, of: channel) }
        guard await platform.runner.damage(of: live.id) == nil,
            let endpoint = await platform.runner.endpoint(of: live.id)
        else { return try await replace(of: channel) }
        try sites.publish(.instance(endpoint), for: channel)
        await forgetAsleep(of: id)
    }

    /// Starts the channel's current release anew and then takes away what was live before.
    func replace(of channel: Channel) async throws(PlatformError) {
        guard let current = channel.currentRelease, let release = try await platform.releases.release(current) else {
            return
        }
        let old = try await platform.instances.instances(channel: channel.id).filter { $0.state == .live }
        guard release.plan.strategy == .stopFirst else {
            try await start(release, of: channel)
            return try await end(old)
        }
        // Two of it must not run at once: requests wait meanwhile, as they do for what is asleep.
        let isServed = if case .instance? = sites.target(of: channel) { true } else { false }
        if isServed { try sites.publish(.placeholder(.switching), for: channel) }
        do throws(PlatformError) {
            try await end(old)
            try await start(release, of: channel)
        } catch {
            if isServed { try sites.publish(.placeholder(.starting), for: channel) }
            throw error
        }
    }

    private func end(_ instances: [Instance]) async throws(PlatformError) {
        for instance in instances {
            _ = await platform.routes.drain(instance.id, seconds: 1, keepsLongLived: false)
            await platform.runner.stop(instance.id, grace: 1)
            try await platform.instances.setState(.stopped, of: instance.id)
        }
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
            let endpoint = try await platform.runner.start(
                InstanceSpecification(
                    id: instance.id, channel: channel.id, release: release.id,
                    directory: platform.builder.filesDirectory(of: release.id), plan: release.plan,
                    environment: try await platform.releases.environment(of: release.id), account: channel.account,
                    limits: try platform.configuration.limits(of: release.plan),
                    owner: try await platform.apps.app(channel.appID)?.ownerID,
                    volumes: try await platform.volumes.prepare(release.plan, of: channel),
                    fileSize: platform.configuration.fileSize(of: release.plan)),
                log: DiscardingLogSink())
            platform.pass(.wakeReady)
            try sites.publish(
                release.plan.kind == .worker ? .placeholder(.worker) : .instance(endpoint), for: channel)
            platform.pass(.wakeShown)
            platform.logger.info("instance started again", metadata: ["channel": "\(channel.id)"])
        } catch {
            await platform.runner.stop(instance.id, grace: 0)
            try await platform.instances.setState(.stopped, of: instance.id)
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
