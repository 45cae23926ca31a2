import Core
import GRDB
import Synchronization

/// Changes whenever something was committed, so that what was read under one version may be used again under it.
///
/// A commit of this process counts before its caller hears of it. What another process commits (the commands beside a
/// running server, which only add) counts within `interval` (SQLite, "PRAGMA data_version").
final class DataVersion: Sendable {
    private struct Others {
        var version: Int64 = 0
        var lastLook: ContinuousClock.Instant
    }

    private static let interval = Duration.milliseconds(50)

    private let own = Atomic<Int64>(0)
    private let others: Mutex<Others>
    /// A connection of its own: the number that it gives is about the commits of all other ones.
    private let observer: DatabaseQueue

    init(path: String, configuration: Configuration) throws {
        var configuration = configuration
        configuration.readonly = true
        configuration.prepareDatabase { _ in }
        observer = try DatabaseQueue(path: path, configuration: configuration)
        others = Mutex(Others(lastLook: .now - Self.interval))
    }

    /// Something was committed.
    func bump() { own.add(1, ordering: .sequentiallyConsistent) }

    /// Unlike every other one before a commit.
    var current: Int64 {
        let foreign = others.withLock { others in
            let now = ContinuousClock.now
            guard now - others.lastLook >= Self.interval else { return others.version }
            others.lastLook = now
            // Takes microseconds and waits for no writer. What cannot be looked at counts as changed.
            let version = try? observer.unsafeRead { db in
                try Int64.fetchOne(db.cachedStatement(sql: "PRAGMA data_version"))
            }
            others.version = version.flatMap { $0 } ?? others.version + 1
            return others.version
        }
        return own.load(ordering: .sequentiallyConsistent) &+ foreign << 32
    }

    func close() throws { try observer.close() }
}

/// What was read, for as long as nothing is committed. Nothing is kept about what was not found.
final class ReadCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct State {
        var version: Int64 = -1
        var values: [Key: Value] = [:]
    }

    private static var capacity: Int { 4096 }

    private let state = Mutex(State())

    /// The value for `key`: one that was read under this version, or what `read` finds now.
    func value(
        _ key: Key, version: DataVersion, _ read: () async throws(PlatformError) -> Value?
    ) async throws(PlatformError) -> Value? {
        let current = version.current
        if let known = state.withLock({ $0.version == current ? $0.values[key] : nil }) { return known }
        guard let value = try await read() else { return nil }
        state.withLock { state in
            if state.version != current {
                // An answer that was overtaken must not replace newer ones.
                guard state.version < current || version.current == current else { return }
                state = State(version: current)
            }
            if state.values.count >= Self.capacity { state.values = [:] }
            state.values[key] = value
        }
        return value
    }
}
