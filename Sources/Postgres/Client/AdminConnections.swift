import Blocking
import Core
import Synchronization

/// A bounded pool of the administrator's connections to the maintenance database. A connection is made when it is first
/// needed, kept, and thrown away after an error.
final class AdminConnections: Sendable {
    /// One place in the pool. Only the call that has taken the place uses its connection; the mutex tells the compiler.
    private final class Place: Sendable {
        let connection = Mutex<PostgresConnection?>(nil)
    }

    /// Connections at most.
    static let width = 4

    private let free = Mutex<[Place]>((0..<width).map { _ in Place() })
    private let blocking = BlockingPool(label: "postgres", width: width)

    /// Lends a live connection to `body` on a thread of the pool. When its turn comes after `deadline`, nobody waits for it
    /// any more, and it is not run.
    func run<Value: Sendable>(
        _ target: PostgresTarget, before deadline: ContinuousClock.Instant? = nil,
        _ body: @escaping @Sendable (borrowing PostgresConnection) throws(PostgresError) -> Value
    ) async throws(PlatformError) -> Value {
        try await blocking.run { () throws(PlatformError) in
            if let deadline, ContinuousClock.now > deadline {
                throw PlatformError(.databaseUnavailable, "Postgres took too long")
            }
            // The pool runs no more calls at once than there are places.
            let place = self.free.withLock { $0.popLast() } ?? Place()
            defer { self.free.withLock { $0.append(place) } }
            do throws(PostgresError) {
                return try place.connection.withLock { (slot) throws(PostgresError) in
                    try Self.use(&slot, target, body)
                }
            } catch {
                throw error.platform
            }
        }
    }

    /// Closes the connections that are not in use.
    func closeIdle() {
        for place in free.withLock({ $0 }) { place.connection.withLock { $0 = nil } }
    }

    private static func use<Value>(
        _ slot: inout PostgresConnection?, _ target: PostgresTarget,
        _ body: (borrowing PostgresConnection) throws(PostgresError) -> Value
    ) throws(PostgresError) -> Value {
        let connection: PostgresConnection
        if let kept = slot.take(), kept.isAlive {
            connection = kept
        } else {
            connection = try PostgresConnection(target)
        }
        // After an error the connection may hold locks or be broken: it is not put back.
        let value = try body(connection)
        slot = consume connection
        return value
    }
}
