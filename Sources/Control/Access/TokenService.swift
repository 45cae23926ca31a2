import Core
import Foundation

/// A token in the moment it is made: the only time that its plaintext exists.
public struct MintedToken: Sendable {
    public let token: Token
    public let plaintext: String
}

/// Mints, checks and revokes tokens.
public struct TokenService: Sendable {
    public static let maximumLabelLength = 100

    private let tokens: any TokenStore
    private let now: WallClock
    private let uses = TokenUses()

    public init(tokens: any TokenStore, now: @escaping WallClock) {
        self.tokens = tokens
        self.now = now
    }

    /// Who presents `plaintext`. Throws `.unauthenticated` when there is none, `.tokenInvalid` for one that we never
    /// made, `.tokenRevoked`.
    public func authenticate(_ plaintext: String?) async throws(PlatformError) -> Principal {
        guard let plaintext, !plaintext.isEmpty else {
            throw PlatformError(.unauthenticated, "a token is required: send Authorization: Bearer xh_live_…")
        }
        guard TokenText.isWellFormed(plaintext) else { throw Self.unknownToken }
        return try await authenticate(digest: TokenText.digest(of: plaintext))
    }

    /// Who holds the token with this SHA-256 digest; for sessions that were opened with it.
    public func authenticate(digest: Data) async throws(PlatformError) -> Principal {
        guard let (token, user) = try await tokens.token(digest: digest) else { throw Self.unknownToken }
        guard token.revokedAt == nil else { throw PlatformError(.tokenRevoked, "this token has been revoked") }
        uses.note(token.id, at: now())
        return Principal(user: user, token: token.id, scopes: Set(token.scopes))
    }

    /// A token was presented that was let in before, and is as it was then.
    public func noteUse(of token: ID<Token>) { uses.note(token, at: now()) }

    /// Throws `.tokenRevoked` when the caller's token has been revoked since it was let in: for what takes its time.
    func requireLive(_ principal: Principal) async throws(PlatformError) {
        guard try await tokens.tokens(owner: principal.user.id).contains(where: { $0.id == principal.token }) else {
            throw PlatformError(.tokenRevoked, "this token has been revoked")
        }
    }

    /// Makes a token for the caller, with the standard scopes; `scopes` may only repeat them (seed 000).
    public func mint(
        label: String?, scopes: [String]?, by principal: Principal
    ) async throws(PlatformError) -> MintedToken {
        try Policy.requireMinting(principal)
        if let scopes {
            guard !scopes.contains(Scope.database.rawValue) else {
                throw PlatformError(.scopeReserved, "scope db:* is reserved and cannot be requested")
            }
            guard Set(scopes) == Set(Scope.standard.map(\.rawValue)) else {
                throw .invalid("scopes cannot be chosen yet: leave the field out to get repo:*, deploy:*, channel:*")
            }
        }
        return try await issue(to: principal.user, label: label, scopes: Scope.standard)
    }

    /// Makes a token for the operator, who may choose the scopes.
    public func issue(to user: User, label: String?, scopes: [Scope]) async throws(PlatformError) -> MintedToken {
        try Self.check(label: label)
        let plaintext = TokenText.make()
        let token = Token(
            userID: user.id, digest: TokenText.digest(of: plaintext), scopes: scopes, label: label, createdAt: now())
        try await tokens.insert(token)
        return MintedToken(token: token, plaintext: plaintext)
    }

    /// Ends a token of the caller's at once.
    public func revoke(_ id: ID<Token>?, by principal: Principal) async throws(PlatformError) {
        guard let id, try await tokens.revoke(id, owner: principal.user.id, at: now()) else {
            throw .notFound("token")
        }
    }

    /// The caller's tokens that are not revoked, oldest first.
    public func list(by principal: Principal) async throws(PlatformError) -> [Token] {
        try await tokens.tokens(owner: principal.user.id).map { token in
            guard let seen = uses.lastUse(of: token.id) else { return token }
            return Token(
                id: token.id, userID: token.userID, digest: token.digest, scopes: token.scopes, label: token.label,
                createdAt: token.createdAt, revokedAt: token.revokedAt, lastUsedAt: seen)
        }
    }

    /// Writes down when tokens were used last; to be called once in a while and at the end.
    func noteUses() async throws(PlatformError) { try await uses.flush(to: tokens) }

    static func check(label: String?) throws(PlatformError) {
        guard let label else { return }
        let length = label.unicodeScalars.count
        let hasControls = label.utf8.contains { $0 < 0x20 || $0 == 0x7f }
        guard length <= maximumLabelLength, !hasControls else {
            throw .invalid(
                "label must be at most \(maximumLabelLength) characters and hold no control characters: "
                    + (hasControls ? "it holds one" : "it has \(length)"))
        }
    }

    private static let unknownToken = PlatformError(.tokenInvalid, "this token does not exist")
}
