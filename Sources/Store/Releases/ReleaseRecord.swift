import Core
import Foundation
import GRDB

/// A row of `release` without its environment.
struct ReleaseRecord: FetchableRecord {
    static let columns = "id, appID, channelID, deployID, commitID, plan, isPristine, createdAt"

    let release: Release

    init(row: Row) throws {
        release = Release(
            id: try row.id("id"), appID: try row.id("appID"), channelID: try row.id("channelID"),
            deployID: try row.id("deployID"), commit: try row.commit("commitID"),
            plan: try JSONDecoder().decode(RunPlan.self, from: Data((row["plan"] as String).utf8)),
            isPristine: row["isPristine"], createdAt: row.date("createdAt"))
    }

    static func insert(_ release: Release, environment: [String: String], _ db: Database, secrets: SecretBox) throws {
        let plan = String(decoding: try JSONEncoder().encode(release.plan), as: UTF8.self)
        let sealed = try secrets.seal(try JSONEncoder().encode(environment), at: place(release.id))
        try db.run(
            """
            INSERT INTO release
                (id, appID, channelID, deployID, commitID, plan, isPristine, environment, createdAt)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                release.id.text, release.appID.text, release.channelID.text, release.deployID.text,
                release.commit.rawValue, plan, release.isPristine, sealed, release.createdAt.seconds,
            ])
    }

    /// One sealed JSON object a release, so that neither names nor lengths of single values show.
    static func environment(of id: ID<Release>, _ db: Database, secrets: SecretBox) throws -> [String: String]? {
        let statement = try db.cachedStatement(sql: "SELECT environment FROM release WHERE id = ?")
        guard let sealed = try Data.fetchOne(statement, arguments: [id.text]) else { return nil }
        return try JSONDecoder().decode([String: String].self, from: secrets.open(sealed, at: place(id)))
    }

    static func place(_ id: ID<Release>) -> SealedPlace {
        SealedPlace(table: "release", row: id.text, column: "environment")
    }
}
