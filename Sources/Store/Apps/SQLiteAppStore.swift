import Core
import GRDB

/// Apps in SQLite. That a name or a hostname is taken is decided by unique indexes, not by a look-up before.
public struct SQLiteAppStore: AppStore {
    private let database: SQLiteDatabase
    private let known = ReadCache<[String], App>()
    /// Every request of git asks by name.
    private let named = ReadCache<[String], App>()
    private let owned = ReadCache<ID<User>, [App]>()

    public init(_ database: SQLiteDatabase) { self.database = database }

    public func insert(_ app: App, prod: Channel, database record: DatabaseRecord) async throws(PlatformError) {
        let secrets = database.secrets
        try await database.write { db in
            try AppRecord.insert(app, db)
            try ChannelRecord.insert(prod, db)
            try ChannelDatabaseRecord.insert(record, db, secrets: secrets)
        }
    }

    public func apps(owner: ID<User>) async throws(PlatformError) -> [App] {
        try await owned.value(owner, version: database.version) { () async throws(PlatformError) in
            try await all("WHERE app.ownerID = ? AND app.isDeleted = 0 ORDER BY app.sequence", [owner.text])
        } ?? []
    }

    public func app(_ id: ID<App>, owner: ID<User>) async throws(PlatformError) -> App? {
        let key = [id.text, owner.text]
        return try await known.value(key, version: database.version) { () async throws(PlatformError) in
            try await one("WHERE app.id = ? AND app.ownerID = ? AND app.isDeleted = 0", key)
        }
    }

    public func app(named name: AppName, owner: ID<User>) async throws(PlatformError) -> App? {
        let key = [owner.text, name.rawValue]
        return try await named.value(key, version: database.version) { () async throws(PlatformError) in
            try await one("WHERE app.ownerID = ? AND app.name = ? AND app.isDeleted = 0", key)
        }
    }

    public func app(_ id: ID<App>) async throws(PlatformError) -> App? {
        try await one("WHERE app.id = ? AND app.isDeleted = 0", [id.text])
    }

    public func allApps() async throws(PlatformError) -> [App] {
        try await all("WHERE app.isDeleted = 0 ORDER BY app.sequence", [])
    }

    public func setProtectedBranches(
        _ branches: Set<BranchName>, of id: ID<App>, owner: ID<User>
    ) async throws(PlatformError) -> Bool {
        try await database.write { db in
            try db.run(
                "UPDATE app SET protectedBranches = ? WHERE id = ? AND ownerID = ? AND isDeleted = 0",
                [AppRecord.text(branches), id.text, owner.text]) > 0
        }
    }

    public func markDeleted(_ id: ID<App>, owner: ID<User>) async throws(PlatformError) -> Bool {
        try await database.write { db in
            let marked = try db.run(
                "UPDATE app SET isDeleted = 1 WHERE id = ? AND ownerID = ? AND isDeleted = 0", [id.text, owner.text])
            guard marked > 0 else { return false }
            try db.run("UPDATE channel SET isDeleted = 1 WHERE appID = ?", [id.text])
            return true
        }
    }

    public func deletedApps() async throws(PlatformError) -> [App] {
        try await all("WHERE app.isDeleted = 1 ORDER BY app.sequence", [])
    }

    public func purge(_ id: ID<App>) async throws(PlatformError) {
        try await database.write { db in
            try db.run("DELETE FROM app WHERE id = ? AND isDeleted = 1", [id.text])
            return
        }
    }

    private func all(_ condition: String, _ arguments: [String]) async throws(PlatformError) -> [App] {
        try await database.read { db in
            try AppRecord.all(db, "\(AppRecord.selection) \(condition)", StatementArguments(arguments)).map(\.app)
        }
    }

    private func one(_ condition: String, _ arguments: [String]) async throws(PlatformError) -> App? {
        try await database.read { db in
            try AppRecord.one(db, "\(AppRecord.selection) \(condition)", StatementArguments(arguments))?.app
        }
    }
}
