import Core
import Foundation
import Synchronization
import TestSupport
import Testing

/// A platform of one app: lets its owner in and keeps what a push says.
final class RecordingGate: GitGate {
    static let owner = "ann"
    static let appName = "site"
    static let token = "xh_live_good"
    static let revoked = "xh_live_revoked"
    /// Owned by somebody else.
    static let foreignName = "theirs"

    struct Record: Sendable {
        var prepared: [[PushUpdate]] = []
        var moved: [Set<String>] = []
        var authorized: [GitService] = []
        /// How often a revoked token was turned away.
        var refused = 0
        var view: [String: CommitID?] = [:]
        var notes: [String] = []
        var prepareError: PlatformError?
        var isScopeDenied = false
        /// What the token may not do although it may do the rest.
        var denied: GitService?
        var isRevoked = false
        /// Other apps of the owner.
        var others: [ID<App>] = []
    }

    let app: App
    private let user: User
    private let record = Mutex(Record())
    private let preparation = Mutex<@Sendable () async -> Void>({})
    private let view = Mutex<@Sendable () async -> Void>({})
    private let script = Mutex<@Sendable (PreparedPush, Set<String>) -> AsyncStream<PushEvent>>({ _, _ in
        AsyncStream { $0.finish() }
    })

    init() throws {
        user = User(name: try UserName(Self.owner), isAdmin: false, createdAt: Date(timeIntervalSince1970: 0))
        app = App(
            ownerID: user.id, ownerName: user.name, name: try AppName(Self.appName), template: "static",
            createdAt: Date(timeIntervalSince1970: 0))
    }

    var state: Record { record.withLock { $0 } }
    func change(_ body: (inout Record) -> Void) { record.withLock { body(&$0) } }

    /// What the deploys of the pushes to come do.
    func onProceed(_ body: @escaping @Sendable (PreparedPush, Set<String>) -> AsyncStream<PushEvent>) {
        script.withLock { $0 = body }
    }

    /// What happens when a push or an advertisement asks what pushers are shown.
    func onView(_ body: @escaping @Sendable () async -> Void) { view.withLock { $0 = body } }

    /// What happens while a push is written down.
    func onPrepare(_ body: @escaping @Sendable () async -> Void) { preparation.withLock { $0 = body } }

    /// Makes every moved ref's deploy end so, after `lines`.
    func deploysEnd(with failure: String?, lines: [String] = []) {
        onProceed { _, moved in
            AsyncStream { stream in
                stream.yield(.lines(lines))
                for ref in moved.sorted() { stream.yield(.settled(ref: ref, failure: failure)) }
                stream.finish()
            }
        }
    }

    func authorize(
        _ credentials: GitCredentials?, owner: String, name: String, service: GitService
    ) async throws(PlatformError) -> GitAccess {
        guard let credentials else { throw PlatformError(.unauthenticated, "credentials are needed") }
        if credentials.token == Self.revoked || state.isRevoked {
            change { $0.refused += 1 }
            throw PlatformError(.tokenRevoked, "the token was revoked")
        }
        guard credentials.token == Self.token, credentials.userName ?? Self.owner == Self.owner else {
            throw PlatformError(.tokenInvalid, "the token is not known")
        }
        if state.isScopeDenied || state.denied == service {
            throw PlatformError(.scopeDenied, "this token lacks the repo:* scope")
        }
        guard owner == Self.owner, name == Self.appName else {
            throw .notFound(name == Self.foreignName ? "app \(name) of somebody" : "app")
        }
        change { $0.authorized.append(service) }
        return GitAccess(app: app, principal: Principal(user: user, token: ID(), scopes: [.repo]))
    }

    func apps(of owner: ID<User>) async throws(PlatformError) -> [ID<App>] {
        owner == user.id ? [app.id] + state.others : []
    }

    func pusherView(of app: App) async throws(PlatformError) -> [String: CommitID?] {
        await view.withLock { $0 }()
        return state.view
    }

    func prepare(_ updates: [PushUpdate], access: GitAccess) async throws(PlatformError) -> PreparedPush {
        change { $0.prepared.append(updates) }
        await preparation.withLock { $0 }()
        if let error = state.prepareError { throw error }
        return PreparedPush(app: access.app, updates: updates, deploys: [], notes: state.notes)
    }

    func proceed(_ push: PreparedPush, moved: Set<String>) async -> AsyncStream<PushEvent> {
        change { $0.moved.append(moved) }
        return script.withLock { $0 }(push, moved)
    }
}

/// Deploys that a test leads. Only the server holds the stream, so that dropping it can be seen.
final class LedDeploys: Sendable {
    private let continuation = Mutex<AsyncStream<PushEvent>.Continuation?>(nil)

    /// Takes the lead of the next push's deploys.
    init(_ gate: RecordingGate) {
        gate.onProceed { [self] _, _ in
            AsyncStream { stream in continuation.withLock { $0 = stream } }
        }
    }

    /// Sends an event once the push has come so far. False when nobody listens any more.
    @discardableResult
    func send(_ event: PushEvent) async throws -> Bool {
        try await expectEventually("the deploys have started") { self.continuation.withLock { $0 != nil } }
        let result = continuation.withLock { $0?.yield(event) }
        if case .terminated = result { return false }
        return true
    }

    func finish() { continuation.withLock { $0?.finish() } }
}
