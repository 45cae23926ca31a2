import GRDB

/// Figures of deploys that have ended, as JSON.
enum DeployReports {
    static func create(_ db: Database) throws {
        try db.execute(sql: "ALTER TABLE deploy ADD COLUMN report TEXT")
    }
}
