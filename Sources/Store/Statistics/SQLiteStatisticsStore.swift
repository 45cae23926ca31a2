import Core
import Foundation
import GRDB

/// Figures out of SQLite.
public struct SQLiteStatisticsStore: StatisticsStore {
    private let database: SQLiteDatabase

    public init(_ database: SQLiteDatabase) { self.database = database }

    /// Four statements in one snapshot.
    public func statistics(owner: ID<User>, now: Date) async throws(PlatformError) -> UserStatistics {
        try await database.read { db in
            var figures = UserStatistics()
            try Self.count(&figures, owner, db)
            try Self.countDeploys(&figures, owner, now, db)
            figures.sites = try SiteRecord.all(db, SiteRecord.selection, [owner.text]).map(\.site)
            let instances = try db.cachedStatement(
                sql: """
                    SELECT instance.id FROM app
                    JOIN channel ON channel.appID = app.id AND channel.isDeleted = 0
                    JOIN instance ON instance.channelID = channel.id AND instance.state = 'live'
                    WHERE app.ownerID = ? AND app.isDeleted = 0
                    """)
            figures.instances = try Row.fetchAll(instances, arguments: [owner.text]).map { try $0.id("id") }
            return figures
        }
    }

    private static func count(_ figures: inout UserStatistics, _ owner: ID<User>, _ db: Database) throws {
        let statement = try db.cachedStatement(
            sql: """
                SELECT COUNT(DISTINCT app.id) AS apps, COUNT(channel.id) AS channels,
                       COUNT(channel.currentReleaseID) AS running
                FROM app LEFT JOIN channel ON channel.appID = app.id AND channel.isDeleted = 0
                WHERE app.ownerID = ? AND app.isDeleted = 0
                """)
        guard let row = try Row.fetchOne(statement, arguments: [owner.text]) else { return }
        figures.apps = row["apps"]
        figures.channels = row["channels"]
        figures.runningChannels = row["running"]
    }

    private static func countDeploys(
        _ figures: inout UserStatistics, _ owner: ID<User>, _ now: Date, _ db: Database
    ) throws {
        let statement = try db.cachedStatement(
            sql: """
                SELECT COUNT(*) AS day, COALESCE(SUM(deploy.createdAt > ?), 0) AS hour,
                       COALESCE(SUM(deploy.status = 'success'), 0) AS success,
                       COALESCE(SUM(deploy.status = 'failed'), 0) AS failed
                FROM app
                JOIN deploy ON deploy.appID = app.id AND deploy.createdAt > ?
                JOIN channel ON channel.id = deploy.channelID AND channel.isDeleted = 0
                WHERE app.ownerID = ? AND app.isDeleted = 0
                """)
        let (hour, day) = (now.addingTimeInterval(-3600), now.addingTimeInterval(-86_400))
        guard let row = try Row.fetchOne(statement, arguments: [hour.seconds, day.seconds, owner.text]) else { return }
        figures.deploysLastDay = row["day"]
        figures.deploysLastHour = row["hour"]
        figures.successLastDay = row["success"]
        figures.failedLastDay = row["failed"]
    }
}

/// A channel that had a deploy, joined with its latest and its live one.
private struct SiteRecord: FetchableRecord {
    static let selection = """
        SELECT channel.label, channel.binding, channel.currentReleaseID IS NOT NULL AS isRunning,
               channel.currentCommitID, app.name, latest.id AS latestID, latest.status AS latestStatus,
               CASE WHEN live.id IS NULL THEN latest.ref ELSE live.ref END AS ref
        FROM app
        JOIN channel ON channel.appID = app.id AND channel.isDeleted = 0
        JOIN deploy AS latest ON latest.sequence = (SELECT MAX(sequence) FROM deploy WHERE channelID = channel.id)
        LEFT JOIN release ON release.id = channel.currentReleaseID
        LEFT JOIN deploy AS live ON live.id = release.deployID
        WHERE app.ownerID = ? AND app.isDeleted = 0
        ORDER BY app.sequence, channel.name <> '\(Channel.prodName)', channel.sequence
        """

    let site: SiteStatistics

    init(row: Row) throws {
        site = SiteStatistics(
            label: SiteLabel(stored: row["label"]), app: try AppName(row["name"]), ref: row["ref"],
            binding: try GitRefBinding(row["binding"]), isRunning: row["isRunning"],
            commit: try row.optionalCommit("currentCommitID"), latestDeploy: try row.id("latestID"),
            latestStatus: try row.choice("latestStatus"))
    }
}
