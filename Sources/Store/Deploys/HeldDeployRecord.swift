import Core
import GRDB

/// A row of `heldDeploy`: a queued deploy in waiting.
struct HeldDeployRecord: FetchableRecord {
    let deploy: Deploy

    init(row: Row) throws {
        deploy = Deploy(
            id: try row.id("id"), appID: try row.id("appID"), channelID: try row.id("channelID"),
            requested: row["requested"], ref: row["ref"], commit: try row.optionalCommit("commitID"),
            createdAt: row.date("createdAt"))
    }

    static func insert(_ deploy: Deploy, _ db: Database) throws {
        try db.run(
            """
            INSERT INTO heldDeploy (id, appID, channelID, requested, ref, commitID, createdAt)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
            [
                deploy.id.text, deploy.appID.text, deploy.channelID.text, deploy.requested, deploy.ref,
                deploy.commit?.rawValue, deploy.createdAt.seconds,
            ])
    }

    /// Removes the row and returns what it held.
    static func take(_ id: ID<Deploy>, _ db: Database) throws -> Deploy? {
        let record = try one(db, "SELECT * FROM heldDeploy WHERE id = ?", [id.text])
        try db.run("DELETE FROM heldDeploy WHERE id = ?", [id.text])
        return record?.deploy
    }
}
