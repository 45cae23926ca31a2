import Core
import Logging

/// What the git server asks of the platform: who may come in, and what a push sets off.
public struct PushService: GitGate {
    private let platform: Platform
    private let tokens: TokenService
    private let deploys: DeployService
    private let queue: DeployQueue
    private let held: HeldDeploys
    private let logs: DeployLogs
    private let hooks: HookOccasions
    /// Programs that are told of pushes.
    let afterwards = BackgroundTasks()

    init(
        platform: Platform, tokens: TokenService, deploys: DeployService, held: HeldDeploys, queue: DeployQueue,
        logs: DeployLogs, hooks: HookOccasions
    ) {
        self.platform = platform
        self.tokens = tokens
        self.deploys = deploys
        self.held = held
        self.queue = queue
        self.logs = logs
        self.hooks = hooks
    }

    public func authorize(
        _ credentials: GitCredentials?, owner: String, name: String, service: GitService
    ) async throws(PlatformError) -> GitAccess {
        guard let credentials else {
            throw PlatformError(.unauthenticated, "authentication required: your user name, and a token as password")
        }
        let principal = try await tokens.authenticate(credentials.token)
        if let claimed = credentials.userName, claimed != principal.user.name.rawValue {
            throw PlatformError(.tokenInvalid, "this token is not \(LogText.harmless(claimed))'s")
        }
        guard owner == principal.user.name.rawValue, let name = try? AppName(name),
            let app = try await platform.apps.app(named: name, owner: principal.user.id)
        else { throw .notFound("repository") }
        if service == .receivePack { try Policy.require(.repo, of: principal) }
        return GitAccess(app: app, principal: principal)
    }

    public func apps(of owner: ID<User>) async throws(PlatformError) -> [ID<App>] {
        try await platform.apps.apps(owner: owner).map(\.id)
    }

    public func pusherView(of app: App) async throws(PlatformError) -> [String: CommitID?] {
        var view: [String: CommitID?] = [:]
        for tip in try await platform.deploys.failedTips(app: app.id) {
            guard let branch = BranchName(ref: tip.ref),
                try await platform.repository.resolve(.branch(branch), app: app.id) == tip.commit
            else { continue }
            view[tip.ref] = .some(tip.lastGood)
        }
        return view
    }

    public func prepare(_ updates: [PushUpdate], access: GitAccess) async throws(PlatformError) -> PreparedPush {
        // The pack may have taken minutes to come.
        try await tokens.requireLive(access.principal)
        var notes = try await hooks.preReceive(updates, access: access)
        // And so may the operator's programs.
        if platform.hooks != nil { try await tokens.requireLive(access.principal) }
        if let note = try await rebindOnFirstPush(updates, app: access.app) { notes.append(note) }
        let channels = try await platform.channels.channels(app: access.app.id)
        var held: [Deploy] = []
        for update in updates {
            guard let branch = BranchName(ref: update.ref), let commit = update.new else { continue }
            let bound = channels.filter { $0.binding.accepts(branch) }
            if bound.isEmpty {
                let bindings = channels.map { "\($0.name) \($0.binding.description)" }.joined(separator: ", ")
                notes.append("\(branch) is stored; no channel is bound to it (\(bindings)), so nothing is deployed")
            }
            for channel in bound {
                held.append(
                    Deploy(
                        appID: access.app.id, channelID: channel.id, requested: branch.rawValue, ref: update.ref,
                        commit: commit, createdAt: platform.now()))
            }
        }
        if !held.isEmpty { try await platform.deploys.hold(held) }
        platform.pass(.pushPrepared)
        return PreparedPush(app: access.app, updates: updates, deploys: held, notes: notes)
    }

