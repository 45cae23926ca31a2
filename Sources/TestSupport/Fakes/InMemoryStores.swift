import Core
import Foundation
import Synchronization

/// All stores of the platform, kept in memory: one shared state, as one database is. Every one passes the contract suites
/// that the SQLite stores pass.
public struct InMemoryStores: Sendable {
    public let users: InMemoryUserStore
    public let tokens: InMemoryTokenStore
    public let invites: InMemoryInviteStore
    public let apps: InMemoryAppStore
    public let channels: InMemoryChannelStore
    public let deploys: InMemoryDeployStore
    public let releases: InMemoryReleaseStore
    public let instances: InMemoryInstanceStore
    public let environment: InMemoryEnvironmentStore
    public let databases: InMemoryDatabaseStore
    public let statistics: InMemoryStatisticsStore
    public let events: InMemoryEventStore
    public let logs = InMemoryDeployLogStore()

    private let tables: InMemoryTables

    /// What every call throws from now on; `nil` lets them work again.
    public func fail(with error: PlatformError?) { tables.fail(with: error) }
    /// How many calls have failed so.
    public var failures: Int { tables.failures }

    /// What happens before the next `times` calls of one kind, each of which it may hold up or refuse.
    public func before(
        _ call: StoreCall, times: Int = .max, _ action: @escaping @Sendable () async throws(PlatformError) -> Void
    ) {
        tables.before(call, times, action)
    }

    /// The next `times` calls of one kind throw.
    public func refuse(_ call: StoreCall, times: Int = .max, with error: PlatformError) {
        before(call, times: times) { () async throws(PlatformError) in throw error }
    }

    /// Takes a release away behind the platform's back.
    public func lose(_ release: ID<Release>) {
        try? tables.write { state in state.releases.removeAll { $0.release.id == release } }
    }

    /// Events that are about no app, oldest first.
    public var machineEvents: [Event] { (try? tables.read { $0.events.filter { $0.appID == nil } }) ?? [] }

    /// The next `count` channels are refused as if another one had their schema's name.
    public func clash(_ count: Int) { tables.clash(count) }

    public init() {
        let tables = InMemoryTables()
        self.tables = tables
        users = InMemoryUserStore(tables: tables)
        tokens = InMemoryTokenStore(tables: tables)
        invites = InMemoryInviteStore(tables: tables)
        apps = InMemoryAppStore(tables: tables)
        channels = InMemoryChannelStore(tables: tables)
        deploys = InMemoryDeployStore(tables: tables)
        releases = InMemoryReleaseStore(tables: tables)
        instances = InMemoryInstanceStore(tables: tables)
        environment = InMemoryEnvironmentStore(tables: tables)
        databases = InMemoryDatabaseStore(tables: tables)
        statistics = InMemoryStatisticsStore(tables: tables)
        events = InMemoryEventStore(tables: tables)
    }
}

/// Calls of the stores before which a test may have something happen.
public enum StoreCall: Sendable {
    case release, succeed, goBack, fail, note
    case insertRelease
    case insertInstance, setInstanceState
}

/// The state that the in-memory stores share. Lists are in order of insertion.
final class InMemoryTables: Sendable {
    struct ReleaseRow {
        let release: Release
        let environment: [String: String]
    }

    struct BranchTip {
        var lastGood: CommitID?
        var failed: CommitID?
    }

    struct State {
        var users: [User] = []
        var tokens: [Token] = []
        var invites: [Invite] = []
        var apps: [App] = []
        var deletedApps: Set<ID<App>> = []
        var channels: [Channel] = []
        var deletedChannels: Set<ID<Channel>> = []
        var databases: [ID<Channel>: DatabaseRecord] = [:]
        var deploys: [Deploy] = []
        var reports: [ID<Deploy>: DeployReport] = [:]
        var events: [Event] = []
        var held: [Deploy] = []
        var releases: [ReleaseRow] = []
        var instances: [Instance] = []
        var environment: [ID<App>: [String: String]] = [:]
        var tips: [ID<App>: [String: BranchTip]] = [:]
        /// Whether the next channel is to be refused.
        var isClashing: @Sendable () -> Bool = { false }
    }

