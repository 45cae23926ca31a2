import Core
import Foundation
import GRDB

/// API tokens in SQLite: digests only.
public struct SQLiteTokenStore: TokenStore {
    private let database: SQLiteDatabase
    /// Every request asks for its token.
    private let known = ReadCache<Data, (token: Token, user: User)>()
    /// Every push asks more than once whether its token is still good.
    private let owned = ReadCache<ID<User>, [Token]>()

    public init(_ database: SQLiteDatabase) { self.database = database }

    public func insert(_ token: Token) async throws(PlatformError) {
        try await database.write { db in
            try db.run(
                """
                INSERT INTO token (id, userID, digest, scopes, label, createdAt, revokedAt)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """,
                [
                    token.id.text, token.userID.text, token.digest, TokenRecord.text(token.scopes), token.label,
                    token.createdAt.seconds, token.revokedAt?.seconds,
                ])
            return
        }
    }

    public func token(digest: Data) async throws(PlatformError) -> (token: Token, user: User)? {
        try await known.value(digest, version: database.version) { () async throws(PlatformError) in
            try await database.read { db in
                try TokenRecord.one(db, "\(TokenRecord.selection) WHERE token.digest = ?", [digest])
                    .map { ($0.token, $0.user) }
            }
        }
    }

    public func revoke(_ id: ID<Token>, owner: ID<User>, at date: Date) async throws(PlatformError) -> Bool {
        try await database.write { db in
            try db.run(
                "UPDATE token SET revokedAt = ? WHERE id = ? AND userID = ? AND revokedAt IS NULL",
                [date.seconds, id.text, owner.text]) > 0
        }
    }

    public func tokens(owner: ID<User>) async throws(PlatformError) -> [Token] {
        try await owned.value(owner, version: database.version) { () async throws(PlatformError) in
            try await database.read { db in
                try TokenRecord.all(
                    db,
                    "\(TokenRecord.selection) WHERE token.userID = ? AND token.revokedAt IS NULL ORDER BY token.rowid",
                    [owner.text]
                ).map(\.token)
            }
        } ?? []
    }

    public func noteUse(_ uses: [ID<Token>: Date]) async throws(PlatformError) {
        try await database.write { db in
            for (id, date) in uses {
                try db.run("UPDATE token SET lastUsedAt = ? WHERE id = ?", [date.seconds, id.text])
            }
        }
    }
}
