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
}
