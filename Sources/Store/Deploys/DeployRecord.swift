import Core
import Foundation
import GRDB

/// A row of `deploy`.
struct DeployRecord: FetchableRecord {
    /// Order of creation.
    let sequence: Int64
    let deploy: Deploy

    init(row: Row) throws {
        sequence = row["sequence"]
        deploy = Deploy(
            id: try row.id("id"), appID: try row.id("appID"), channelID: try row.id("channelID"),
            requested: row["requested"], ref: row["ref"], commit: try row.optionalCommit("commitID"),
            status: try row.choice("status"), failure: row["failure"], release: try row.optionalID("releaseID"),
            attempts: row["attempts"], createdAt: row.date("createdAt"), startedAt: row.optionalDate("startedAt"),
            finishedAt: row.optionalDate("finishedAt"))
    }

    /// Returns the new row's sequence.
    static func insert(_ deploy: Deploy, _ db: Database) throws -> Int64 {
        try db.run(
            """
            INSERT INTO deploy (id, appID, channelID, requested, ref, commitID, status, failure, releaseID, attempts,
                                createdAt, startedAt, finishedAt)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                deploy.id.text, deploy.appID.text, deploy.channelID.text, deploy.requested, deploy.ref,
                deploy.commit?.rawValue, deploy.status.rawValue, deploy.failure, deploy.release?.text,
                deploy.attempts, deploy.createdAt.seconds, deploy.startedAt?.seconds, deploy.finishedAt?.seconds,
            ])
        return db.lastInsertedRowID
    }

    static func find(_ id: ID<Deploy>, _ db: Database) throws -> DeployRecord? {
        try one(db, "SELECT * FROM deploy WHERE id = ?", [id.text])
    }

    /// The deploy, when its status may become `next`.
    static func find(_ id: ID<Deploy>, becoming next: DeployStatus, _ db: Database) throws -> Deploy? {
        guard let deploy = try find(id, db)?.deploy, deploy.status.canBecome(next) else { return nil }
        return deploy
    }

    static func end(
        _ id: ID<Deploy>, as status: DeployStatus, failure: String? = nil, release: ID<Release>? = nil, at date: Date,
        _ db: Database
    ) throws {
        try db.run(
            "UPDATE deploy SET status = ?, failure = ?, releaseID = COALESCE(?, releaseID), finishedAt = ? WHERE id = ?",
            [status.rawValue, failure, release?.text, date.seconds, id.text])
    }
}
