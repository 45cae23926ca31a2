import Core
import Foundation
import GRDB

/// Seals every secret of a database with another key.
enum Resealing {
    /// Returns how many secrets there are. The caller holds the lock for opening.
    static func perform(_ database: SQLiteDatabase, directory: String) throws -> Int {
        var count = 0
        try SealingKey.replace(directory: directory, old: database.secrets) { old, new, check in
            try database.pool.write { db in
                count = 0
                count += try values(db, old, new)
                count += try passwords(db, old, new)
                count += try snapshots(db, old, new)
                try db.run("UPDATE setting SET value = ? WHERE name = 'keyCheck'", [check])
            }
        }
        // What was sealed with the old key is still in pages that are free and in the log.
        try database.pool.vacuum()
        _ = try database.pool.writeWithoutTransaction { try $0.checkpoint(.truncate) }
        return count
    }

    private static func values(_ db: Database, _ old: SecretBox, _ new: SecretBox) throws -> Int {
        let rows = try Row.fetchAll(db, sql: "SELECT appID, name, value FROM environmentValue")
        for row in rows {
            let (app, name): (ID<App>, String) = (try row.id("appID"), row["name"])
            let place = SQLiteEnvironmentStore.place(app, name)
            try db.run(
                "UPDATE environmentValue SET value = ? WHERE appID = ? AND name = ?",
                [try new.seal(old.open(row["value"], at: place), at: place), app.text, name])
        }
        return rows.count
    }

    private static func passwords(_ db: Database, _ old: SecretBox, _ new: SecretBox) throws -> Int {
        let rows = try Row.fetchAll(db, sql: "SELECT channelID, password FROM channelDatabase")
        for row in rows {
            let channel: ID<Channel> = try row.id("channelID")
            let place = ChannelDatabaseRecord.place(channel)
            try db.run(
                "UPDATE channelDatabase SET password = ? WHERE channelID = ?",
                [try new.seal(old.open(row["password"], at: place), at: place), channel.text])
        }
        return rows.count
    }

    private static func snapshots(_ db: Database, _ old: SecretBox, _ new: SecretBox) throws -> Int {
        let rows = try Row.fetchAll(db, sql: "SELECT id, environment FROM release")
        for row in rows {
            let release: ID<Release> = try row.id("id")
            let place = ReleaseRecord.place(release)
            try db.run(
                "UPDATE release SET environment = ? WHERE id = ?",
                [try new.seal(old.open(row["environment"], at: place), at: place), release.text])
        }
        return rows.count
    }
}
