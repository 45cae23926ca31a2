import Control
import Core
import HTTPTypes

/// `/apps/{app_id}/channels/{channel_id}/postgres` and `/me/postgres/storage` (seed 000, "Postgres").
struct DatabasesSurface: Surface {
    let databases: DatabaseService

    var endpoints: [Endpoint] {
        [
            Endpoint(.get, "/apps/{app_id}/channels/{channel_id}/postgres", .getDatabase) { call in
                let overview = try await databases.overview(
                    channel: call.id("channel_id"), app: call.id("app_id"), by: call.principal)
                return .json(DatabaseModel.json(overview))
            },
            Endpoint(.post, "/apps/{app_id}/channels/{channel_id}/postgres/reset", .resetDatabase) { call in
                try await databases.checkReady(
                    channel: call.id("channel_id"), app: call.id("app_id"), by: call.principal)
                let body = try await call.body()
                try await databases.reset(
                    channel: call.id("channel_id"), app: call.id("app_id"),
                    confirmation: try body.string("confirm_schema_name"), by: call.principal)
                return .nothing
            },
            Endpoint(.get, "/apps/{app_id}/channels/{channel_id}/postgres/dump", .dumpDatabase) { call in
                let (fileName, dump) = try await databases.dump(
                    channel: call.id("channel_id"), app: call.id("app_id"), by: call.principal)
                // Nobody reads the body then.
                if call.isHead { await dump.close() }
                return .download(fileName: fileName, dump)
            },
            Endpoint(.get, "/me/postgres/storage", .getStorage) { call in
                let storage = try await databases.storage(by: call.principal)
                return .json([
                    "database_size_bytes": .integer(storage.bytes), "schema_count": .integer(storage.schemas),
                ])
            },
        ]
    }
}

/// A channel's part of Postgres on the wire.
enum DatabaseModel {
    static func json(_ overview: DatabaseOverview) -> JSONValue {
        [
            "db_name": .string(overview.identity.database),
            "schema_name": .string(overview.identity.schema),
            "role_name": .string(overview.identity.role),
            "status": .string(overview.status.rawValue),
            "last_error": .optional(overview.lastError),
            "connection_count": .integer(overview.figures.connections),
            "connection_limit": .integer(overview.figures.connectionLimit),
            "password_set": .boolean(overview.hasPassword),
            "storage_bytes": .integer(overview.figures.storageBytes),
        ]
    }
}

extension Operation {
    fileprivate static let getDatabase = Operation(
        id: "getDatabase", summary: "Inspect the channel's Postgres schema, with live figures", tag: "Postgres",
        success: .json(
            "Database",
            example: [
                "db_name": "u_550e8400e29b41d4a716446655440000", "schema_name": .string(Examples.schema),
                "role_name": "r_7c9e66797425", "status": "ready", "last_error": nil, "connection_count": 2,
                "connection_limit": 20, "password_set": true, "storage_bytes": 81_920,
            ]),
        failures: [.schema, Failure(.databaseUnavailable, "Postgres does not answer")])

    fileprivate static let resetDatabase = Operation(
        id: "resetDatabase", summary: "Drop and recreate the channel's schema; role and password stay",
        tag: "Postgres",
        body: Body(
            schema: "ResetConfirmation", isRequired: true, example: ["confirm_schema_name": .string(Examples.schema)]),
        success: .nothing,
        failures: Failure.body("confirm_schema_name is missing or no string") + [
            Failure(.invalidConfirmation, "confirm_schema_name does not match the channel's schema"), .schema,
            .notReady, .noPostgres,
        ])

    fileprivate static let dumpDatabase = Operation(
        id: "dumpDatabase", summary: "Stream a pg_dump of the channel's schema", tag: "Postgres",
        success: .sql(example: "--\n-- PostgreSQL database dump\n--\n"),
        failures: [.schema, .notReady, .noPostgres, Failure(.badGateway, "pg_dump failed before its first byte")])

    fileprivate static let getStorage = Operation(
        id: "getStorage", summary: "Report total Postgres storage and schema count over all channels",
        tag: "Postgres",
        success: .json("Storage", example: ["database_size_bytes": 1_572_864, "schema_count": 5]),
        failures: [.noPostgres])
}
