import Core
import GRDB

/// A row of `token` joined with its owner, whose columns are prefixed `user_`.
struct TokenRecord: FetchableRecord {
    static let selection = """
        SELECT token.*, user.id AS user_id, user.name AS user_name, user.isAdmin AS user_isAdmin,
               user.createdAt AS user_createdAt
        FROM token JOIN user ON user.id = token.userID
        """

    let token: Token
    let user: User

    init(row: Row) throws {
        user = try UserRecord.user(row, prefix: "user_")
        token = Token(
            id: try row.id("id"), userID: user.id, digest: row["digest"], scopes: try Self.scopes(row["scopes"]),
            label: row["label"], createdAt: row.date("createdAt"), revokedAt: row.optionalDate("revokedAt"),
            lastUsedAt: row.optionalDate("lastUsedAt"))
    }

    /// Scopes are kept separated by spaces.
    static func text(_ scopes: [Scope]) -> String { scopes.map(\.rawValue).joined(separator: " ") }

    private static func scopes(_ text: String) throws -> [Scope] {
        try text.split(separator: " ").map { part in
            guard let scope = Scope(rawValue: String(part)) else { throw CorruptRow(column: "scopes") }
            return scope
        }
    }
}
