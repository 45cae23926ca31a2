import Core
import GRDB

/// Users in SQLite.
public struct SQLiteUserStore: UserStore {
    private let database: SQLiteDatabase

    public init(_ database: SQLiteDatabase) { self.database = database }

    public func insert(_ user: User) async throws(PlatformError) {
        try await database.write { db in try UserRecord.insert(user, db) }
    }

    public func user(named name: UserName) async throws(PlatformError) -> User? {
        try await database.read { db in
            try UserRecord.one(db, "SELECT * FROM user WHERE name = ?", [name.rawValue])?.user
        }
    }

    public func users() async throws(PlatformError) -> [User] {
        try await database.read { db in try UserRecord.all(db, "SELECT * FROM user ORDER BY sequence").map(\.user) }
    }

    public func hasAdmin() async throws(PlatformError) -> Bool {
        try await database.read { db in
            try Int.fetchOne(db.cachedStatement(sql: "SELECT 1 FROM user WHERE isAdmin = 1 LIMIT 1")) != nil
        }
    }
}
