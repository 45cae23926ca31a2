import Core
import Foundation
import GRDB

extension SQLiteDeployStore {
    public func succeed(
        _ id: ID<Deploy>, release: ID<Release>, instance: ID<Instance>?, at date: Date
    ) async throws(PlatformError) {
        try await database.write { db in
            guard let deploy = try DeployRecord.find(id, becoming: .success, db) else {
                throw PlatformError(.conflict, "the deploy is not running")
            }
            try Self.requireLive(deploy.channelID, db)
            try DeployRecord.end(id, as: .success, release: release, at: date, db)
            try db.run(
                "UPDATE channel SET currentReleaseID = ?, currentCommitID = ? WHERE id = ?",
                [release.text, deploy.commit?.rawValue, deploy.channelID.text])
            try db.run(
                "UPDATE instance SET state = CASE WHEN id = ? THEN 'live' ELSE 'draining' END WHERE channelID = ?",
                [instance?.text, deploy.channelID.text])
            try BranchTipRecord.settle(deploy, db)
        }
    }

    public func fail(_ id: ID<Deploy>, reason: String, at date: Date) async throws(PlatformError) {
        try await database.write { db in
            guard let deploy = try DeployRecord.find(id, becoming: .failed, db) else { return }
            try DeployRecord.end(id, as: .failed, failure: reason, at: date, db)
            try BranchTipRecord.settle(deploy, db)
        }
    }
}
