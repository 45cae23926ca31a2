import Foundation

/// An environment of an app (`prod`, `staging`), bound to git refs, with its own hostname and schema.
public struct Channel: Sendable, Hashable {
    public static let prodName = "prod"

    public let id: ID<Channel>
    public let appID: ID<App>
    public let name: ChannelName
    /// First label of the site's hostname, unique on the whole server.
    public let label: SiteLabel
    public var binding: GitRefBinding
    /// User and group id that its containers run as; no other channel has it.
    public var account: UInt32
    /// What it serves; `nil` before the first successful deploy.
    public var currentRelease: ID<Release>?
    public var currentCommit: CommitID?
    public let createdAt: Date

    public init(
        id: ID<Channel> = ID(), appID: ID<App>, name: ChannelName, label: SiteLabel, binding: GitRefBinding,
        account: UInt32 = 0, currentRelease: ID<Release>? = nil, currentCommit: CommitID? = nil, createdAt: Date
    ) {
        self.id = id
        self.appID = appID
        self.name = name
        self.label = label
        self.binding = binding
        self.account = account
        self.currentRelease = currentRelease
        self.currentCommit = currentCommit
        self.createdAt = createdAt
    }

    public var isProd: Bool { name.rawValue == Self.prodName }
    /// `provisioning` until a deploy has succeeded, `running` from then on (seed 000, "Channel status values").
    public var status: String { currentRelease == nil ? "provisioning" : "running" }
}

/// A channel's name: a DNS label.
public struct ChannelName: Sendable, Hashable, CustomStringConvertible {
    public let rawValue: String

    public init(_ text: String) throws(PlatformError) {
        try DNSLabel.check(text, field: "name")
        rawValue = text
    }

    public var description: String { rawValue }
}

/// Where channels are kept.
public protocol ChannelStore: Sendable {
    /// Adds a channel with its database record. The store chooses `account`.
    /// Throws `.conflict` when the app has a channel of that name or the site label is taken.
    func insert(_ channel: Channel, database: DatabaseRecord) async throws(PlatformError)
    /// The app's channels, `prod` first, then in creation order.
    func channels(app: ID<App>) async throws(PlatformError) -> [Channel]
    /// The channels of many apps in one query, by app, each list in the order of `channels(app:)`.
    func channels(apps: [ID<App>]) async throws(PlatformError) -> [ID<App>: [Channel]]
    func channel(_ id: ID<Channel>, app: ID<App>) async throws(PlatformError) -> Channel?
    /// The channel whatever its app; for the platform's own work, never for a request.
    func channel(_ id: ID<Channel>) async throws(PlatformError) -> Channel?
    /// Every channel of an app that is not deleted.
    func allChannels() async throws(PlatformError) -> [Channel]
    func setBinding(_ binding: GitRefBinding, channel: ID<Channel>) async throws(PlatformError)
    /// Marks the channel as being deleted, as `AppStore.markDeleted` does for apps.
    func markDeleted(_ id: ID<Channel>, app: ID<App>) async throws(PlatformError) -> Bool
    /// Channels whose own clean-up has not finished (those of deleted apps included).
    func deletedChannels() async throws(PlatformError) -> [Channel]
    func purge(_ id: ID<Channel>) async throws(PlatformError)
}
