import Core
import Logging
import Synchronization

/// The one place where a deploy ends, whatever has ended it: in the store first, then in its log, each once; then the
/// operator's programs are told.
final class DeployEnds: Sendable {
    private let platform: Platform
    private let logs: DeployLogs
    private let retirement: Retirement
    private let hooks: HookOccasions
    /// Programs that are told of ended deploys.
    let afterwards = BackgroundTasks()
    /// Why deploys have failed whose failure the store did not take.
    private let unwritten = Mutex<[ID<Deploy>: String]>([:])

    init(platform: Platform, logs: DeployLogs, retirement: Retirement, hooks: HookOccasions) {
        self.platform = platform
        self.logs = logs
        self.retirement = retirement
        self.hooks = hooks
    }

    /// Fails a deploy, unless it has ended. Nobody goes back to its commit, so that is not kept. A failure that the store does
    /// not take stays without an end in the log too, until this is called again: false.
    @discardableResult
    func fail(_ deploy: Deploy, because error: PlatformError, report: DeployReport? = nil) async -> Bool {
        // It may repeat what a program, or a file of the repository, has said.
        let shown = logs.shown(
            error.code == .internal ? "internal error: \(error.message)" : error.message, in: deploy.id)
        let reason = unwritten.withLock { $0.removeValue(forKey: deploy.id) } ?? shown
        var facts = metadata(deploy)
        facts["reason"] = "\(logs.shown("\(error)", in: deploy.id))"
        let hadEnd = await hasEnd(deploy.id)
        let hasFailed: Bool
        do throws(PlatformError) {
            hasFailed = try await platform.insisting { () async throws(PlatformError) in
                try await platform.recording { [platform, logs] () async throws(PlatformError) in
                    let ended = try await platform.deploys.fail(deploy.id, reason: reason, at: platform.now())
                    platform.pass(.failed)
                    // What had ended it before, in the store alone, is what is told.
                    let failure = ended?.status == .success ? nil : ended?.failure ?? reason
                    if !hadEnd { Self.endLog(of: deploy.id, failure: failure, in: logs) }
                    return failure != nil
                }
            }
        } catch {
            unwritten.withLock { $0[deploy.id] = reason }
            facts["error"] = "\(error)"
            platform.logger.error("failure of a deploy not recorded", metadata: facts)
            return false
        }
        if !hadEnd {
            platform.logger.info(hasFailed ? "deploy failed" : "deploy succeeded", metadata: facts)
            await tell(of: deploy.id, report)
        }
        guard hasFailed else { return true }
        // Left pinned, it is unpinned when the deploy is forgotten.
        try? await platform.repository.unpin(deploy.id, app: deploy.appID)
        await retirement.prune(deploy.channelID)
        return true
    }

    /// Ends a deploy that has succeeded in the store.
    func succeeded(_ deploy: Deploy, report: DeployReport?) async {
        if await finish(deploy, failure: nil, report: report) {
            platform.logger.info("deploy succeeded", metadata: metadata(deploy))
        }
    }

    /// Ends deploys that newer ones have ended in the store.
    func superseded(_ deploys: [Deploy]) async {
        for deploy in deploys { await finish(deploy, failure: Deploy.superseded) }
    }

    /// Does what remains to be done for a deploy that has ended in the store. False when that has been done.
    /// - Parameters:
    ///   - lines: what its log says before its end.
    ///   - failure: why it failed; `nil` when it has succeeded.
    ///   - report: its figures; `nil` leaves those that are kept.
    @discardableResult
    func finish(
        _ deploy: Deploy, saying lines: [String] = [], failure: String?, report: DeployReport? = nil
    ) async -> Bool {
        guard await !hasEnd(deploy.id) else { return false }
        Self.endLog(of: deploy.id, saying: lines, failure: failure, in: logs)
        await tell(of: deploy.id, report)
        return true
    }

    private static func endLog(
        of deploy: ID<Deploy>, saying lines: [String] = [], failure: String?, in logs: DeployLogs
    ) {
        let ending = failure.map(DeployEnding.failure) ?? DeployEnding.success
        logs.end(deploy, lastLines: lines + ending, failure: failure)
    }

    private func tell(of deploy: ID<Deploy>, _ report: DeployReport?) async {
        if let report {
            do throws(PlatformError) { try await platform.deploys.note(report, of: deploy) } catch {
                platform.logger.error("figures of a deploy not kept", metadata: ["error": "\(error)"])
            }
        }
        if platform.hooks != nil { afterwards.add { [hooks] in await hooks.postDeploy(deploy) } }
    }

    /// Cancels what tells of ended deploys.
    func close() { afterwards.cancelAll() }

    /// A log that is open has none.
    private func hasEnd(_ deploy: ID<Deploy>) async -> Bool {
        if logs.isOpen(deploy) { return false }
        guard let log = try? await platform.deployLogs.read(deploy) else { return false }
        return DeployEnding.isIn(String(decoding: log, as: UTF8.self))
    }

    private func metadata(_ deploy: Deploy) -> Logger.Metadata {
        ["deploy": "\(deploy.id)", "channel": "\(deploy.channelID)", "commit": "\(deploy.commit?.short ?? "-")"]
    }
}
