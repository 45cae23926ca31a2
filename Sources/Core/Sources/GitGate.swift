/// Which of git's two services a request uses (git-http-backend names).
public enum GitService: String, Sendable {
    case uploadPack = "git-upload-pack"
    case receivePack = "git-receive-pack"
}

/// What a git client presented: HTTP Basic with the user's name and a token as password, or the token as bearer.
public struct GitCredentials: Sendable {
    /// `nil` for a bearer token.
    public let userName: String?
    public let token: String

    public init(userName: String?, token: String) {
        self.userName = userName
        self.token = token
    }
}

/// A request that was let in.
public struct GitAccess: Sendable {
    public let app: App
    public let principal: Principal

    public init(app: App, principal: Principal) {
        self.app = app
        self.principal = principal
    }
}

/// One command of a push.
public struct PushUpdate: Sendable, Hashable {
    /// Full ref name.
    public let ref: String
    /// The value that the ref really has, `nil` when it does not exist.
    public let old: CommitID?
    /// The value that it is to have, `nil` to delete it. For tags it may be a tag object's name.
    public let new: CommitID?

    public init(ref: String, old: CommitID?, new: CommitID?) {
        self.ref = ref
        self.old = old
        self.new = new
    }
}

/// A push whose deploys are written down but not started: the refs are about to move.
public struct PreparedPush: Sendable {
    public let app: App
    public let updates: [PushUpdate]
    public let deploys: [Deploy]
    /// What the git server tells the pusher before anything else, such as that nothing is bound to the branch.
    public let notes: [String]

    public init(app: App, updates: [PushUpdate], deploys: [Deploy], notes: [String]) {
        self.app = app
        self.updates = updates
        self.deploys = deploys
        self.notes = notes
    }
}

/// What happens after the refs have moved.
public enum PushEvent: Sendable, Hashable {
    /// Lines for the pusher that came at once, as they stand in the deploy's log.
    case lines([String])
    /// The deploys that this ref set off have all ended; `failure` says which failed and why
    /// (`deploy of prod failed: install.sh exited 1`). Sent once a ref that set off a deploy.
    case settled(ref: String, failure: String?)
}

/// The git server's only way into the platform: who may come in, and what a push sets off.
///
/// The order of a push is `authorize`, then the objects are checked and made safe on disk, `prepare`, the objects become the
/// repository's, the refs move, `proceed`.
/// A crash after `prepare` is repaired at the next start: deploys whose refs moved are queued, the others dropped.
public protocol GitGate: Sendable {
    /// Lets the request in, or throws `.unauthenticated`, `.tokenInvalid`, `.tokenRevoked` (answer 401),
    /// `.scopeDenied` (403), `.notFound` (404: missing and foreign alike). `credentials` is `nil` when there were none.
    /// `owner` and `name` come from the path, as they stand there, `.git` removed.
    func authorize(
        _ credentials: GitCredentials?, owner: String, name: String, service: GitService
    ) async throws(PlatformError) -> GitAccess

    /// All apps of a user: what their repositories take is counted together.
    func apps(of owner: ID<User>) async throws(PlatformError) -> [ID<App>]

    /// The refs that pushers are shown otherwise than they are: a branch whose last deploys failed is shown at the
    /// last commit whose deploys succeeded, or not at all (`nil` value) when there is none.
    func pusherView(of app: App) async throws(PlatformError) -> [String: CommitID?]

    /// Writes down what the push will set off, durably, before any ref moves.
    func prepare(_ updates: [PushUpdate], access: GitAccess) async throws(PlatformError) -> PreparedPush

    /// The refs named in `moved` now have their new values: start their deploys, drop the others'.
    /// The stream ends when all of them have ended. Dropping the stream leaves the deploys running.
    func proceed(_ push: PreparedPush, moved: Set<String>) async -> AsyncStream<PushEvent>
}
