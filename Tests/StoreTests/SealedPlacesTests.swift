import Core
import Foundation
import GRDB
import TestSupport
import Testing

@testable import Store

/// What a secret is sealed with beside the key: the place that it belongs to.
struct SealedPlacesTests {
    private struct World {
        let directory: TemporaryDirectory
        let database: SQLiteDatabase
        let stores: StoreSet
        let mine: (app: App, prod: Channel)
        let other: (app: App, prod: Channel)

        init() async throws {
            directory = try TemporaryDirectory("berth-store")
            database = try await SQLiteDatabase.open(dataDirectory: directory.path)
            stores = try StoreSet(database, dataDirectory: directory.path)
            let user = try await stores.makeUser()
            mine = try await stores.makeApp("mine", owner: user)
            other = try await stores.makeApp("other", owner: user)
        }

        /// Changes rows behind the stores' back.
        func change(_ sql: String, _ arguments: [String]) async throws {
            let changed = try await database.write { db in try db.run(sql, StatementArguments(arguments)) }
            #expect(changed == 1)
        }

        /// The value is not opened, and nothing is said of it.
        func expectSealed(_ read: () async throws -> Void) async {
            let error = await #expect(throws: PlatformError.self) { try await read() }
            #expect(error?.code == .unavailable && error?.message.contains("cannot be opened") == true)
        }
    }

    @Test func `a variable opens for its own app and name only`() async throws {
        let world = try await World()
        let (mine, other) = (world.mine.app.id, world.other.app.id)
        try await world.stores.environment.set(EnvironmentKey("KEY"), value: "sekrit", app: mine)
        for (app, name) in [(other, "KEY"), (mine, "OTHER")] {
            try await world.change(
                """
                INSERT INTO environmentValue (appID, name, value)
                SELECT ?, ?, value FROM environmentValue WHERE appID = ? AND name = 'KEY'
                """, [app.text, name, mine.text])
            await world.expectSealed { _ = try await world.stores.environment.values(app: app) }
            try await world.change("DELETE FROM environmentValue WHERE appID = ? AND name = ?", [app.text, name])
        }
        #expect(try await world.stores.environment.values(app: mine) == ["KEY": "sekrit"])
        try world.database.close()
    }

    @Test func `a role's password opens for its own channel only`() async throws {
        let world = try await World()
        let (mine, other) = (world.mine.prod.id, world.other.prod.id)
        try await world.change(
            """
            UPDATE channelDatabase SET password = (SELECT password FROM channelDatabase WHERE channelID = ?)
            WHERE channelID = ?
            """, [mine.text, other.text])
        await world.expectSealed { _ = try await world.stores.databases.database(channel: other) }
        #expect(try await world.stores.databases.database(channel: mine)?.password.isEmpty == false)
        try world.database.close()
    }

    @Test func `a snapshot opens for its own release only`() async throws {
        let world = try await World()
        let commit = StoreSet.commit("a")
        let mine = try await world.stores.makeRelease(world.mine.prod, commit: commit)
        let other = try await world.stores.makeRelease(world.other.prod, commit: commit)
        try await world.change(
            "UPDATE release SET environment = (SELECT environment FROM release WHERE id = ?) WHERE id = ?",
            [mine.id.text, other.id.text])
        await world.expectSealed { _ = try await world.stores.releases.environment(of: other.id) }
        #expect(try await world.stores.releases.environment(of: mine.id) == ["GREETING": "hello"])
        try world.database.close()
    }
}
