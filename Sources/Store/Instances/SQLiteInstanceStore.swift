import Core
import GRDB

/// A row of `instance`.
struct InstanceRecord: FetchableRecord {
    let instance: Instance

    init(row: Row) throws {
        instance = Instance(
            id: try row.id("id"), channelID: try row.id("channelID"), releaseID: try row.id("releaseID"),
            state: try row.choice("state"), reason: row["reason"], createdAt: row.date("createdAt"))
    }
}

/// Instances in SQLite.
public struct SQLiteInstanceStore: InstanceStore {
    private let database: SQLiteDatabase

    public init(_ database: SQLiteDatabase) { self.database = database }

    public func insert(_ instance: Instance) async throws(PlatformError) {
        try await database.write { db in
            try db.run(
                "INSERT INTO instance (id, channelID, releaseID, state, reason, createdAt) VALUES (?, ?, ?, ?, ?, ?)",
                [
                    instance.id.text, instance.channelID.text, instance.releaseID.text, instance.state.rawValue,
                    instance.reason, instance.createdAt.seconds,
                ])
            return
        }
    }

    public func setState(_ state: Instance.State, of id: ID<Instance>) async throws(PlatformError) {
        try await database.write { db in
            try db.run("UPDATE instance SET state = ? WHERE id = ?", [state.rawValue, id.text])
            return
        }
    }

    public func suspend(_ id: ID<Instance>, because reason: String) async throws(PlatformError) {
        try await database.write { db in
            try db.run(
                "UPDATE instance SET state = ?, reason = ? WHERE id = ?",
                [Instance.State.suspended.rawValue, reason, id.text])
            return
        }
    }

    public func delete(_ id: ID<Instance>) async throws(PlatformError) {
        try await database.write { db in
            try db.run("DELETE FROM instance WHERE id = ?", [id.text])
            return
        }
    }

    public func instances() async throws(PlatformError) -> [Instance] {
        try await database.read { db in
            try InstanceRecord.all(db, "SELECT * FROM instance WHERE state != 'stopped' ORDER BY sequence")
                .map(\.instance)
        }
    }

    public func instances(channel: ID<Channel>) async throws(PlatformError) -> [Instance] {
        try await database.read { db in
            try InstanceRecord.all(
                db, "SELECT * FROM instance WHERE channelID = ? AND state != 'stopped' ORDER BY sequence",
                [channel.text]
            ).map(\.instance)
        }
    }

    public func stopped() async throws(PlatformError) -> [Instance] {
        try await database.read { db in
            try InstanceRecord.all(db, "SELECT * FROM instance WHERE state = 'stopped' ORDER BY sequence DESC")
                .map(\.instance)
        }
    }

    public func stopped(channel: ID<Channel>) async throws(PlatformError) -> [Instance] {
        try await database.read { db in
            try InstanceRecord.all(
                db, "SELECT * FROM instance WHERE channelID = ? AND state = 'stopped' ORDER BY sequence DESC",
                [channel.text]
            ).map(\.instance)
        }
    }
}
