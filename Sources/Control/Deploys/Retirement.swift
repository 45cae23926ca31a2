import Core
import Foundation
import Logging

/// Takes replaced versions out of service: waits for their open requests, stops the container, forgets old
/// releases and deploys.
/// Runs beside the deploys; a restart of the server finishes what was left.
actor Retirement {
    private let platform: Platform
    private let reservations: ReleaseReservations
    private var running: [ID<Instance>: Task<Void, Never>] = [:]
    private var pruning: [ID<Channel>: Task<Void, Never>] = [:]

    init(platform: Platform, reservations: ReleaseReservations) {
        self.platform = platform
        self.reservations = reservations
    }

    /// Drains and stops what a switch replaced, and drops the channel's releases beyond those that are kept.
    func retire(_ replaced: RouteTarget?, channel: ID<Channel>) {
        if case .instance(let endpoint) = replaced { drain(endpoint.id) }
        prune(channel)
    }

    /// Drains what the store holds for replaced and no route showed, as it is with workers.
    func drainReplaced(of channel: ID<Channel>) async {
        // Known before it is asked: whoever drains one may have done so before there is an answer.
        let drained = Set(running.keys)
        do throws(PlatformError) {
            let replaced = try await platform.recording { () async throws(PlatformError) in
                try await self.draining(channel)
            }
            for instance in replaced where !drained.contains(instance) { drain(instance) }
        } catch {
            // The reconciler finds them.
            platform.logger.error("replaced instances not drained", metadata: ["error": "\(error)"])
        }
    }

    /// Drains an instance that nobody drains, although it is to end. False when somebody does, or it has ended.
    func takeUp(_ instance: ID<Instance>, of channel: ID<Channel>) async throws(PlatformError) -> Bool {
        // In this order: whoever drains it has written down its end before it is done.
        guard running[instance] == nil, try await draining(channel).contains(instance) else { return false }
        drain(instance)
        return true
    }

    private nonisolated func draining(_ channel: ID<Channel>) async throws(PlatformError) -> [ID<Instance>] {
        try await platform.instances.instances(channel: channel).filter { $0.state == .draining }.map(\.id)
    }

    /// Starts to remove what the channel does not keep; one run at a time.
    func prune(_ channel: ID<Channel>) {
        guard pruning[channel] == nil else { return }
        pruning[channel] = Task {
            await removeOld(of: channel)
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
            platform.pass(.drained)
            await platform.runner.stop(instance, grace: nil)
            platform.pass(.stopped)
            do throws(PlatformError) { try await platform.instances.setState(.stopped, of: instance) } catch {
                platform.logger.error("stopped instance not forgotten", metadata: ["error": "\(error)"])
            }
            running[instance] = nil
        }
    }

    /// Waits until an instance that is drained has been stopped.
    func drained(_ instance: ID<Instance>) async { await running[instance]?.value }

    /// Stops every instance of a channel at once and waits for it; for a channel that is deleted.
    func stopAll(of channel: ID<Channel>) async throws(PlatformError) {
        for instance in try await platform.instances.instances(channel: channel) {
            _ = await platform.routes.drain(instance.id, seconds: 0)
            await platform.runner.stop(instance.id, grace: 1)
            try await platform.instances.setState(.stopped, of: instance.id)
        }
        try await forget(try await platform.instances.stopped(channel: channel))
    }

    /// Removes what is kept of stopped instances. The row goes last, as with releases.
    private func forget(_ stopped: some Sequence<Instance>) async throws(PlatformError) {
        for instance in stopped {
            await platform.runner.removeLog(of: instance.id)
            try await platform.instances.delete(instance.id)
        }
    }

    /// The logs of the newest stopped instances are kept, as long as their releases are.
    private func removeOldLogs(of channel: ID<Channel>) async throws(PlatformError) {
        let stopped = try await platform.instances.stopped(channel: channel)
        if stopped.isEmpty { return }
        let releases = Set(try await platform.releases.releases(channel: channel).map(\.id))
        let kept = stopped.filter { releases.contains($0.releaseID) }.prefix(platform.configuration.keptInstanceLogs)
        let keptIDs = Set(kept.map(\.id))
        try await forget(stopped.filter { !keptIDs.contains($0.id) })
    }

    private func removeOld(of channelID: ID<Channel>) async {
        do throws(PlatformError) {
            guard let channel = try await platform.channels.channel(channelID) else { return }
            let kept = try await removeOldReleases(of: channel)
            try await removeOldDeploys(of: channel, except: kept)
            try await removeOldLogs(of: channel.id)
        } catch {
            platform.logger.error(
                "old releases not removed", metadata: ["channel": "\(channelID)", "error": "\(error)"])
        }
    }

    /// The row goes last: what a crash leaves is found by it again. Returns the deploys of the releases that stay.
    private func removeOldReleases(of channel: Channel) async throws(PlatformError) -> Set<ID<Deploy>> {
        let used = Set(try await platform.instances.instances(channel: channel.id).map(\.releaseID))
        var kept: Set<ID<Deploy>> = []
        let releases = try await platform.releases.releases(channel: channel.id)
        let fitting = await countWithinBudget(releases.map(\.id))
        for (index, release) in releases.enumerated() {
            if index < min(platform.configuration.keptReleases, fitting) || release.id == channel.currentRelease
                || used.contains(release.id) || !reservations.beginRemoval(release.id)
            {
                kept.insert(release.deployID)
                continue
            }
            defer { reservations.endRemoval(release.id) }
            // It may have been gone back to since it was looked at; from here on nobody can.
            guard try await !isUsed(release.id, in: channel.id) else {
                kept.insert(release.deployID)
                continue
            }
            try await platform.repository.unpin(release.deployID, app: release.appID)
            await platform.builder.remove(release.id)
            try await platform.releases.delete(release.id)
        }
        return kept
    }

    private func isUsed(_ release: ID<Release>, in channel: ID<Channel>) async throws(PlatformError) -> Bool {
        if try await platform.channels.channel(channel)?.currentRelease == release { return true }
        return try await platform.instances.instances(channel: channel).contains { $0.releaseID == release }
    }

    /// How many releases, newest first, a channel's budget of bytes is enough for; two at least, so that there is one to go
    /// back to. Files that releases share count for the newest of them.
    private func countWithinBudget(_ releases: [ID<Release>]) async -> Int {
        guard let budget = platform.configuration.releaseBytes else { return releases.count }
        var left = budget
        for (index, bytes) in await platform.builder.sizes(of: releases).enumerated() {
            left -= bytes
            if left < 0 { return max(2, index) }
        }
        return releases.count
    }

    private func removeOldDeploys(of channel: Channel, except kept: Set<ID<Deploy>>) async throws(PlatformError) {
        let count = platform.configuration.keptDeploys
        let yesterday = platform.now().addingTimeInterval(-platform.configuration.keptDeploySeconds)
        let old = try await platform.deploys.deploys(channel: channel.id, limit: .max).enumerated().dropFirst(count)
            .filter { $0 >= 10 * count || $1.createdAt <= yesterday }.map(\.element)
            .filter { $0.status.isTerminal && !kept.contains($0.id) }
        guard !old.isEmpty else { return }
        for deploy in old { try await platform.repository.unpin(deploy.id, app: deploy.appID) }
        await platform.deployLogs.delete(old.map(\.id))
        try await platform.deploys.forget(old.map(\.id))
    }
}
