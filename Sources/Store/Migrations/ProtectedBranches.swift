import GRDB

/// Branches that pushes may only advance.
enum ProtectedBranches {
    static func create(_ db: Database) throws {
        try db.execute(sql: "ALTER TABLE app ADD COLUMN protectedBranches TEXT NOT NULL DEFAULT ''")
    }
}
