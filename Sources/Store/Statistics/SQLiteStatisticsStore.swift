import Core
import Foundation
import GRDB

/// Figures out of SQLite.
public struct SQLiteStatisticsStore: StatisticsStore {
    private let database: SQLiteDatabase

    public init(_ database: SQLiteDatabase) { self.database = database }

    /// Four statements beside each other: each half of the long list takes a connection, and another one counts.
    public func statistics(owner: ID<User>, now: Date) async throws(PlatformError) -> UserStatistics {
        async let even = database.attemptRead { db in try ChannelList.half(0, of: owner, db) }
        async let odd = database.attemptRead { db in try ChannelList.half(1, of: owner, db) }
        async let counted = database.attemptRead { db in
            (try Self.countDeploys(owner, now, db), try Self.liveInstances(owner, db))
        }
        let list = ChannelList.merge(try await even.get(), try await odd.get())
        let (deploys, instances) = try await counted.get()
        var figures = UserStatistics()
        figures.apps = list.apps
        figures.channels = list.channels
        figures.runningChannels = list.runningChannels
        figures.sites = list.sites.map(\.site)
        figures.deploysLastHour = deploys.hour
        figures.deploysLastDay = deploys.day
        figures.successLastDay = deploys.success
        figures.failedLastDay = deploys.failed
        figures.instances = instances
        return figures
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

    private static func countDeploys(
        _ owner: ID<User>, _ now: Date, _ db: Database
    ) throws -> (hour: Int, day: Int, success: Int, failed: Int) {
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
        guard let row = try Row.fetchOne(statement, arguments: [hour.seconds, day.seconds, owner.text]) else {
            return (0, 0, 0, 0)
        }
        return (row["hour"], row["day"], row["success"], row["failed"])
    }
}

/// Apps and channels of a user, counted and listed in one pass.
private struct ChannelList: Sendable {
    var apps = 0
    var channels = 0
    var runningChannels = 0
    /// In the order of the apps.
    var sites: [(app: Int64, site: SiteStatistics)] = []

    /// Every second app: those whose sequence, divided by two, leaves `rest`.
    static func half(_ rest: Int, of owner: ID<User>, _ db: Database) throws -> ChannelList {
        let rows = try Row.fetchCursor(
            db.cachedStatement(sql: ChannelSummary.selection), arguments: [owner.text, rest])
        var list = ChannelList()
        var bindings: [String: GitRefBinding] = [:]
        var lastApp: Int64?
        while let row = try rows.next().map({ try ChannelSummary($0, &bindings) }) {
            if row.app != lastApp { list.apps += 1 }
            lastApp = row.app
            guard row.isChannel else { continue }
            list.channels += 1
            if row.isRunning { list.runningChannels += 1 }
            if let site = row.site { list.sites.append((row.app, site)) }
        }
        return list
    }

    static func merge(_ one: ChannelList, _ other: ChannelList) -> ChannelList {
        var merged = ChannelList(
            apps: one.apps + other.apps, channels: one.channels + other.channels,
            runningChannels: one.runningChannels + other.runningChannels)
        merged.sites.reserveCapacity(one.sites.count + other.sites.count)
        var rest = other.sites[...]
        for entry in one.sites {
            while let next = rest.first, next.app < entry.app { merged.sites.append(rest.removeFirst()) }
            merged.sites.append(entry)
        }
        merged.sites += rest
        return merged
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
        WHERE app.ownerID = ? AND app.isDeleted = 0 AND app.sequence % 2 = ?
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
