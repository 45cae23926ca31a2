import Core
import Logging
import ServiceLifecycle
import Store
import Synchronization

/// Counts once in a while what the apps of each user take on the disk: that is a walk over all their files, for which no push
/// waits.
final class UserDiskCount: Service {
    private let database: SQLiteDatabase
    private let folder: DataFolder
    private let interval: Duration
    private let logger: Logger
    /// `nil` until all was counted for the first time.
    private let kept = Mutex<[ID<User>: Int]?>(nil)

    init(database: SQLiteDatabase, folder: DataFolder, interval: Duration, logger: Logger) {
        self.database = database
        self.folder = folder
        self.interval = interval
        self.logger = logger
    }

    /// Bytes, as they were counted last.
    func use(of user: ID<User>) -> Int? { kept.withLock { $0.map { $0[user] ?? 0 } } }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            repeat { await self.count() } while (try? await Task.sleep(for: self.interval)) != nil
        }
    }

    private func count() async {
        do {
            let uses = try await AppDiskUse.all(database, folder: folder)
            let sums = Dictionary(uses.map { ($0.owner, $0.sum) }) { $0 + $1 }
            kept.withLock { $0 = sums }
        } catch is CancellationError {
            // What was counted before holds.
        } catch {
            logger.warning("disk of users not counted", metadata: ["error": "\(error)"])
        }
    }
}
