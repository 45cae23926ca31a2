import Core
import Foundation
import GRDB

/// Figures out of SQLite.
public struct SQLiteStatisticsStore: StatisticsStore {
    private let database: SQLiteDatabase

    public init(_ database: SQLiteDatabase) { self.database = database }

    /// Three statements in one snapshot.
    public func statistics(owner: ID<User>, now: Date) async throws(PlatformError) -> UserStatistics {
        try await database.read { db in
            var figures = UserStatistics()
            try Self.listChannels(&figures, owner, db)
            try Self.countDeploys(&figures, owner, now, db)
            figures.instances = try Self.liveInstances(owner, db)
            return figures
        }
    }

    /// Apps and channels, counted and listed in one pass.
    private static func listChannels(_ figures: inout UserStatistics, _ owner: ID<User>, _ db: Database) throws {
        let rows = try Row.fetchCursor(db.cachedStatement(sql: ChannelSummary.selection), arguments: [owner.text])
        var bindings: [String: GitRefBinding] = [:]
        var lastApp: Int64?
        while let row = try rows.next().map({ try ChannelSummary($0, &bindings) }) {
            if row.app != lastApp { figures.apps += 1 }
            lastApp = row.app
            guard row.isChannel else { continue }
            figures.channels += 1
            if row.isRunning { figures.runningChannels += 1 }
            if let site = row.site { figures.sites.append(site) }
        }
    }

    private static func liveInstances(_ owner: ID<User>, _ db: Database) throws -> [ID<Instance>] {
        let statement = try db.cachedStatement(
            sql: """
                SELECT instance.id FROM app
                JOIN channel ON channel.appID = app.id AND channel.isDeleted = 0
                JOIN instance ON instance.channelID = channel.id AND instance.state = 'live'
                WHERE app.ownerID = ? AND app.isDeleted = 0
                """)
        return try Row.fetchAll(statement, arguments: [owner.text]).map { try $0.id("id") }
    }

    /// From an index alone: a look at each deploy's row and at its channel's cost more than the rest together.
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
                WHERE app.ownerID = ? AND app.isDeleted = 0
                    AND deploy.channelID NOT IN (SELECT id FROM channel WHERE isDeleted = 1)
                """)
        let (hour, day) = (now.addingTimeInterval(-3600), now.addingTimeInterval(-86_400))
        guard let row = try Row.fetchOne(statement, arguments: [hour.seconds, day.seconds, owner.text]) else { return }
        figures.deploysLastDay = row["day"]
        figures.deploysLastHour = row["hour"]
        figures.successLastDay = row["success"]
        figures.failedLastDay = row["failed"]
    }
}

/// An app, and one of its channels when it has any, with that one's latest deploy and the ref of its live one.
private struct ChannelSummary {
    /// A success that is the latest deploy is the live one, so that only the others need a look at the release.
    static let selection = """
        SELECT app.sequence, channel.sequence, channel.currentReleaseID IS NOT NULL, latest.id, latest.status,
               app.name, channel.label, channel.binding, channel.currentCommitID,
               CASE WHEN latest.status = 'success' OR channel.currentReleaseID IS NULL THEN latest.ref
                    ELSE (SELECT live.ref FROM release JOIN deploy AS live ON live.id = release.deployID
                          WHERE release.id = channel.currentReleaseID)
               END
        FROM app
        LEFT JOIN channel ON channel.appID = app.id AND channel.isDeleted = 0
        LEFT JOIN deploy AS latest
            ON latest.sequence = (SELECT MAX(sequence) FROM deploy WHERE channelID = channel.id)
        WHERE app.ownerID = ? AND app.isDeleted = 0
        ORDER BY app.sequence, channel.name <> '\(Channel.prodName)', channel.sequence
        """

    let app: Int64
    let isChannel: Bool
    let isRunning: Bool
    /// `nil` without a deploy.
    let site: SiteStatistics?

    /// By position: looking up ten names a row costs more than the query.
    /// - Parameter bindings: those that were read before, by their text. A user has few.
    init(_ row: Row, _ bindings: inout [String: GitRefBinding]) throws {
        app = row[0]
        isChannel = row[1] as Int64? != nil
        isRunning = row[2]
        guard let latest = row[3] as String? else {
            site = nil
            return
        }
        guard let deploy = ID<Deploy>(latest), let status = DeployStatus(rawValue: row[4]) else {
            throw CorruptRow(column: "deploy")
        }
        let commit = (row[8] as String?).map { CommitID($0) }
        guard commit != .some(nil) else { throw CorruptRow(column: "currentCommitID") }
        let text: String = row[7]
        let binding = try bindings[text] ?? GitRefBinding(text)
        bindings[text] = binding
        site = SiteStatistics(
            label: SiteLabel(stored: row[6]), app: try AppName(row[5]), ref: row[9],
            binding: binding, isRunning: isRunning, commit: commit ?? nil, latestDeploy: deploy,
            latestStatus: status)
    }
}
