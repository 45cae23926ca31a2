import Core
import Logging

/// Takes replaced versions out of service: waits for their open requests, stops the container, forgets old releases.
/// Runs beside the deploys; a restart of the server finishes what was left.
actor Retirement {
    private let platform: Platform
    private var running: [ID<Instance>: Task<Void, Never>] = [:]
    private var pruning: [ID<Channel>: Task<Void, Never>] = [:]

    init(platform: Platform) { self.platform = platform }

    /// Drains and stops what a switch replaced, and drops the channel's releases beyond those that are kept.
    func retire(_ replaced: RouteTarget?, channel: ID<Channel>) {
        if case .instance(let endpoint) = replaced { drain(endpoint.id) }
        guard pruning[channel] == nil else { return }
        pruning[channel] = Task {
            await prune(channel)
            pruning[channel] = nil
        }
    }

    /// Drains an instance that no hostname leads to any more, then stops it.
    func drain(_ instance: ID<Instance>) {
        guard running[instance] == nil else { return }
        running[instance] = Task {
            let report = await platform.routes.drain(instance, seconds: platform.configuration.drainSeconds)
            if report.cut > 0 {
                platform.logger.warning(
                    "requests cut at the end of a drain", metadata: ["instance": "\(instance)", "cut": "\(report.cut)"])
            }
            await platform.runner.stop(instance, grace: nil)
            do throws(PlatformError) { try await platform.instances.delete(instance) } catch {
                platform.logger.error("stopped instance not forgotten", metadata: ["error": "\(error)"])
            }
            running[instance] = nil
        }
    }

    /// Stops every instance of a channel at once and waits for it; for a channel that is deleted.
    func stopAll(of channel: ID<Channel>) async throws(PlatformError) {
        for instance in try await platform.instances.instances(channel: channel) {
            _ = await platform.routes.drain(instance.id, seconds: 0)
            await platform.runner.stop(instance.id, grace: 1)
            try await platform.instances.delete(instance.id)
        }
    }

    private func prune(_ channelID: ID<Channel>) async {
        do throws(PlatformError) {
            guard let channel = try await platform.channels.channel(channelID) else { return }
            let used = Set(try await platform.instances.instances(channel: channelID).map(\.releaseID))
            let releases = try await platform.releases.releases(channel: channelID)
            for release in releases.dropFirst(platform.configuration.keptReleases)
            where release.id != channel.currentRelease && !used.contains(release.id) {
                try await platform.releases.delete(release.id)
                await platform.builder.remove(release.id)
                try await platform.repository.unpin(release.deployID, app: release.appID)
            }
        } catch {
            platform.logger.error(
                "old releases not removed", metadata: ["channel": "\(channelID)", "error": "\(error)"])
        }
    }
}
