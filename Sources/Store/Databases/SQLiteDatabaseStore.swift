import Core
import GRDB

/// Database records in SQLite; role passwords are sealed.
public struct SQLiteDatabaseStore: DatabaseStore {
    private let database: SQLiteDatabase

    public init(_ database: SQLiteDatabase) { self.database = database }

    public func database(channel: ID<Channel>) async throws(PlatformError) -> DatabaseRecord? {
        let secrets = database.secrets
        return try await database.read { db in
            try ChannelDatabaseRecord.one(db, "SELECT * FROM channelDatabase WHERE channelID = ?", [channel.text])?
                .record(secrets: secrets)
        }
    }

    public func databases() async throws(PlatformError) -> [DatabaseRecord] {
        let secrets = database.secrets
        return try await database.read { db in
            try ChannelDatabaseRecord.all(
                db,
                """
                SELECT channelDatabase.* FROM channelDatabase JOIN channel ON channel.id = channelDatabase.channelID
                WHERE channel.isDeleted = 0 ORDER BY channel.sequence
                """, []
            ).map { try $0.record(secrets: secrets) }
        }
    }

    public func setStatus(
        _ status: DatabaseRecord.Status, lastError: String?, channel: ID<Channel>
    ) async throws(PlatformError) {
        try await database.write { db in
            let changed = try db.run(
                "UPDATE channelDatabase SET status = ?, lastError = ? WHERE channelID = ?",
                [status.rawValue, lastError, channel.text])
            guard changed > 0 else { throw PlatformError.notFound("database") }
        }
    }
}
