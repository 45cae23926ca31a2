import Foundation

/// A channel's part of Postgres: the user's database, the channel's schema and role (seed 000, "Postgres").
public struct DatabaseIdentity: Sendable, Hashable {
    /// `u_<user id, 32 hex>`
    public let database: String
    /// `ch_<first 12 hex of the channel id>`
    public let schema: String
    /// `r_<the same 12>`
    public let role: String

    public init(user: ID<User>, channel: ID<Channel>) {
        let digits = channel.hex.prefix(12)
        database = Self.database(of: user)
        schema = "ch_\(digits)"
        role = "r_\(digits)"
    }

    /// The name of a user's database.
    public static func database(of user: ID<User>) -> String { "u_\(user.hex)" }

    public init(database: String, schema: String, role: String) {
        self.database = database
        self.schema = schema
        self.role = role
    }
}

/// What the platform knows of it.
public struct DatabaseRecord: Sendable, Hashable {
    public enum Status: String, Sendable, Codable {
        case provisioning, ready, failed
    }

    /// Sessions that a channel's role may have (seed 000, "Postgres").
    public static let connectionLimit = 20

    public let channelID: ID<Channel>
    public let identity: DatabaseIdentity
    /// The role's password; sealed at rest. Made once.
    public let password: String
    public var status: Status
    /// Why provisioning failed, safe to show.
    public var lastError: String?

    public init(
        channelID: ID<Channel>, identity: DatabaseIdentity, password: String, status: Status = .provisioning,
        lastError: String? = nil
    ) {
        self.channelID = channelID
        self.identity = identity
        self.password = password
        self.status = status
        self.lastError = lastError
    }
}

/// Where database records are kept. They are added with their channel and go with it.
public protocol DatabaseStore: Sendable {
    func database(channel: ID<Channel>) async throws(PlatformError) -> DatabaseRecord?
    /// The records of all channels that are not deleted, in the order of their creation.
    func databases() async throws(PlatformError) -> [DatabaseRecord]
    func setStatus(
        _ status: DatabaseRecord.Status, lastError: String?, channel: ID<Channel>
    ) async throws(PlatformError)
}
