import Core
import Foundation
import GRDB
import TestSupport
import Testing

@testable import Store

struct SQLiteDatabaseTests {
    @Test func `commits are flushed to disk, foreign keys hold, readers do not wait`() async throws {
        let directory = try TemporaryDirectory("berth-store")
        let database = try await SQLiteDatabase.open(dataDirectory: directory.path)
        let settings = try await database.write { db in
            try ["synchronous", "foreign_keys"].map { try Int.fetchOne(db, sql: "PRAGMA \($0)") }
                + [try String.fetchOne(db, sql: "PRAGMA journal_mode") == "wal" ? 1 : 0]
        }
        // 2 is FULL (SQLite, "PRAGMA synchronous").
        #expect(settings == [2, 1, 1])
    }

    @Test func `what was stored is there after the database was opened again`() async throws {
        let directory = try TemporaryDirectory("berth-store")
        let first = try await SQLiteDatabase.open(dataDirectory: directory.path)
        let stores = try StoreSet(first, dataDirectory: directory.path)
        let (app, prod) = try await stores.makeApp(owner: stores.makeUser())
        try await stores.environment.set(EnvironmentKey("KEY"), value: "value", app: app.id)
        let deploy = StoreSet.deploy(prod, StoreSet.commit("a"))
        _ = try await stores.deploys.enqueue([deploy], at: StoreSet.date)
        try first.close()

        let again = try StoreSet(
            await SQLiteDatabase.open(dataDirectory: directory.path), dataDirectory: directory.path)
        #expect(try await again.apps.app(app.id) == app)
        #expect(try await again.channels.channel(prod.id) == prod)
        #expect(try await again.environment.values(app: app.id) == ["KEY": "value"])
        #expect(try await again.deploys.unfinished() == [deploy])
    }

    @Test func `two that have it open at once see each other's commits and never fail as busy`() async throws {
        let directory = try TemporaryDirectory("berth-store")
        async let one = SQLiteDatabase.open(dataDirectory: directory.path)
        async let two = SQLiteDatabase.open(dataDirectory: directory.path)
        let stores = try await [one, two].map { SQLiteUserStore($0) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<40 {
                let store = stores[number % 2]
                group.addTask {
                    let name = try UserName("user-\(number)")
                    try await store.insert(User(name: name, isAdmin: false, createdAt: StoreSet.date))
                }
            }
            try await group.waitForAll()
        }
        for store in stores { #expect(try await store.users().count == 40) }
    }

    @Test func `a failing write leaves nothing behind`() async throws {
        let directory = try TemporaryDirectory("berth-store")
        let database = try await SQLiteDatabase.open(dataDirectory: directory.path)
        let store = SQLiteUserStore(database)
        await #expect(throws: PlatformError.self) {
            try await database.write { db in
                try db.execute(sql: "INSERT INTO user (id, name, isAdmin, createdAt) VALUES ('x', 'y', 0, 0)")
                throw PlatformError(.conflict, "no")
            }
        }
        #expect(try await store.users().isEmpty)
    }

    @Test func `a write is done although its task was cancelled`() async throws {
        let directory = try TemporaryDirectory("berth-store")
        let store = SQLiteUserStore(try await SQLiteDatabase.open(dataDirectory: directory.path))
        let user = User(name: try UserName("bob"), isAdmin: false, createdAt: StoreSet.date)
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await store.insert(user)
        }
        try await task.value
        #expect(try await store.users() == [user])
    }

    @Test func `a file that is no database is a clear error`() async throws {
        let directory = try TemporaryDirectory("berth-store")
        try Data(repeating: 0x41, count: 8192).write(to: directory.url.appendingPathComponent("berth.sqlite"))
        let error = await #expect(throws: PlatformError.self) {
            _ = try await SQLiteDatabase.open(dataDirectory: directory.path)
        }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains(directory.path) == false)
    }
}
