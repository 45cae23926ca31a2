import Core
import Logging

extension DeployPipeline {
    /// Ends a deploy that goes on although it was told to end, and gives its turns to the next ones: its channel's in the queue,
    /// and the one at what serves. What it does from now on finds that it has ended, and changes nothing.
    ///
    /// Without effect but that, as long as the store does not take its end: the next round of the reaper tries again.
    func abandon(_ turn: DeployTurn) async {
        turn.abandon()
        guard await end(turn) else { return }
        turns.end(turn)
        if let instance = turn.instance { await discardUnlessLive(instance, of: turn.deploy.channelID) }
        if let held = turn.serving { serving.end(held) }
        turn.end()
    }

    /// Ends it in the store and in its log: as a success, when its switch is written down. False when the store did not take it.
    private func end(_ turn: DeployTurn) async -> Bool {
        let report = turn.reportSoFar
        do throws(PlatformError) {
            let hasSwitched = try await platform.recording { () async throws(PlatformError) in
                guard let deploy = try await platform.deploys.deploy(turn.deploy.id),
                    let release = try await switchedRelease(of: deploy)
                else { return false }
                try await finish(
                    deploy, switchedTo: release, saying: "it did not end after its switch; its version is live",
                    report: report)
                return true
            }
            if hasSwitched { return true }
        } catch { return false }
        let reason = PlatformError(.cancelled, turn.cancellation ?? "it did not end")
        return await ends.fail(turn.deploy, because: reason, report: report)
    }

    /// Takes away what a deploy that was given up has started, unless it was switched to.
    func discardUnlessLive(_ id: ID<Instance>, of channel: ID<Channel>) async {
        do throws(PlatformError) {
            let isLive = try await platform.instances.instances(channel: channel).contains {
                $0.id == id && $0.state == .live
            }
            if !isLive { await InstanceStarter(platform: platform, sites: sites).discard(id) }
        } catch {
            // The reconciler finds it.
            platform.logger.error("started instance not ended", metadata: ["instance": "\(id)", "error": "\(error)"])
        }
    }

    // MARK: - Deploys whose switch is written down

    /// The release that a deploy which has not ended has switched to; `nil` for none.
    func switchedRelease(of deploy: Deploy) async throws(PlatformError) -> ID<Release>? {
        guard !deploy.status.isTerminal, let release = deploy.release,
            try await platform.channels.channel(deploy.channelID)?.currentRelease == release
        else { return nil }
        return release
    }

    /// Ends a deploy whose switch is written down, as a success: its version is the one that is served.
    /// - Parameter line: what its log says of that.
    func finish(
        _ deploy: Deploy, switchedTo release: ID<Release>, saying line: String, report: DeployReport? = nil
    ) async throws(PlatformError) {
        let live = try await platform.instances.instances(channel: deploy.channelID)
            .first { $0.releaseID == release && $0.state == .live }
        try await platform.deploys.succeed(
            deploy.id, release: release, instance: live?.id, report: report, at: platform.now())
        logs.write([line], to: deploy.id)
        await ends.succeeded(deploy, report: report)
    }
}
