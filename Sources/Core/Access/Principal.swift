/// Who is asking, once the credentials have been checked.
public struct Principal: Sendable, Hashable {
    public let user: User
    public let token: ID<Token>
    public let scopes: Set<Scope>

    public init(user: User, token: ID<Token>, scopes: Set<Scope>) {
        self.user = user
        self.token = token
        self.scopes = scopes
    }
}

/// The permit rules, in one place: git, REST and the dashboard ask the same functions.
public enum Policy {
    /// Throws `.scopeDenied` when the token lacks `scope`.
    public static func require(_ scope: Scope, of principal: Principal) throws(PlatformError) {
        guard principal.scopes.contains(scope) else {
            throw PlatformError(.scopeDenied, "this token lacks the \(scope.rawValue) scope")
        }
    }

    /// A token may mint tokens only when it holds every standard scope, so that none can widen itself.
    public static func requireMinting(_ principal: Principal) throws(PlatformError) {
        for scope in Scope.standard { try require(scope, of: principal) }
    }

    /// Throws `.adminNotConfigured` for everybody as long as there is no administrator, else `.forbidden` unless the caller
    /// is one with every standard scope: a token for one purpose does not administrate.
    public static func requireAdmin(_ principal: Principal, exists: Bool) throws(PlatformError) {
        guard exists else {
            throw PlatformError(
                .adminNotConfigured, "this server has no administrator yet: add one with berthd user add --admin")
        }
        guard principal.user.isAdmin else { throw PlatformError(.forbidden, "only an administrator may do this") }
        for scope in Scope.standard { try require(scope, of: principal) }
    }
}
