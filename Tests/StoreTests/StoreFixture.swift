import Core
import Foundation
import Store
import TestSupport

/// The kinds of stores that must keep the contracts.
enum StoreKind: String, CaseIterable, Sendable, CustomStringConvertible {
    case memory, sqlite

    var description: String { rawValue }

    /// Runs `body` on empty stores of this kind.
    func withStores(_ body: (StoreSet) async throws -> Void) async throws {
        switch self {
        case .memory:
            try await body(StoreSet(InMemoryStores()))
        case .sqlite:
            let directory = try TemporaryDirectory("berth-store")
            let database = try await SQLiteDatabase.open(dataDirectory: directory.path)
            try await body(try StoreSet(database, dataDirectory: directory.path))
            try database.close()
        }
    }
}

extension StoreSet {
    init(_ database: SQLiteDatabase, dataDirectory: String) throws {
        self.init(
            users: SQLiteUserStore(database), tokens: SQLiteTokenStore(database),
            invites: SQLiteInviteStore(database), apps: SQLiteAppStore(database),
            channels: SQLiteChannelStore(database), deploys: SQLiteDeployStore(database),
            releases: SQLiteReleaseStore(database), instances: SQLiteInstanceStore(database),
            environment: SQLiteEnvironmentStore(database), databases: SQLiteDatabaseStore(database),
            statistics: SQLiteStatisticsStore(database), events: SQLiteEventStore(database),
            logs: try FileDeployLogStore(dataDirectory: dataDirectory))
    }
}