    public func proceed(_ push: PreparedPush, moved: Set<String>) async -> AsyncStream<PushEvent> {
        platform.pass(.pushMoved)
        let moved = Set(moved.map { ExactText($0) })
        let dropped = push.deploys.filter { !moved.contains(ExactText($0.ref ?? "")) }
        if !dropped.isEmpty {
            do throws(PlatformError) { try await platform.deploys.discard(dropped.map(\.id)) } catch {
                // Held deploys never run by themselves.
                held.leave(dropped)
                platform.logger.error("deploys of refused refs not dropped", metadata: ["error": "\(error)"])
            }
        }
        let started = push.deploys.filter { moved.contains(ExactText($0.ref ?? "")) }
        do throws(PlatformError) { try await deploys.release(started) } catch {
            held.leave(started)
            platform.logger.error("deploys of a push not queued", metadata: ["error": "\(error)"])
            return Self.unqueued(started, because: error)
        }
        platform.pass(.deployQueued)
        let channels = (try? await platform.channels.channels(app: push.app.id)) ?? []
        let known = Dictionary(uniqueKeysWithValues: channels.map { ($0.id, $0) })
        var listeners: [PushReporter.Listener] = []
        for deploy in started {
            let channel = known[deploy.channelID]
            listeners.append(
                PushReporter.Listener(
                    deploy: deploy, channel: channel?.name.rawValue ?? "?",
                    url: channel.map { platform.address.url(host: platform.address.hostname($0.label)) + "/" },
                    events: await events(of: deploy)))
        }
        for channel in Set(started.map(\.channelID)) { await queue.wake(channel) }
        let updates = push.updates.filter { moved.contains(ExactText($0.ref)) }
        return afterReceive(updates, app: push.app, PushReporter.events(of: listeners))
    }

    /// The same events, and the lines of the operator's programs, which run to their end whether anybody listens or not.
    private func afterReceive(
        _ updates: [PushUpdate], app: App, _ events: AsyncStream<PushEvent>
    ) -> AsyncStream<PushEvent> {
        guard platform.hooks != nil, !updates.isEmpty else { return events }
        let (lines, line) = AsyncStream<String>.makeStream()
        afterwards.add {
            await hooks.postReceive(updates, app: app) { line.yield($0) }
            line.finish()
        }
        return AsyncStream { continuation in
            let task = Task {
                await withDiscardingTaskGroup { group in
                    group.addTask { for await line in lines { continuation.yield(.lines([line])) } }
                    group.addTask { for await event in events { continuation.yield(event) } }
                }
                continuation.finish()
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    /// The refs have moved and the deploys are still held: the reaper queues them when the store answers, or the next start
    /// of the server does.
    private static func unqueued(_ deploys: [Deploy], because error: PlatformError) -> AsyncStream<PushEvent> {
        AsyncStream { continuation in
            for ref in Set(deploys.compactMap(\.ref)).sorted() {
                continuation.yield(
                    .settled(
                        ref: ref, failure: "the commit is stored, its deploy could not be queued: \(error.message)"))
            }
            continuation.finish()
        }
    }

    /// The deploy's log, live; for one that has ended already (a newer push may have superseded it) just its end.
    private func events(of deploy: Deploy) async -> AsyncStream<DeployLogEvent> {
        if let events = logs.listen(to: deploy.id) { return events }
        let failure: String?
        do throws(PlatformError) {
            let ended = try await platform.deploys.deploy(deploy.id)
            failure = ended?.status == .success ? nil : ended?.failure ?? "it was removed"
        } catch {
            failure = error.message
        }
        return AsyncStream { continuation in
            continuation.yield(.ended(failure: failure))
            continuation.finish()
        }
    }

    /// A new app's `prod` follows `master`; when the first push brings exactly one branch and it has another name,
    /// `prod` follows that one instead. A first push that was refused after this may be followed by one of another branch.
    private func rebindOnFirstPush(_ updates: [PushUpdate], app: App) async throws(PlatformError) -> String? {
        let branches = updates.compactMap { $0.new == nil ? nil : BranchName(ref: $0.ref) }
        guard branches.count == 1, let branch = branches.first,
            try await platform.deploys.hasNone(app: app.id),
            try await platform.repository.branches(app: app.id).isEmpty,
            let prod = try await platform.channels.channels(app: app.id).first(where: \.isProd),
            case .branch(let bound) = prod.binding, bound != branch
        else { return nil }
        try await platform.channels.setBinding(.branch(branch), channel: prod.id)
        try await platform.repository.setHead(branch, app: app.id)
        platform.logger.info("prod rebound", metadata: ["app": "\(app.id)", "branch": "\(branch)"])
        return "first push: prod is now bound to branch:\(branch)"
    }
}
