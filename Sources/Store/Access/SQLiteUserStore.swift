import Core
import GRDB

/// Users in SQLite.
public struct SQLiteUserStore: UserStore {
    private let database: SQLiteDatabase

    public init(_ database: SQLiteDatabase) { self.database = database }

    public func insert(_ user: User) async throws(PlatformError) {
        let rule = UniqueRule(columns: "user.name", field: "name", message: "the user name \(user.name) is taken")
        try await database.write { db in
            try UniqueRule.enforce([rule]) {
                try db.run(
                    "INSERT INTO user (id, name, isAdmin, createdAt) VALUES (?, ?, ?, ?)",
                    [user.id.text, user.name.rawValue, user.isAdmin, user.createdAt.seconds])
            }
            return
        }
    }

    public func user(named name: UserName) async throws(PlatformError) -> User? {
        try await database.read { db in
            try UserRecord.one(db, "SELECT * FROM user WHERE name = ?", [name.rawValue])?.user
        }
    }

    public func users() async throws(PlatformError) -> [User] {
        try await database.read { db in try UserRecord.all(db, "SELECT * FROM user ORDER BY sequence").map(\.user) }
    }
}
