import Core
import Foundation
import GRDB

/// A row of `invite`.
struct InviteRecord: FetchableRecord {
    let invite: Invite

    init(row: Row) throws {
        invite = Invite(
            id: try row.id("id"), digest: row["digest"], label: row["label"], createdBy: try row.id("createdBy"),
            createdAt: row.date("createdAt"), expiresAt: row.date("expiresAt"), usedAt: row.optionalDate("usedAt"))
    }
}

/// Invites in SQLite: digests only.
public struct SQLiteInviteStore: InviteStore {
    private let database: SQLiteDatabase

    public init(_ database: SQLiteDatabase) { self.database = database }

    public func insert(_ invite: Invite) async throws(PlatformError) {
        try await database.write { db in
            try db.run(
                """
                INSERT INTO invite (id, digest, label, createdBy, createdAt, expiresAt, usedAt)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """,
                [
                    invite.id.text, invite.digest, invite.label, invite.createdBy.text, invite.createdAt.seconds,
                    invite.expiresAt.seconds, invite.usedAt?.seconds,
                ])
            return
        }
    }

    public func invites() async throws(PlatformError) -> [Invite] {
        try await database.read { db in
            try InviteRecord.all(db, "SELECT * FROM invite ORDER BY sequence").map(\.invite)
        }
    }

    public func delete(_ id: ID<Invite>) async throws(PlatformError) -> Bool {
        try await database.write { db in try db.run("DELETE FROM invite WHERE id = ?", [id.text]) > 0 }
    }

    public func redeem(_ digest: Data, for user: User, at date: Date) async throws(PlatformError) {
        try await database.write { db in
            let used = try db.run(
                "UPDATE invite SET usedAt = ? WHERE digest = ? AND usedAt IS NULL AND expiresAt > ?",
                [date.seconds, digest, date.seconds])
            guard used > 0 else {
                throw PlatformError(.tokenInvalid, "this invite does not exist, was used or has expired")
            }
            try UserRecord.insert(user, db)
        }
    }
}
