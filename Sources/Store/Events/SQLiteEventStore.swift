import Core
import GRDB

/// A row of `event`.
private struct EventRecord: FetchableRecord {
    let event: Event

    init(row: Row) throws {
        event = Event(
            try row.choice("kind"), app: try row.optionalID("appID"), channel: try row.optionalID("channelID"),
            text: row["text"], date: row.date("createdAt"))
    }
}

/// Events in SQLite.
public struct SQLiteEventStore: EventStore {
    private let database: SQLiteDatabase

    public init(_ database: SQLiteDatabase) { self.database = database }

    public func append(_ event: Event) async throws(PlatformError) {
        try await database.write { db in
            try db.run(
                "INSERT INTO event (appID, channelID, kind, text, createdAt) VALUES (?, ?, ?, ?, ?)",
                [
                    event.appID?.text, event.channelID?.text, event.kind.rawValue, event.text, event.date.seconds,
                ])
            try db.run(
                """
                DELETE FROM event WHERE appID IS ?1 AND sequence <=
                    (SELECT sequence FROM event WHERE appID IS ?1 ORDER BY sequence DESC LIMIT 1 OFFSET ?2)
                """, [event.appID?.text, EventRetention.count])
            return
        }
    }

    public func events(app: ID<App>, limit: Int) async throws(PlatformError) -> [Event] {
        try await database.read { db in
            try EventRecord.all(
                db, "SELECT * FROM event WHERE appID = ? ORDER BY sequence DESC LIMIT ?", [app.text, max(0, limit)]
            ).map(\.event)
        }
    }

    public func machineEvents(limit: Int) async throws(PlatformError) -> [Event] {
        try await database.read { db in
            try EventRecord.all(
                db, "SELECT * FROM event WHERE appID IS NULL ORDER BY sequence DESC LIMIT ?", [max(0, limit)]
            ).map(\.event)
        }
    }
}
