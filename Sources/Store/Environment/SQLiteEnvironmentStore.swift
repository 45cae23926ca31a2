import Core
import Foundation
import GRDB

/// Env values in SQLite, sealed one by one.
public struct SQLiteEnvironmentStore: EnvironmentStore {
    private let database: SQLiteDatabase

    public init(_ database: SQLiteDatabase) { self.database = database }

    public func set(_ key: EnvironmentKey, value: String, app: ID<App>) async throws(PlatformError) {
        let secrets = database.secrets
        try await database.write { db in
            let sealed = try secrets.seal(value, at: Self.place(app, key.rawValue))
            try db.run(
                """
                INSERT INTO environmentValue (appID, name, value) VALUES (?, ?, ?)
                ON CONFLICT (appID, name) DO UPDATE SET value = excluded.value
                """,
                [app.text, key.rawValue, sealed])
            return
        }
    }

    public func remove(_ key: String, app: ID<App>) async throws(PlatformError) -> Bool {
        try await database.write { db in
            try db.run("DELETE FROM environmentValue WHERE appID = ? AND name = ?", [app.text, key]) > 0
        }
    }

    public func values(app: ID<App>) async throws(PlatformError) -> [String: String] {
        let secrets = database.secrets
        return try await database.read { db in
            let statement = try db.cachedStatement(sql: "SELECT name, value FROM environmentValue WHERE appID = ?")
            var values: [String: String] = [:]
            for row in try Row.fetchAll(statement, arguments: [app.text]) {
                let name: String = row["name"]
                values[name] = try secrets.openText(row["value"], at: Self.place(app, name))
            }
            return values
        }
    }

    public func names(app: ID<App>) async throws(PlatformError) -> [String] {
        try await database.read { db in
            let statement = try db.cachedStatement(
                sql: "SELECT name FROM environmentValue WHERE appID = ? ORDER BY name")
            return try String.fetchAll(statement, arguments: [app.text])
        }
    }

    static func place(_ app: ID<App>, _ key: String) -> SealedPlace {
        SealedPlace(table: "environmentValue", row: "\(app.text)/\(key)", column: "value")
    }
}
