import Core
import Foundation

/// Takes one deploy from its commit to live: resolve, database, build, start, switch, and the drain of what it replaced.
///
/// The order is fixed. Until the switch nothing that serves is touched; a failure leaves the old version as it was and
/// removes everything that the deploy made. Which release it is about is in `DeployPipeline+Release.swift`, how that
/// comes to serve in `DeployPipeline+Switch.swift`.
struct DeployPipeline: Sendable {
    let platform: Platform
    let databases: DatabaseService
    let logs: DeployLogs
    let retirement: Retirement
    let sites: SiteRoutes
    let serving: ServingTurns
    let turns: DeployTurns
    let reservations: ReleaseReservations
    let hooks: HookOccasions
    let ends: DeployEnds
    let events: EventService
    let slots: BuildSlots

    /// For how long a cancelled deploy waits for its database: nothing of the deploy is left there.
    private static let databasePatience = Duration.seconds(1)

    /// What one deploy works on.
    struct Work: Sendable {
        let turn: DeployTurn
        let app: App
        let channel: Channel
        let log: DeployLogWriter

        var deploy: Deploy { turn.deploy }
    }

    /// Runs a deploy that is in state `running`. Afterwards it has ended, also when somebody cancelled its turn; when only
    /// the task was cancelled it throws and the deploy stays `running`, for whoever cancelled to decide.
    func run(_ turn: DeployTurn) async throws(CancellationError) {
        let deploy = turn.deploy
        defer { turns.end(turn) }
        do throws(PlatformError) {
            try await bringLive(turn)
        } catch {
            // Whoever gave it up has ended it.
            if turn.isAbandoned { return }
            if let reason = turn.cancellation {
                platform.pass(.cancelled)
                await ends.fail(deploy, because: PlatformError(.cancelled, reason), report: turn.report)
                return
            }
            if Task.isCancelled { throw CancellationError() }
            await ends.fail(deploy, because: error, report: turn.report)
            return
        }
        platform.pass(.succeeded)
        await ends.succeeded(deploy, report: turn.report)
        platform.pass(.logEnded)
    }

    // MARK: - Steps

    private func bringLive(_ turn: DeployTurn) async throws(PlatformError) {
        let deploy = turn.deploy
        guard let app = try await platform.apps.app(deploy.appID),
            let channel = try await platform.channels.channel(deploy.channelID)
        else { throw PlatformError(.cancelled, "the channel was deleted") }
        let work = Work(
            turn: turn, app: app, channel: channel, log: DeployLogWriter(logs: logs, deploy: deploy.id))
        sites.beginMeasuring(channel)
        defer { sites.endMeasuring(channel) }
        // Until all variables are known, the database's among them.
        logs.hide(try await platform.environment.values(app: app.id), in: deploy.id)

        if let room = platform.diskRoom() { try platform.configuration.diskReserve.check(room) }
        // Going back adds nothing.
        if deploy.release == nil { try checkUse(of: app.ownerID) }
        // The database needs nothing of the repository, and the repository nothing of it.
        let database = deploy.release == nil ? beginDatabase(of: channel, turn) : nil
        defer { database?.cancel() }
        let commit = try await step(.resolve, of: turn) { () async throws(PlatformError) in
            let commit = try await resolve(work)
            try await platform.repository.pin(commit, deploy: deploy.id, app: app.id)
            platform.pass(.commitPinned)
            return commit
        }
        if platform.hooks != nil {
            try await step(.hooks, of: turn) { () async throws(PlatformError) in
                try await hooks.preDeploy(deploy, commit: commit, app: app, channel: channel, log: work.log)
            }
            platform.pass(.hooksPassed)
        }
        let candidate = try await candidate(of: commit, work, database: database)
        defer { reservations.free(candidate.release.id) }
        do throws(PlatformError) {
            try checkCancellation()
            // Not before the build: its release line may have made room.
            try await checkVolumes(of: channel)
            let limit = platform.configuration.servingTurnLimit
            try await serving.run(on: channel.id, limit: limit, for: turn) { () async throws(PlatformError) in
                try await start(candidate, work)
            }
            work.log.write(turn.report.line)
        } catch {
            if candidate.isNew, await isDispensable(candidate.release.id, work) {
                await discard(candidate.release.id)
            }
            throw error
        }
    }

    /// Going back to the old one may not have been written down: what the store calls current, or may, is never taken away. Nor
    /// is what was current before the deploy, which was given up, came to its end.
    private func isDispensable(_ release: ID<Release>, _ work: Work) async -> Bool {
        do throws(PlatformError) {
            let channel = try await platform.channels.channel(work.channel.id)
            if channel?.currentRelease == release { return false }
            return try await platform.deploys.deploy(work.deploy.id)?.status != .success
        } catch { return false }
    }

    /// Removes what a deploy has built.
    func discard(_ release: ID<Release>) async {
        await platform.builder.remove(release)
        try? await platform.releases.delete(release)
    }

    private func resolve(_ work: Work) async throws(PlatformError) -> CommitID {
        let deploy = work.deploy
        let branch = deploy.ref.flatMap { BranchName(ref: $0) }
        var commit = deploy.commit
        if commit == nil, let branch {
            commit = try await platform.repository.resolve(.branch(branch), app: deploy.appID)
        } else if let known = commit {
            commit = try await platform.repository.resolve(.commit(known), app: deploy.appID)
        }
        guard let commit else {
            throw PlatformError(.buildFailed, "\(deploy.requested) is not in the repository: push it first")
        }
        if deploy.commit == nil { try await platform.deploys.resolved(deploy.id, commit: commit) }
        work.log.write("git-sync: resolved \(deploy.requested) -> \(commit.short)")
        return commit
    }

    /// Waits for the channel's database while something else goes on.
    private func beginDatabase(of channel: Channel, _ turn: DeployTurn) -> Ahead<[String: String]> {
        let number = turn.begin(.database, at: platform.now())
        return Ahead { () async throws(PlatformError) in
            defer { turn.end(step: number) }
            return try await within(.database, patience: Self.databasePatience) { () async throws(PlatformError) in
                try await databases.variables(of: channel.id)
            }
        }
    }

    /// Runs a part of a deploy's way within its time, and notes how long it took.
    func step<Value: Sendable>(
        _ name: DeployStep.Name, of turn: DeployTurn, limit: Duration? = nil,
        _ body: @escaping @Sendable () async throws(PlatformError) -> Value
    ) async throws(PlatformError) -> Value {
        let number = turn.begin(name, at: platform.now())
        defer { turn.end(step: number) }
        return try await within(name, limit: limit, body)
    }

    /// Runs a part of a deploy's way within its time.
    func within<Value: Sendable>(
        _ name: DeployStep.Name, limit: Duration? = nil, patience: Duration? = nil,
        _ body: @escaping @Sendable () async throws(PlatformError) -> Value
    ) async throws(PlatformError) -> Value {
        try await platform.within(
            limit ?? platform.configuration.limit(of: name), "the step \(name.rawValue)", patience: patience, body)
    }

    func checkCancellation() throws(PlatformError) {
        if Task.isCancelled { throw PlatformError(.cancelled, "cancelled") }
    }
}
