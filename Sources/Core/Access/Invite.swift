import Foundation

/// Permission for one person to become a user. Its code is shown once; only the SHA-256 of it is kept.
public struct Invite: Sendable, Hashable {
    public let id: ID<Invite>
    /// SHA-256 of the code, 32 bytes.
    public let digest: Data
    /// For whom it is.
    public let label: String?
    public let createdBy: ID<User>
    public let createdAt: Date
    public let expiresAt: Date
    public let usedAt: Date?

    public init(
        id: ID<Invite> = ID(), digest: Data, label: String?, createdBy: ID<User>, createdAt: Date, expiresAt: Date,
        usedAt: Date? = nil
    ) {
        self.id = id
        self.digest = digest
        self.label = label
        self.createdBy = createdBy
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.usedAt = usedAt
    }
}

/// Where invites are kept.
public protocol InviteStore: Sendable {
    func insert(_ invite: Invite) async throws(PlatformError)
    /// Every invite that was not taken back, oldest first.
    func invites() async throws(PlatformError) -> [Invite]
    /// Takes an invite back; false when there is none.
    func delete(_ id: ID<Invite>) async throws(PlatformError) -> Bool
    /// Adds the user and marks the invite as used, both or nothing. Throws `.tokenInvalid` when there is no invite with
    /// this digest that is unused and expires after `date`, `.conflict` when the user's name is taken.
    func redeem(_ digest: Data, for user: User, at date: Date) async throws(PlatformError)
}
