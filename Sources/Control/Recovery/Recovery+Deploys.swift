import Core
import Logging

extension Recovery {
    /// A push that was cut short between writing its deploys down and telling of the refs: where the ref has moved its
    /// deploys are due, the others are dropped.
    func settleHeldDeploys() async throws(PlatformError) {
        for deploy in try await platform.deploys.held() {
            await guarded("held deploy \(deploy.id)") { () async throws(PlatformError) in
                try await held.settle(deploy)
            }
        }
    }

    /// What the server was at when it stopped.
    struct Unfinished {
        /// Channels on which something waits.
        let channels: Set<ID<Channel>>
        /// Deploys that ran.
        let interrupted: Set<ID<Deploy>>
    }

    /// Deploys that ran are queued again, or end as failed when that was tried before or a newer one waits; what they had
    /// built is removed.
    func settleInterruptedDeploys() async throws(PlatformError) -> Unfinished {
        let unfinished = try await platform.deploys.unfinished()
        for deploy in unfinished {
            logs.open(deploy.id, after: DeployLogs.lines(try await platform.deployLogs.read(deploy.id)))
            guard deploy.status == .running else { continue }
            if try await finishSwitched(deploy) { continue }
            let isOvertaken = unfinished.contains { $0.channelID == deploy.channelID && $0.status == .queued }
            await guarded("deploy \(deploy.id)") { () async throws(PlatformError) in
                try await removeReleases(of: deploy)
                if let reason = giveUp(deploy, isOvertaken: isOvertaken) {
                    await pipeline.ends.fail(deploy, because: PlatformError(.cancelled, reason))
                } else {
                    logs.write(["the server stopped during this deploy; starting it again"], to: deploy.id)
                    try await platform.deploys.requeue(deploy.id)
                }
            }
        }
        return Unfinished(
            channels: Set(unfinished.map(\.channelID)),
            interrupted: Set(unfinished.filter { $0.status == .running }.map(\.id)))
    }

    /// A deploy whose switch was written down: its version is the one that is served. True when it was one.
    private func finishSwitched(_ deploy: Deploy) async throws(PlatformError) -> Bool {
        guard let release = try await pipeline.switchedRelease(of: deploy) else { return false }
        await guarded("deploy \(deploy.id)") { () async throws(PlatformError) in
            try await pipeline.finish(
                deploy, switchedTo: release,
                saying: "the server stopped after the switch of this deploy; its version is live")
        }
        return true
    }

    private func giveUp(_ deploy: Deploy, isOvertaken: Bool) -> String? {
        if isOvertaken { return Deploy.superseded }
        let attempts = deploy.attempts
        return attempts < platform.configuration.deployAttempts ? nil : "the server stopped \(attempts) times during it"
    }

    /// A deploy ends in the store first and in its log next: a crash between the two leaves a log without an end.
    func endLogs() async throws(PlatformError) {
        for channel in try await platform.channels.allChannels() {
            for deploy in try await platform.deploys.deploys(channel: channel.id, limit: 3)
            where deploy.status.isTerminal {
                let log =
                    try await platform.deployLogs.read(deploy.id).map { String(decoding: $0, as: UTF8.self) } ?? ""
                guard !DeployEnding.isIn(log) else { continue }
                // One that has gone back ends in the store while its release is there still.
                if deploy.status == .failed {
                    await guarded("release of \(deploy.id)") { () async throws(PlatformError) in
                        try await removeReleases(of: deploy)
                    }
                }
                await pipeline.ends.finish(
                    deploy, saying: ["the server stopped before this log had its end"], failure: deploy.failure)
            }
        }
    }

    /// What an interrupted deploy had built: it starts from its commit again, or nobody goes back to it. What the store calls
    /// current is never taken away.
    private func removeReleases(of deploy: Deploy) async throws(PlatformError) {
        let current = try await platform.channels.channel(deploy.channelID)?.currentRelease
        for release in try await platform.releases.releases(channel: deploy.channelID)
        where release.deployID == deploy.id && release.id != current {
            try await platform.releases.delete(release.id)
            await platform.builder.remove(release.id)
        }
    }
}
