import Foundation

/// A person or a robot that owns apps.
public struct User: Sendable, Hashable {
    public let id: ID<User>
    public let name: UserName
    public let isAdmin: Bool
    public let createdAt: Date

    public init(id: ID<User> = ID(), name: UserName, isAdmin: Bool, createdAt: Date) {
        self.id = id
        self.name = name
        self.isAdmin = isAdmin
        self.createdAt = createdAt
    }
}

/// A user's name: a DNS label, since it is part of hostnames.
public struct UserName: Sendable, Hashable, CustomStringConvertible {
    public let rawValue: String

    public init(_ text: String) throws(PlatformError) {
        try DNSLabel.check(text, field: "user name")
        rawValue = text
    }

    public var description: String { rawValue }
}

/// Where users are kept.
public protocol UserStore: Sendable {
    /// Throws `.conflict` when the name is taken.
    func insert(_ user: User) async throws(PlatformError)
    func user(named name: UserName) async throws(PlatformError) -> User?
    func users() async throws(PlatformError) -> [User]
    /// Whether anybody is an administrator.
    func hasAdmin() async throws(PlatformError) -> Bool
}
