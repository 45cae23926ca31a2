import Core
import Foundation
import GRDB
import TestSupport
import Testing

@testable import Store

struct KeyRotationTests {
    private let directory: TemporaryDirectory
    private var keyFile: String { directory.path("secrets/store.key") }
    private var nextFile: String { directory.path("secrets/store.key.next") }

    init() throws { directory = try TemporaryDirectory("berth-store") }

    /// An installation with one secret of each kind; what `check` needs to read them.
    private func make() async throws -> (app: ID<App>, channel: ID<Channel>, release: ID<Release>, password: String) {
        let database = try await SQLiteDatabase.open(dataDirectory: directory.path)
        let stores = try StoreSet(database, dataDirectory: directory.path)
        let (app, prod) = try await stores.makeApp(owner: stores.makeUser())
        try await stores.environment.set(EnvironmentKey("KEY"), value: "sekrit", app: app.id)
        let release = try await stores.makeRelease(prod, commit: StoreSet.commit("a"))
        let password = try #require(try await stores.databases.database(channel: prod.id)?.password)
        try database.close()
        return (app.id, prod.id, release.id, password)
    }

    private func check(
        _ made: (app: ID<App>, channel: ID<Channel>, release: ID<Release>, password: String)
    ) async throws {
        let database = try await SQLiteDatabase.open(dataDirectory: directory.path)
        let stores = try StoreSet(database, dataDirectory: directory.path)
        #expect(try await stores.environment.values(app: made.app) == ["KEY": "sekrit"])
        #expect(try await stores.databases.database(channel: made.channel)?.password == made.password)
        #expect(try await stores.releases.environment(of: made.release) == ["GREETING": "hello"])
        try database.close()
        #expect(!FileManager.default.fileExists(atPath: nextFile))
    }

    @Test func `every secret is sealed with the new key, and nothing with the old one`() async throws {
        let made = try await make()
        let old = try #require(FileManager.default.contents(atPath: keyFile))
        #expect(try await SQLiteDatabase.rotateKey(dataDirectory: directory.path) == 3)
        #expect(FileManager.default.contents(atPath: keyFile) != old)
        try await check(made)
        let mode = try FileManager.default.attributesOfItem(atPath: keyFile)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        try old.write(to: URL(fileURLWithPath: keyFile))
        await #expect(throws: PlatformError.self) {
            _ = try await SQLiteDatabase.open(dataDirectory: directory.path)
        }
    }

    @Test func `a change that was cut short before its transaction leaves the old key`() async throws {
        let made = try await make()
        try Data(repeating: 7, count: 32).write(to: URL(fileURLWithPath: nextFile))
        try await check(made)
    }

    @Test func `a change that was cut short after its transaction is completed`() async throws {
        let made = try await make()
        let old = try #require(FileManager.default.contents(atPath: keyFile))
        _ = try await SQLiteDatabase.rotateKey(dataDirectory: directory.path)
        let new = try #require(FileManager.default.contents(atPath: keyFile))
        try old.write(to: URL(fileURLWithPath: keyFile))
        try new.write(to: URL(fileURLWithPath: nextFile))
        try await check(made)
        #expect(FileManager.default.contents(atPath: keyFile) == new)
    }

    @Test func `a secret that cannot be opened stops the change, whole`() async throws {
        let made = try await make()
        let old = try #require(FileManager.default.contents(atPath: keyFile))
        let database = try await SQLiteDatabase.open(dataDirectory: directory.path)
        try await database.write { db in
            try db.run("INSERT INTO environmentValue (appID, name, value) VALUES (?, 'BAD', x'00')", [made.app.text])
            return
        }
        try database.close()
        await #expect(throws: PlatformError.self) {
            _ = try await SQLiteDatabase.rotateKey(dataDirectory: directory.path)
        }
        #expect(FileManager.default.contents(atPath: keyFile) == old)
        let again = try await SQLiteDatabase.open(dataDirectory: directory.path)
        try await again.write { db in
            try db.run("DELETE FROM environmentValue WHERE name = 'BAD'")
            return
        }
        try again.close()
        try await check(made)
    }
}
