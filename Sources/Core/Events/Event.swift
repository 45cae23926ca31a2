import Foundation

/// Something that the server did by itself, for whoever wonders later.
public struct Event: Sendable, Hashable {
    public enum Kind: String, Sendable, Codable, CaseIterable {
        /// A switch was undone, since the new version did not prove sound.
        case switchUndone = "switch_undone"
        /// An instance that should run and did not was started anew.
        case instanceReplaced = "instance_replaced"
        /// An instance had ended by itself and was started again.
        case instanceRestarted = "instance_restarted"
        /// An instance has reached one of its limits, and runs on.
        case instanceLimited = "instance_limited"
        /// Something that nobody knows was removed from the machine.
        case strayRemoved = "stray_removed"
        /// A hostname leads again where it should.
        case routeRestored = "route_restored"
        /// What the networks of all instances share was gone and was made again.
        case networkRestored = "network_restored"
        /// A role or schema that was gone was made again.
        case databaseRestored = "database_restored"
        /// A channel's volumes have come to more than they may.
        case volumeFull = "volume_full"
        /// An instance was stopped until there is room on the disk.
        case instanceSuspended = "instance_suspended"
        /// A deploy that nobody worked on was ended.
        case deployReaped = "deploy_reaped"
    }

    public let kind: Kind
    /// `nil` when it is about no app.
    public let appID: ID<App>?
    public let channelID: ID<Channel>?
    /// What happened, one line, safe to show.
    public let text: String
    public let date: Date

    public init(_ kind: Kind, app: ID<App>? = nil, channel: ID<Channel>? = nil, text: String, date: Date) {
        self.kind = kind
        appID = app
        channelID = channel
        self.text = text
        self.date = date
    }
}

/// Where events are kept, the newest thousand of each app and of those about none.
public protocol EventStore: Sendable {
    func append(_ event: Event) async throws(PlatformError)
    /// The app's events, newest first.
    func events(app: ID<App>, limit: Int) async throws(PlatformError) -> [Event]
    /// The events that are about no app, newest first.
    func machineEvents(limit: Int) async throws(PlatformError) -> [Event]
}

/// How many events of an app, and of the machine, are kept.
public enum EventRetention {
    public static let count = 1000
}