    private let state = Mutex(State())
    private let clashes = Mutex(0)
    private let failure = Mutex<(error: PlatformError?, count: Int)>((nil, 0))
    private let interventions = Mutex<[StoreCall: Intervention]>([:])

    /// What happens before so many calls more.
    private struct Intervention {
        var times: Int
        let action: @Sendable () async throws(PlatformError) -> Void
    }

    func before(
        _ call: StoreCall, _ times: Int, _ action: @escaping @Sendable () async throws(PlatformError) -> Void
    ) {
        interventions.withLock { $0[call] = Intervention(times: times, action: action) }
    }

    /// Has what a test wants to happen before a call.
    func pass(_ call: StoreCall) async throws(PlatformError) {
        let intervention = interventions.withLock { interventions -> Intervention? in
            guard let next = interventions[call], next.times > 0 else { return nil }
            interventions[call]?.times -= 1
            return next
        }
        try await intervention?.action()
    }

    var failures: Int { failure.withLock { $0.count } }

    func clash(_ count: Int) {
        clashes.withLock { $0 = count }
        state.withLock { state in
            // Not part of the state: a refused change must not undo the counting.
            state.isClashing = { [weak self] in
                self?.clashes.withLock { count in
                    count -= 1
                    return count >= 0
                } ?? false
            }
        }
    }

    func fail(with error: PlatformError?) { failure.withLock { $0.error = error } }

    private func checkFailure() throws(PlatformError) {
        let error = failure.withLock { failure in
            if failure.error != nil { failure.count += 1 }
            return failure.error
        }
        if let error { throw error }
    }

    func read<Value: Sendable>(_ body: (State) throws(PlatformError) -> Value) throws(PlatformError) -> Value {
        try checkFailure()
        return try state.withLock { (state) throws(PlatformError) in try body(state) }
    }

    /// Changes the state as a transaction does: when `body` throws, nothing has changed.
    func write<Value: Sendable>(_ body: (inout State) throws(PlatformError) -> Value) throws(PlatformError) -> Value {
        try checkFailure()
        return try state.withLock { (state) throws(PlatformError) in
            var next = state
            let value = try body(&next)
            state = next
            return value
        }
    }
}

extension InMemoryTables.State {
    func isLive(_ channel: ID<Channel>) -> Bool {
        channels.contains { $0.id == channel } && !deletedChannels.contains(channel)
    }

    var liveChannels: [Channel] { channels.filter { !deletedChannels.contains($0.id) } }

    /// Adds a channel with its database record under the rules of the schema.
    mutating func add(_ channel: Channel, _ database: DatabaseRecord) throws(PlatformError) {
        guard !liveChannels.contains(where: { $0.appID == channel.appID && $0.name == channel.name }) else {
            throw PlatformError(
                .conflict, "this app already has a channel named \(channel.name)", details: ["field": "name"])
        }
        guard !liveChannels.contains(where: { $0.label == channel.label }) else {
            throw PlatformError(
                .conflict, "the hostname \(channel.label) is taken", details: ["field": "hostname"])
        }
        let clashes = databases.values.contains { $0.identity.role == database.identity.role }
        guard !clashes, !isClashing() else {
            throw PlatformError(
                .conflict, "the schema \(database.identity.schema) belongs to another channel; try again",
                details: ["field": "database"])
        }
        var channel = channel
        let taken = Set(channels.map(\.account))
        channel.account = 200_000
        while taken.contains(channel.account) { channel.account += 1 }
        channels.append(channel)
        databases[channel.id] = database
    }

    /// Removes a channel and all that hangs on it.
    mutating func removeChannel(_ id: ID<Channel>) {
        channels.removeAll { $0.id == id }
        deletedChannels.remove(id)
        databases[id] = nil
        deploys.removeAll { $0.channelID == id }
        held.removeAll { $0.channelID == id }
        releases.removeAll { $0.release.channelID == id }
        instances.removeAll { $0.channelID == id }
    }
}
