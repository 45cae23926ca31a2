import Core
import GRDB

/// A row of `branchTip`: what the deploys of a ref's newest commit came to. Pushers are shown a failed branch at its last
/// good commit, so that pushing the failed one again tries again.
struct BranchTipRecord: FetchableRecord {
    let ref: String
    let lastGood: CommitID?
    let failedCommit: CommitID?

    init(row: Row) throws {
        ref = row["ref"]
        lastGood = try row.optionalCommit("lastGood")
        failedCommit = try row.optionalCommit("failedCommit")
    }

    /// Notes the end of `deploy`, in the transaction that ends it. The newest deploy of each channel for the same ref and
    /// commit counts: one that failed fails the tip, all of them succeeding makes it good, otherwise it stays as it is.
    /// The end of a deploy whose commit is no longer the ref's newest changes nothing.
    static func settle(_ deploy: Deploy, _ db: Database) throws {
        guard let ref = deploy.ref, let commit = deploy.commit else { return }
        let newest = try db.cachedStatement(
            sql: """
                SELECT commitID FROM deploy WHERE appID = ? AND ref = ? AND commitID IS NOT NULL
                ORDER BY sequence DESC LIMIT 1
                """)
        guard try String.fetchOne(newest, arguments: [deploy.appID.text, ref]) == commit.rawValue else { return }
        // With MAX, SQLite takes the other columns from the row that has the maximum.
        let states = try db.cachedStatement(
            sql: """
                SELECT deploy.status, MAX(deploy.sequence)
                FROM deploy JOIN channel ON channel.id = deploy.channelID AND channel.isDeleted = 0
                WHERE deploy.appID = ? AND deploy.ref = ? AND deploy.commitID = ? GROUP BY deploy.channelID
                """)
        let statuses = try String.fetchAll(states, arguments: [deploy.appID.text, ref, commit.rawValue])
        if statuses.contains(DeployStatus.failed.rawValue) {
            try db.run(
                """
                INSERT INTO branchTip (appID, ref, failedCommit) VALUES (?, ?, ?)
                ON CONFLICT (appID, ref) DO UPDATE SET failedCommit = excluded.failedCommit
                """,
                [deploy.appID.text, ref, commit.rawValue])
        } else if !statuses.isEmpty, statuses.allSatisfy({ $0 == DeployStatus.success.rawValue }) {
            try db.run(
                """
                INSERT INTO branchTip (appID, ref, lastGood) VALUES (?, ?, ?)
                ON CONFLICT (appID, ref) DO UPDATE SET lastGood = excluded.lastGood, failedCommit = NULL
                """,
                [deploy.appID.text, ref, commit.rawValue])
        }
    }
}
