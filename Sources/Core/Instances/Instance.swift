import Foundation

/// A running container of a release.
public struct Instance: Sendable, Hashable {
    public enum State: String, Sendable, Codable {
        /// Being brought up; not part of what is served yet.
        case starting
        /// What its channel serves.
        case live
        /// Replaced; finishes what it has begun.
        case draining
        /// Stopped, since nobody asked for it: the next request starts its release again. No container is there.
        case asleep
        /// Stopped, since it takes more of the disk than it may: its release is started again when there is room, or by the next
        /// deploy. No container is there.
        case suspended
        /// Stopped for good. Its log is kept for a while.
        case stopped
    }

    public let id: ID<Instance>
    public let channelID: ID<Channel>
    public let releaseID: ID<Release>
    public var state: State
    /// Why it was suspended, for people; `nil` when it never was.
    public var reason: String?
    public let createdAt: Date

    public init(
        id: ID<Instance> = ID(), channelID: ID<Channel>, releaseID: ID<Release>, state: State = .starting,
        reason: String? = nil, createdAt: Date
    ) {
        self.id = id
        self.channelID = channelID
        self.releaseID = releaseID
        self.state = state
        self.reason = reason
        self.createdAt = createdAt
    }
}

/// Where instances are kept.
public protocol InstanceStore: Sendable {
    func insert(_ instance: Instance) async throws(PlatformError)
    /// Fine when there is none.
    func setState(_ state: Instance.State, of id: ID<Instance>) async throws(PlatformError)
    /// Notes that an instance is suspended, and why. Fine when there is none.
    func suspend(_ id: ID<Instance>, because reason: String) async throws(PlatformError)
    func delete(_ id: ID<Instance>) async throws(PlatformError)
    /// All but those that are stopped, oldest first.
    func instances() async throws(PlatformError) -> [Instance]
    func instances(channel: ID<Channel>) async throws(PlatformError) -> [Instance]
    /// Those that are stopped, newest first.
    func stopped() async throws(PlatformError) -> [Instance]
    func stopped(channel: ID<Channel>) async throws(PlatformError) -> [Instance]
}
