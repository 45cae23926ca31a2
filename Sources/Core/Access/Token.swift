import Foundation

/// An API token as it is kept: never its plaintext, only the SHA-256 of it.
public struct Token: Sendable, Hashable {
    public let id: ID<Token>
    public let userID: ID<User>
    /// SHA-256 of the plaintext, 32 bytes.
    public let digest: Data
    public let scopes: [Scope]
    public let label: String?
    public let createdAt: Date
    public let revokedAt: Date?
    /// When it was last presented, up to a minute late; `nil` when it never was.
    public let lastUsedAt: Date?

    public init(
        id: ID<Token> = ID(), userID: ID<User>, digest: Data, scopes: [Scope], label: String?, createdAt: Date,
        revokedAt: Date? = nil, lastUsedAt: Date? = nil
    ) {
        self.id = id
        self.userID = userID
        self.digest = digest
        self.scopes = scopes
        self.label = label
        self.createdAt = createdAt
        self.revokedAt = revokedAt
        self.lastUsedAt = lastUsedAt
    }
}

/// Where tokens are kept.
public protocol TokenStore: Sendable {
    func insert(_ token: Token) async throws(PlatformError)
    /// The token with this digest and its owner, revoked or not.
    func token(digest: Data) async throws(PlatformError) -> (token: Token, user: User)?
    /// Revokes a token of `owner`; false when there is none with that id. Revoking twice is true once.
    func revoke(_ id: ID<Token>, owner: ID<User>, at date: Date) async throws(PlatformError) -> Bool
    /// The owner's tokens that are not revoked, oldest first.
    func tokens(owner: ID<User>) async throws(PlatformError) -> [Token]
    /// Notes when tokens were last presented. Those that do not exist are left out.
    func noteUse(_ uses: [ID<Token>: Date]) async throws(PlatformError)
}
