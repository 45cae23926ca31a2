import Core
import Foundation
import GRDB

/// Deploys in SQLite. Steps that end a deploy are in `SQLiteDeployStore+Ends.swift`, those before it is
/// queued in `SQLiteDeployStore+Held.swift`.
public struct SQLiteDeployStore: DeployStore {
    let database: SQLiteDatabase
    /// Every push asks what it may show.
    private let failed = ReadCache<ID<App>, [FailedTip]>()

    public init(_ database: SQLiteDatabase) { self.database = database }

    /// Throws `.conflict` when a channel is gone.
    public func enqueue(_ deploys: [Deploy], at date: Date) async throws(PlatformError) -> [Deploy] {
        try await database.write { db in
            for deploy in deploys { try Self.requireLive(deploy.channelID, db) }
            return try Self.queue(deploys, at: date, db)
        }
    }

    /// Adds the deploys and ends what waited on their channels before; that is returned, each once.
    static func queue(_ deploys: [Deploy], at date: Date, _ db: Database) throws -> [Deploy] {
        var older: [Deploy] = []
        for channel in Set(deploys.map(\.channelID)) {
            older += try DeployRecord.all(
                db, "SELECT * FROM deploy WHERE channelID = ? AND status = 'queued' ORDER BY sequence", [channel.text]
            ).map(\.deploy)
        }
        for deploy in deploys { _ = try DeployRecord.insert(deploy, db) }
        for index in older.indices {
            older[index].status = .failed
            older[index].failure = Deploy.superseded
            older[index].finishedAt = date
            try DeployRecord.end(older[index].id, as: .failed, failure: Deploy.superseded, at: date, db)
        }
        for deploy in older { try BranchTipRecord.settle(deploy, db) }
        return older
    }

    public func deploy(_ id: ID<Deploy>) async throws(PlatformError) -> Deploy? {
        try await database.read { db in try DeployRecord.find(id, db)?.deploy }
    }

    public func deploy(_ id: ID<Deploy>, channel: ID<Channel>) async throws(PlatformError) -> Deploy? {
        try await database.read { db in
            try DeployRecord.one(
                db, "SELECT * FROM deploy WHERE id = ? AND channelID = ?", [id.text, channel.text])?.deploy
        }
    }

    public func deploys(channel: ID<Channel>, limit: Int) async throws(PlatformError) -> [Deploy] {
        try await database.read { db in
            try DeployRecord.all(
                db, "SELECT * FROM deploy WHERE channelID = ? ORDER BY sequence DESC LIMIT ?",
                [channel.text, max(0, limit)]
            ).map(\.deploy)
        }
    }

    public func nextQueued(channel: ID<Channel>) async throws(PlatformError) -> Deploy? {
        try await database.read { db in
            try DeployRecord.one(
                db, "SELECT * FROM deploy WHERE channelID = ? AND status = 'queued' ORDER BY sequence LIMIT 1",
                [channel.text])?.deploy
        }
    }

    public func unfinished() async throws(PlatformError) -> [Deploy] {
        try await database.read { db in
            try DeployRecord.all(db, "SELECT * FROM deploy WHERE status IN ('queued', 'running') ORDER BY sequence")
                .map(\.deploy)
        }
    }

    public func start(_ id: ID<Deploy>, commit: CommitID?, at date: Date) async throws(PlatformError) -> Deploy? {
        try await database.write { db in
            guard try DeployRecord.find(id, becoming: .running, db) != nil else { return nil }
            try db.run(
                """
                UPDATE deploy SET status = 'running', commitID = COALESCE(?, commitID), attempts = attempts + 1,
                                  startedAt = ? WHERE id = ?
                """,
                [commit?.rawValue, date.seconds, id.text])
            return try DeployRecord.find(id, db)?.deploy
        }
    }

    /// Throws `.conflict` when the deploy is not running.
    public func resolved(_ id: ID<Deploy>, commit: CommitID) async throws(PlatformError) {
        try await database.write { db in
            let changed = try db.run(
                "UPDATE deploy SET commitID = ? WHERE id = ? AND status = 'running'", [commit.rawValue, id.text])
            guard changed > 0 else { throw PlatformError(.conflict, "the deploy is not running") }
        }
    }

    /// Throws `.conflict` when the deploy is not running.
    public func requeue(_ id: ID<Deploy>) async throws(PlatformError) {
        try await database.write { db in
            guard try DeployRecord.find(id, becoming: .queued, db) != nil else {
                throw PlatformError(.conflict, "the deploy is not running")
            }
            try db.run("UPDATE deploy SET status = 'queued', startedAt = NULL WHERE id = ?", [id.text])
        }
    }

    public func forget(_ ids: [ID<Deploy>]) async throws(PlatformError) {
        try await database.write { db in
            for id in ids {
                try db.run("DELETE FROM deploy WHERE id = ? AND status IN ('success', 'failed')", [id.text])
            }
        }
    }

    public func failedTips(app: ID<App>) async throws(PlatformError) -> [FailedTip] {
        try await failed.value(app, version: database.version) { () async throws(PlatformError) in
            try await database.read { db in
                let sql = "SELECT * FROM branchTip WHERE appID = ? AND failedCommit IS NOT NULL ORDER BY ref"
                return try BranchTipRecord.all(db, sql, [app.text]).compactMap { tip in
                    tip.failedCommit.map { FailedTip(ref: tip.ref, commit: $0, lastGood: tip.lastGood) }
                }
            }
        } ?? []
    }

    public func hasNone(app: ID<App>) async throws(PlatformError) -> Bool {
        try await database.read { db in
            let statement = try db.cachedStatement(sql: "SELECT 1 FROM deploy WHERE appID = ? LIMIT 1")
            return try Int.fetchOne(statement, arguments: [app.text]) == nil
        }
    }

    static func requireLive(_ channel: ID<Channel>, _ db: Database) throws {
        guard try isLive(channel, db) else { throw PlatformError(.conflict, "the channel is being deleted") }
    }

    static func isLive(_ channel: ID<Channel>, _ db: Database) throws -> Bool {
        let statement = try db.cachedStatement(sql: "SELECT 1 FROM channel WHERE id = ? AND isDeleted = 0")
        return try Int.fetchOne(statement, arguments: [channel.text]) != nil
    }
}
