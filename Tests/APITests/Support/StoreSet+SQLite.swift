import Store
import TestSupport

extension StoreSet {
    /// The stores of a server, in a folder of the test's.
    init(_ database: SQLiteDatabase, directory: TemporaryDirectory) throws {
        self.init(
            users: SQLiteUserStore(database), tokens: SQLiteTokenStore(database),
            invites: SQLiteInviteStore(database), apps: SQLiteAppStore(database),
            channels: SQLiteChannelStore(database), deploys: SQLiteDeployStore(database),
            releases: SQLiteReleaseStore(database), instances: SQLiteInstanceStore(database),
            environment: SQLiteEnvironmentStore(database), databases: SQLiteDatabaseStore(database),
            statistics: SQLiteStatisticsStore(database), events: SQLiteEventStore(database),
            logs: try FileDeployLogStore(dataDirectory: directory.path))
    }
}
