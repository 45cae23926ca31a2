import Core
import Foundation

/// Makes users. There is no sign-up: the operator adds them.
public struct UserService: Sendable {
    private let users: any UserStore
    private let tokens: TokenService
    private let now: WallClock

    public init(users: any UserStore, tokens: TokenService, now: @escaping WallClock) {
        self.users = users
        self.tokens = tokens
        self.now = now
    }

    /// Adds a user with a first token. Throws `.invalid` for a bad name, `.conflict` for a taken one.
    public func add(name: String, isAdmin: Bool) async throws(PlatformError) -> (user: User, token: MintedToken) {
        let user = User(name: try UserName(name), isAdmin: isAdmin, createdAt: now())
        try await users.insert(user)
        return (user, try await tokens.issue(to: user, label: "first token", scopes: Scope.standard))
    }

    /// As `add`, for an administrator. A taken name is `.invalid` here, as every taken name is in the API.
    public func add(
        name: String, isAdmin: Bool, by principal: Principal
    ) async throws(PlatformError) -> (user: User, token: MintedToken) {
        try await requireAdmin(principal)
        do throws(PlatformError) { return try await add(name: name, isAdmin: isAdmin) } catch {
            throw error.code == .conflict ? .invalid(error.message) : error
        }
    }

    /// Every user, oldest first; for an administrator.
    public func list(by principal: Principal) async throws(PlatformError) -> [User] {
        try await requireAdmin(principal)
        return try await users.users()
    }

    /// Throws `.adminNotConfigured` and `.forbidden`.
    public func requireAdmin(_ principal: Principal) async throws(PlatformError) {
        let exists = principal.user.isAdmin ? true : try await users.hasAdmin()
        try Policy.requireAdmin(principal, exists: exists)
    }

    /// Throws `.notFound`.
    public func user(named name: String) async throws(PlatformError) -> User {
        guard let user = try await users.user(named: try UserName(name)) else { throw .notFound("user \(name)") }
        return user
    }

    public func hasUsers() async throws(PlatformError) -> Bool { try await !users.users().isEmpty }
}
