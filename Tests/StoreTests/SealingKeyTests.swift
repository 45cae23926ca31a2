import Core
import Foundation
import Store
import TestSupport
import Testing

struct SealingKeyTests {
    @Test func `attack 14: secrets are nowhere in plain in the data folder while the database is open`() async throws {
        let directory = try TemporaryDirectory("berth-store")
        let database = try await SQLiteDatabase.open(dataDirectory: directory.path)
        let stores = try StoreSet(database, dataDirectory: directory.path)
        let (app, prod) = try await stores.makeApp(owner: stores.makeUser())
        let secrets = ["sekrit-value-0001", "sekrit-snapshot-0002"]
        try await stores.environment.set(EnvironmentKey("KEY"), value: secrets[0], app: app.id)
        let release = Release(
            id: ID(), appID: app.id, channelID: prod.id, deployID: ID(), commit: StoreSet.commit("a"),
            plan: RunPlan(kind: .static), isPristine: true, createdAt: StoreSet.date)
        try await stores.releases.insert(release, environment: ["KEY": secrets[1]])
        let password = try #require(try await stores.databases.database(channel: prod.id)?.password)

        // The app's name proves that the search would find what is there.
        for (text, isThere) in [("my-site", true), (secrets[0], false), (secrets[1], false), (password, false)] {
            #expect(try directory.contains(text) == isThere, "\(text)")
        }
    }

    @Test func `the key file and the database are for the server's user only`() async throws {
        let directory = try TemporaryDirectory("berth-store")
        _ = try await SQLiteDatabase.open(dataDirectory: directory.path)
        for (name, mode) in [("secrets", 0o700), ("secrets/store.key", 0o600), ("berth.sqlite", 0o600)] {
            let attributes = try FileManager.default.attributesOfItem(atPath: directory.path(name))
            #expect(attributes[.posixPermissions] as? Int == mode, "\(name)")
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: directory.path("secrets"))
        #expect(names == ["store.key"])
    }

    @Test func `another key is refused with a reason`() async throws {
        let directory = try TemporaryDirectory("berth-store")
        try await SQLiteDatabase.open(dataDirectory: directory.path).close()
        try Data(repeating: 9, count: 32).write(to: directory.url.appendingPathComponent("secrets/store.key"))
        let error = await #expect(throws: PlatformError.self) {
            _ = try await SQLiteDatabase.open(dataDirectory: directory.path)
        }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("secrets/store.key is not the one") == true)
    }

    @Test func `a lost key is never replaced by a new one`() async throws {
        let directory = try TemporaryDirectory("berth-store")
        try await SQLiteDatabase.open(dataDirectory: directory.path).close()
        try FileManager.default.removeItem(atPath: directory.path("secrets/store.key"))
        let error = await #expect(throws: PlatformError.self) {
            _ = try await SQLiteDatabase.open(dataDirectory: directory.path)
        }
        #expect(error?.message.contains("missing") == true)
        #expect(!FileManager.default.fileExists(atPath: directory.path("secrets/store.key")))
    }
}

extension TemporaryDirectory {
    /// Whether any file below holds `text`.
    fileprivate func contains(_ text: String) throws -> Bool {
        let files = try FileManager.default.subpathsOfDirectory(atPath: path)
        return files.contains { FileManager.default.contents(atPath: path($0))?.range(of: Data(text.utf8)) != nil }
    }
}
