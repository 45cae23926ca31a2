import Control
import Core
import NIOCore
import Synchronization

/// A user's figures with the encoded list of sites, which is long: kept for as long as nothing is committed, and for one
/// second at most, because some figures are about the last hour.
final class KeptFigures: Sendable {
    struct Figures: Sendable {
        let figures: UserStatistics
        let sites: ByteBuffer
    }

    private struct Entry {
        let figures: Figures
        let version: Int64
        let since: ContinuousClock.Instant
    }

    /// Users whose figures are kept at most.
    private static let capacity = 64
    private static let lifetime = Duration.seconds(1)

    private let version: DataVersionSource
    private let entries = Mutex<[ID<User>: Entry]>([:])

    init(version: @escaping DataVersionSource) { self.version = version }

    /// The version is read before the figures are, so that figures are never older than their version.
    func figures(
        of user: ID<User>, _ make: () async throws(PlatformError) -> Figures
    ) async throws(PlatformError) -> Figures {
        let (current, now) = (version(), ContinuousClock.now)
        if let current, let entry = entries.withLock({ $0[user] }), entry.version == current,
            now - entry.since < Self.lifetime
        {
            return entry.figures
        }
        let figures = try await make()
        guard let current else { return figures }
        entries.withLock { entries in
            if entries.count >= Self.capacity { entries = [:] }
            entries[user] = Entry(figures: figures, version: current, since: now)
        }
        return figures
    }
}
