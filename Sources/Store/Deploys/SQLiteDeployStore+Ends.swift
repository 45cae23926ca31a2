import Core
import Foundation
import GRDB

extension SQLiteDeployStore {
    public func succeed(
        _ id: ID<Deploy>, release: ID<Release>, instance: ID<Instance>?, report: DeployReport?, at date: Date
    ) async throws(PlatformError) {
        try await database.write { db in
            guard let deploy = try DeployRecord.find(id, becoming: .success, db) else {
                throw PlatformError(.conflict, "the deploy is not running")
            }
            try Self.requireLive(deploy.channelID, db)
            try DeployRecord.end(id, as: .success, release: release, at: date, db)
            if let report { try Self.keep(report, of: id, db) }
            try Self.serve(release, commit: deploy.commit, instance: instance, channel: deploy.channelID, db)
            try BranchTipRecord.settle(deploy, db)
        }
    }

    public func switched(
        _ id: ID<Deploy>, release: ID<Release>, instance: ID<Instance>?, report: DeployReport?
    ) async throws(PlatformError) {
        try await database.write { db in
            guard let deploy = try DeployRecord.find(id, becoming: .success, db) else {
                throw PlatformError(.conflict, "the deploy is not running")
            }
            try Self.requireLive(deploy.channelID, db)
            try db.run("UPDATE deploy SET releaseID = ? WHERE id = ?", [release.text, id.text])
            if let report { try Self.keep(report, of: id, db) }
            try Self.serve(release, commit: deploy.commit, instance: instance, channel: deploy.channelID, db)
        }
    }

    public func goBack(
        _ id: ID<Deploy>, to former: ID<Release>, instance: ID<Instance>?, reason: String, at date: Date
    ) async throws(PlatformError) {
        try await database.write { db in
            guard let deploy = try DeployRecord.find(id, becoming: .success, db) else {
                throw PlatformError(.conflict, "the deploy is not running")
            }
            try Self.requireLive(deploy.channelID, db)
            let row = try ReleaseRecord.one(
                db, "SELECT \(ReleaseRecord.columns) FROM release WHERE id = ?", [former.text])
            guard let row else { throw PlatformError(.conflict, "the former release is gone") }
            try DeployRecord.end(id, as: .failed, failure: reason, at: date, db)
            try Self.serve(former, commit: row.release.commit, instance: instance, channel: deploy.channelID, db)
            try BranchTipRecord.settle(deploy, db)
        }
    }

    /// From now on the channel serves this, and its other instances are on their way out.
    private static func serve(
        _ release: ID<Release>, commit: CommitID?, instance: ID<Instance>?, channel: ID<Channel>, _ db: Database
    ) throws {
        try db.run(
            "UPDATE channel SET currentReleaseID = ?, currentCommitID = ? WHERE id = ?",
            [release.text, commit?.rawValue, channel.text])
        try db.run(
            """
            UPDATE instance SET state = CASE WHEN id = ? THEN 'live' ELSE 'draining' END
            WHERE channelID = ? AND state NOT IN ('stopped', 'asleep')
            """,
            [instance?.text, channel.text])
        // Of what was asleep nothing runs, and there is no log.
        try db.run("DELETE FROM instance WHERE channelID = ? AND state = 'asleep'", [channel.text])
    }

    @discardableResult
    public func fail(_ id: ID<Deploy>, reason: String, at date: Date) async throws(PlatformError) -> Deploy? {
        try await database.write { db in
            if let deploy = try DeployRecord.find(id, becoming: .failed, db) {
                try DeployRecord.end(id, as: .failed, failure: reason, at: date, db)
                try BranchTipRecord.settle(deploy, db)
            }
            return try DeployRecord.find(id, db)?.deploy
        }
    }

    public func failQueued(_ id: ID<Deploy>, reason: String, at date: Date) async throws(PlatformError) -> Bool {
        try await database.write { db in
            guard let deploy = try DeployRecord.find(id, db)?.deploy, deploy.status == .queued else { return false }
            try DeployRecord.end(id, as: .failed, failure: reason, at: date, db)
            try BranchTipRecord.settle(deploy, db)
            return true
        }
    }
}
