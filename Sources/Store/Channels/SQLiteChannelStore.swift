import Core
import Foundation
import GRDB

/// Channels in SQLite.
public struct SQLiteChannelStore: ChannelStore {
    /// The contract's order.
    private static let order = "ORDER BY name <> '\(Channel.prodName)', sequence"

    private let database: SQLiteDatabase
    private let known = ReadCache<ID<App>, [Channel]>()

    public init(_ database: SQLiteDatabase) { self.database = database }

    public func insert(_ channel: Channel, database record: DatabaseRecord) async throws(PlatformError) {
        let secrets = database.secrets
        try await database.write { db in
            let app = try Row.fetchOne(
                db.cachedStatement(sql: "SELECT 1 FROM app WHERE id = ? AND isDeleted = 0"),
                arguments: [channel.appID.text])
            guard app != nil else { throw PlatformError.notFound("app") }
            try ChannelRecord.insert(channel, db)
            try ChannelDatabaseRecord.insert(record, db, secrets: secrets)
        }
    }

    public func channels(app: ID<App>) async throws(PlatformError) -> [Channel] {
        let channels = try await known.value(app, version: database.version) { () async throws(PlatformError) in
            try await all("WHERE appID = ? AND isDeleted = 0 \(Self.order)", [app.text])
        }
        return channels ?? []
    }

    public func channels(apps: [ID<App>]) async throws(PlatformError) -> [ID<App>: [Channel]] {
        // One bound value whatever the number of apps: SQLite limits the parameters of a statement.
        let list = "[\(apps.map { "\"\($0.text)\"" }.joined(separator: ","))]"
        let channels = try await all(
            "WHERE appID IN (SELECT value FROM json_each(?)) AND isDeleted = 0 \(Self.order)", [list])
        return Dictionary(grouping: channels, by: \.appID)
    }

    public func channel(_ id: ID<Channel>, app: ID<App>) async throws(PlatformError) -> Channel? {
        try await one("WHERE id = ? AND appID = ? AND isDeleted = 0", [id.text, app.text])
    }

    public func channel(_ id: ID<Channel>) async throws(PlatformError) -> Channel? {
        try await one("WHERE id = ? AND isDeleted = 0", [id.text])
    }

    public func allChannels() async throws(PlatformError) -> [Channel] {
        try await all("WHERE isDeleted = 0 ORDER BY sequence", [])
    }

    public func setBinding(_ binding: GitRefBinding, channel: ID<Channel>) async throws(PlatformError) {
        try await database.write { db in
            let changed = try db.run(
                "UPDATE channel SET binding = ? WHERE id = ? AND isDeleted = 0", [binding.description, channel.text])
            guard changed > 0 else { throw PlatformError.notFound("channel") }
        }
    }

    public func markDeleted(_ id: ID<Channel>, app: ID<App>) async throws(PlatformError) -> Bool {
        try await database.write { db in
            try db.run(
                "UPDATE channel SET isDeleted = 1 WHERE id = ? AND appID = ? AND isDeleted = 0", [id.text, app.text])
                > 0
        }
    }

    public func deletedChannels() async throws(PlatformError) -> [Channel] {
        try await all("WHERE isDeleted = 1 ORDER BY sequence", [])
    }

    public func purge(_ id: ID<Channel>) async throws(PlatformError) {
        try await database.write { db in
            try db.run("DELETE FROM channel WHERE id = ? AND isDeleted = 1", [id.text])
            return
        }
    }

    private func all(_ condition: String, _ arguments: [String]) async throws(PlatformError) -> [Channel] {
        try await database.read { db in
            try ChannelRecord.all(db, "SELECT * FROM channel \(condition)", StatementArguments(arguments)).map(
                \.channel)
        }
    }

    private func one(_ condition: String, _ arguments: [String]) async throws(PlatformError) -> Channel? {
        try await database.read { db in
            try ChannelRecord.one(db, "SELECT * FROM channel \(condition)", StatementArguments(arguments))?.channel
        }
    }
}
