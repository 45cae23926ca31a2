import Core
import Foundation
import GRDB

extension SQLiteDeployStore {
    public func note(_ report: DeployReport, of id: ID<Deploy>) async throws(PlatformError) {
        try await database.write { db in try Self.keep(report, of: id, db) }
    }

    static func keep(_ report: DeployReport, of id: ID<Deploy>, _ db: Database) throws {
        let text = String(decoding: try JSONEncoder().encode(report), as: UTF8.self)
        try db.run("UPDATE deploy SET report = ? WHERE id = ?", [text, id.text])
    }

    public func report(of id: ID<Deploy>) async throws(PlatformError) -> DeployReport? {
        try await database.read { db in
            let statement = try db.cachedStatement(sql: "SELECT report FROM deploy WHERE id = ? AND report IS NOT NULL")
            guard let text = try String.fetchOne(statement, arguments: [id.text]) else { return nil }
            return try JSONDecoder().decode(DeployReport.self, from: Data(text.utf8))
        }
    }
}
