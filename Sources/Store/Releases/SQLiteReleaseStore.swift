import Core
import GRDB

/// Releases in SQLite; env snapshots are sealed.
public struct SQLiteReleaseStore: ReleaseStore {
    private let database: SQLiteDatabase

    public init(_ database: SQLiteDatabase) { self.database = database }

    public func insert(_ release: Release, environment: [String: String]) async throws(PlatformError) {
        let secrets = database.secrets
        try await database.write { db in
            try ReleaseRecord.insert(release, environment: environment, db, secrets: secrets)
        }
    }

    public func release(_ id: ID<Release>) async throws(PlatformError) -> Release? {
        try await database.read { db in
            try ReleaseRecord.one(db, "SELECT \(ReleaseRecord.columns) FROM release WHERE id = ?", [id.text])?.release
        }
    }

    /// Throws `.notFound` when there is no such release.
    public func environment(of id: ID<Release>) async throws(PlatformError) -> [String: String] {
        let secrets = database.secrets
        return try await database.read { db in
            guard let values = try ReleaseRecord.environment(of: id, db, secrets: secrets) else {
                throw PlatformError.notFound("release")
            }
            return values
        }
    }

    public func releases(channel: ID<Channel>) async throws(PlatformError) -> [Release] {
        try await database.read { db in
            let sql = "SELECT \(ReleaseRecord.columns) FROM release WHERE channelID = ? ORDER BY sequence DESC"
            return try ReleaseRecord.all(db, sql, [channel.text]).map(\.release)
        }
    }

    public func delete(_ id: ID<Release>) async throws(PlatformError) {
        try await database.write { db in
            try db.run("DELETE FROM release WHERE id = ?", [id.text])
            return
        }
    }

    public func allReleaseIDs() async throws(PlatformError) -> Set<ID<Release>> {
        try await database.read { db in
            Set(try Row.fetchAll(db.cachedStatement(sql: "SELECT id FROM release")).map { try $0.id("id") })
        }
    }
}
