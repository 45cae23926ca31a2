import Core
import Foundation
import GRDB

extension SQLiteDeployStore {
    public func hold(_ deploys: [Deploy]) async throws(PlatformError) {
        try await database.write { db in
            for deploy in deploys {
                try Self.requireLive(deploy.channelID, db)
                try HeldDeployRecord.insert(deploy, db)
            }
        }
    }

    public func held() async throws(PlatformError) -> [Deploy] {
        try await database.read { db in
            try HeldDeployRecord.all(db, "SELECT * FROM heldDeploy ORDER BY sequence").map(\.deploy)
        }
    }

    public func release(_ ids: [ID<Deploy>], at date: Date) async throws(PlatformError) -> [Deploy] {
        try await database.write { db in
            let deploys = try ids.compactMap { try HeldDeployRecord.take($0, db) }
                .filter { try Self.isLive($0.channelID, db) }
            return try Self.queue(deploys, at: date, db)
        }
    }

    public func discard(_ ids: [ID<Deploy>]) async throws(PlatformError) {
        try await database.write { db in for id in ids { _ = try HeldDeployRecord.take(id, db) } }
    }
}
