import Core
import Foundation
import GRDB

/// A row of `channelDatabase`; the password is opened by the store.
struct ChannelDatabaseRecord: FetchableRecord {
    let channelID: ID<Channel>
    let identity: DatabaseIdentity
    let sealedPassword: Data
    let status: DatabaseRecord.Status
    let lastError: String?

    init(row: Row) throws {
        channelID = try row.id("channelID")
        identity = DatabaseIdentity(
            database: row["databaseName"], schema: row["schemaName"], role: row["roleName"])
        sealedPassword = row["password"]
        status = try row.choice("status")
        lastError = row["lastError"]
    }

    static func insert(_ record: DatabaseRecord, _ db: Database, secrets: SecretBox) throws {
        let message = "the schema \(record.identity.schema) belongs to another channel; try again"
        let rules = ["schemaName", "roleName"].map { column in
            UniqueRule(columns: "channelDatabase.\(column)", field: "database", message: message)
        }
        let password = try secrets.seal(record.password, at: place(record.channelID))
        try UniqueRule.enforce(rules) {
            try db.run(
                """
                INSERT INTO channelDatabase
                    (channelID, databaseName, schemaName, roleName, password, status, lastError)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """,
                [
                    record.channelID.text, record.identity.database, record.identity.schema, record.identity.role,
                    password, record.status.rawValue, record.lastError,
                ])
        }
    }

    func record(secrets: SecretBox) throws -> DatabaseRecord {
        DatabaseRecord(
            channelID: channelID, identity: identity,
            password: try secrets.openText(sealedPassword, at: Self.place(channelID)), status: status,
            lastError: lastError)
    }

    static func place(_ channel: ID<Channel>) -> SealedPlace {
        SealedPlace(table: "channelDatabase", row: channel.text, column: "password")
    }
}
