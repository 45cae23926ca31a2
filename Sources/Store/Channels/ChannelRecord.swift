import Core
import GRDB

/// A row of `channel`.
struct ChannelRecord: FetchableRecord {
    /// The first account that channels get: above the ranges that Debian gives to users and to subordinate ids of the
    /// first user (`/etc/login.defs`, `/etc/subuid`).
    static let firstAccount = 200_000

    let channel: Channel

    init(row: Row) throws {
        channel = Channel(
            id: try row.id("id"), appID: try row.id("appID"), name: try ChannelName(row["name"]),
            label: SiteLabel(stored: row["label"]), binding: try GitRefBinding(row["binding"]),
            account: row["account"], currentRelease: try row.optionalID("currentReleaseID"),
            currentCommit: try row.optionalCommit("currentCommitID"), createdAt: row.date("createdAt"))
    }

    /// Adds the channel with the lowest account that no channel has.
    static func insert(_ channel: Channel, _ db: Database) throws {
        // A channel of the same name in the same app has the same hostname, and SQLite names either rule: the name is the
        // reason to give then.
        let name = "this app already has a channel named \(channel.name)"
        let hostname = "the hostname \(channel.label) is taken"
        let rules = [
            UniqueRule(columns: "channel.appID, channel.name", field: "name", message: name),
            UniqueRule(columns: "channel.label", field: "hostname", message: hostname),
        ]
        do {
            try UniqueRule.enforce(rules) {
                try db.run(
                    """
                    INSERT INTO channel
                        (id, appID, name, label, binding, account, currentReleaseID, currentCommitID, createdAt)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                    [
                        channel.id.text, channel.appID.text, channel.name.rawValue, channel.label.rawValue,
                        channel.binding.description, try freeAccount(db), channel.currentRelease?.text,
                        channel.currentCommit?.rawValue, channel.createdAt.seconds,
                    ])
            }
        } catch let error as PlatformError where error.message == hostname {
            let taken = try db.cachedStatement(
                sql: "SELECT 1 FROM channel WHERE appID = ? AND name = ? AND isDeleted = 0")
            let isTaken = try Int.fetchOne(taken, arguments: [channel.appID.text, channel.name.rawValue]) != nil
            throw isTaken ? PlatformError(.conflict, name, details: ["field": "name"]) : error
        }
    }

    /// Either the first account, or the one after some account that has a gap behind it. Channels that are being deleted
    /// still hold theirs: their containers may run.
    private static func freeAccount(_ db: Database) throws -> Int {
        let sql = """
            SELECT CASE WHEN NOT EXISTS (SELECT 1 FROM channel WHERE account = \(firstAccount)) THEN \(firstAccount)
            ELSE (SELECT MIN(account) + 1 FROM channel AS taken
                  WHERE NOT EXISTS (SELECT 1 FROM channel WHERE account = taken.account + 1)) END
            """
        return try Int.fetchOne(db.cachedStatement(sql: sql)) ?? firstAccount
    }
}
