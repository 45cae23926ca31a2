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

    /// Lets requests come to what the channel should serve, and starts that when it does not run. Throws `.notFound` for a
    /// channel that is gone or serves nothing.
    func wake(_ id: ID<Channel>) async throws(PlatformError) {
        guard let channel = try await platform.channels.channel(id), let current = channel.currentRelease else {
            throw .notFound("channel")
        }
        let live = try await platform.instances.instances(channel: id).first {
            $0.state == .live && $0.releaseID == current
        }
        if let live, let endpoint = await platform.runner.endpoint(of: live.id) {
            try sites.publish(.instance(endpoint), for: channel)
            return
        }
        try await startMissing(of: id)
    }

    /// Starts the channel's current release anew and then takes away what was live before.
    func replace(of channel: Channel) async throws(PlatformError) {
        guard let current = channel.currentRelease, let release = try await platform.releases.release(current) else {
            return
        }
        let old = try await platform.instances.instances(channel: channel.id).filter { $0.state == .live }
        // Two of it must not run at once.
        if release.plan.strategy == .stopFirst { try await end(old) }
        try await start(release, of: channel)
        if release.plan.strategy != .stopFirst { try await end(old) }
    }

    private func end(_ instances: [Instance]) async throws(PlatformError) {
        for instance in instances {
            _ = await platform.routes.drain(instance.id, seconds: 1, keepsLongLived: false)
            await platform.runner.stop(instance.id, grace: 1)
            try await platform.instances.setState(.stopped, of: instance.id)
        }
    }

    private func start(_ release: Release, of channel: Channel) async throws(PlatformError) {
        let instance = Instance(
            channelID: channel.id, releaseID: release.id, state: .live, createdAt: platform.now())
        try await platform.instances.insert(instance)
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
            try sites.publish(
                release.plan.kind == .worker ? .placeholder(.worker) : .instance(endpoint), for: channel)
            platform.logger.info("instance started again", metadata: ["channel": "\(channel.id)"])
            for asleep in try await platform.instances.instances(channel: channel.id) where asleep.state == .asleep {
                try await platform.instances.delete(asleep.id)
            }
        } catch {
            await platform.runner.stop(instance.id, grace: 0)
            try await platform.instances.setState(.stopped, of: instance.id)
            throw error
        }
    }
}

/// For a start without a deploy: the deploy's log has ended with its outcome, and what an app prints may be secret, so it is
/// not for the server's log. The instance's own log has it.
private struct DiscardingLogSink: DeployLogSink {
    func write(_ line: String) {}
}
