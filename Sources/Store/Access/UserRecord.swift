import Core
import GRDB

/// A row of `user`.
struct UserRecord: FetchableRecord {
    let user: User

    init(row: Row) throws { user = try Self.user(row) }

    /// Reads a user from columns that may have a prefix in a joined row.
    static func user(_ row: Row, prefix: String = "") throws -> User {
        User(
            id: try row.id("\(prefix)id"), name: try UserName(row["\(prefix)name"]), isAdmin: row["\(prefix)isAdmin"],
            createdAt: row.date("\(prefix)createdAt"))
    }

    /// Throws `.conflict` when the name is taken.
    static func insert(_ user: User, _ db: Database) throws {
        let rule = UniqueRule(columns: "user.name", field: "name", message: "the user name \(user.name) is taken")
        try UniqueRule.enforce([rule]) {
            try db.run(
                "INSERT INTO user (id, name, isAdmin, createdAt) VALUES (?, ?, ?, ?)",
                [user.id.text, user.name.rawValue, user.isAdmin, user.createdAt.seconds])
        }
    }
}
