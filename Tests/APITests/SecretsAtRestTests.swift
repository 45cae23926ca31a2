import Control
import ControlTestSupport
import Core
import Foundation
import HTTPTypes
import Store
import TestSupport
import Testing

@testable import API

/// What is shown once, or never.
@Suite("Secrets at rest")
struct SecretsAtRestTests {
    @Test func `attack 14: tokens, codes and values are in no file of the data folder, but for digests`() async throws {
        let directory = try TemporaryDirectory("berth-secrets")
        let database = try await SQLiteDatabase.open(dataDirectory: directory.path)
        let api = TestAPI()
        let control = api.platform.over(try StoreSet(database, directory: directory))
        let first = try await control.users.add(name: "root", isAdmin: true).token.plaintext
        func post(_ path: String, _ body: String) async throws -> TestAPI.Reply {
            try await api.call(.post, path, token: first, body: body, control: control)
        }
        let minted = try #require(try await post("/tokens", #"{"label":"ci"}"#).object["plaintext"] as? String)
        let code = try #require(try await post("/admin/invites", "{}").object["code"] as? String)
        let added = try #require(
            try await post("/admin/users", #"{"username":"bob"}"#).object["token"] as? String)
        let app = try #require(try await post("/apps", #"{"name":"my-site"}"#).object["id"] as? String)
        let value = "geheim-\(UUID().uuidString)"
        #expect(try await post("/apps/\(app)/env", #"{"key":"K","value":"\#(value)"}"#).status == 204)

        // While the store is open: its log and its index are there too.
        let names = try FileManager.default.subpathsOfDirectory(atPath: directory.path)
        let contents = names.compactMap { FileManager.default.contents(atPath: directory.path($0)) }
        func isThere(_ bytes: Data) -> Bool { contents.contains { $0.range(of: bytes) != nil } }
        for secret in [first, minted, added, code, value] { #expect(!isThere(Data(secret.utf8)), "\(secret)") }
        // A search that finds what is kept would find what must not be.
        for secret in [first, minted, added, code] { #expect(isThere(TokenText.digest(of: secret)), "\(secret)") }
        #expect(isThere(Data("my-site".utf8)))
        try database.close()
    }
}
