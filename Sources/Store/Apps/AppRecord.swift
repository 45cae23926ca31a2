import Core
import GRDB

/// A row of `app` with its owner's name.
struct AppRecord: FetchableRecord {
    static let selection = "SELECT app.*, user.name AS ownerName FROM app JOIN user ON user.id = app.ownerID"

    let app: App

    init(row: Row) throws {
        app = App(
            id: try row.id("id"), ownerID: try row.id("ownerID"), ownerName: try UserName(row["ownerName"]),
            name: try AppName(row["name"]), template: row["template"], createdAt: row.date("createdAt"),
            protectedBranches: try Self.branches(row["protectedBranches"]))
    }

    /// One a line; no branch's name has a line end in it.
    static func text(_ branches: Set<BranchName>) -> String {
        branches.map(\.rawValue).sorted().joined(separator: "\n")
    }

    private static func branches(_ text: String) throws -> Set<BranchName> {
        var branches: Set<BranchName> = []
        for line in text.split(separator: "\n") {
            guard let branch = BranchName(String(line)) else { throw CorruptRow(column: "protectedBranches") }
            branches.insert(branch)
        }
        return branches
    }

    static func insert(_ app: App, _ db: Database) throws {
        let rule = UniqueRule(
            columns: "app.ownerID, app.name", field: "name", message: "you already have an app named \(app.name)")
        try UniqueRule.enforce([rule]) {
            try db.run(
                "INSERT INTO app (id, ownerID, name, template, createdAt) VALUES (?, ?, ?, ?, ?)",
                [app.id.text, app.ownerID.text, app.name.rawValue, app.template, app.createdAt.seconds])
        }
    }
}
