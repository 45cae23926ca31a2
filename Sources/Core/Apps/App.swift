import Foundation

/// One repository with its settings, owned by a user.
public struct App: Sendable, Hashable {
    public let id: ID<App>
    public let ownerID: ID<User>
    public let ownerName: UserName
    public let name: AppName
    /// Name of the template that builds it.
    public let template: String
    public let createdAt: Date
    /// Branches that pushes may advance, and neither move elsewhere nor delete.
    public var protectedBranches: Set<BranchName>

    public init(
        id: ID<App> = ID(), ownerID: ID<User>, ownerName: UserName, name: AppName, template: String, createdAt: Date,
        protectedBranches: Set<BranchName> = []
    ) {
        self.id = id
        self.ownerID = ownerID
        self.ownerName = ownerName
        self.name = name
        self.template = template
        self.createdAt = createdAt
        self.protectedBranches = protectedBranches
    }
}

/// An app's name: a DNS label outside the reserved prefixes (seed 000, "Reserved prefixes").
public struct AppName: Sendable, Hashable, CustomStringConvertible {
    public static let reservedPrefixes = ["git", "api", "www", "admin", "preview", "staging"]

    public let rawValue: String

    public init(_ text: String) throws(PlatformError) {
        try DNSLabel.check(text, field: "name")
        // No prefix has a hyphen in it: what stands before the first one decides.
        let first = text.utf8.prefix { $0 != UInt8(ascii: "-") }
        for prefix in Self.reservedPrefixes where first.elementsEqual(prefix.utf8) {
            throw .invalid("name must not be \"\(prefix)\" or start with \"\(prefix)-\": that prefix is reserved")
        }
        rawValue = text
    }

    public var description: String { rawValue }
}

/// Where apps are kept. Every look-up names the owner, so that a stranger's app cannot be had by mistake.
public protocol AppStore: Sendable {
    /// Adds the app with its `prod` channel and the channel's database record, or nothing.
    /// Throws `.conflict` when the owner has an app of that name or the channel's site label is taken.
    func insert(_ app: App, prod: Channel, database: DatabaseRecord) async throws(PlatformError)
    /// The owner's apps, oldest first.
    func apps(owner: ID<User>) async throws(PlatformError) -> [App]
    func app(_ id: ID<App>, owner: ID<User>) async throws(PlatformError) -> App?
    func app(named name: AppName, owner: ID<User>) async throws(PlatformError) -> App?
    /// The app whatever its owner; for the platform's own work, never for a request.
    func app(_ id: ID<App>) async throws(PlatformError) -> App?
    func allApps() async throws(PlatformError) -> [App]
    /// False when the owner has no such app.
    func setProtectedBranches(
        _ branches: Set<BranchName>, of id: ID<App>, owner: ID<User>
    ) async throws(PlatformError) -> Bool
    /// Marks the app as being deleted: it is found by no look-up but `deletedApps` from now on, and its name and
    /// labels are free. False when there is none.
    func markDeleted(_ id: ID<App>, owner: ID<User>) async throws(PlatformError) -> Bool
    /// Apps whose clean-up has not finished.
    func deletedApps() async throws(PlatformError) -> [App]
    /// Removes the rows of a deleted app and all that hangs on it.
    func purge(_ id: ID<App>) async throws(PlatformError)
}
