import Control
import ControlTestSupport
import Core
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import Store
import TestSupport
import Testing

@testable import API

/// How often the store is asked: as often for much as for little.
@Suite("Statements")
struct StatementCountTests {
    @Test("no answer needs more of them for a user who owns more")
    func reads() async throws {
        let directory = try TemporaryDirectory("berth-count")
        let count = StatementCount()
        let database = try await SQLiteDatabase.open(dataDirectory: directory.path) { count.note($0) }
        let stores = try StoreSet(database, directory: directory)
        let api = TestAPI()
        let control = api.platform.over(stores)
        let (owner, token) = try await control.users.add(name: "root", isAdmin: true)
        var apps: [App] = []
        func make(_ number: Int) async throws {
            let (app, prod) = try await stores.makeApp("app-\(number)", owner: owner)
            apps.append(app)
            for name in ["a", "b"] { _ = try await stores.makeChannel(name, app: app) }
            for key in ["A\(number)", "B\(number)"] {
                try await stores.environment.set(EnvironmentKey(key), value: "x", app: apps[0].id)
            }
            _ = try await stores.deploys.enqueue([StoreSet.deploy(prod, nil)], at: StoreSet.date)
            _ = try await control.tokens.issue(to: owner, label: nil, scopes: Scope.standard)
        }
        try await make(0)
        let first = apps[0].id
        let paths = [
            ("/apps", 3), ("/apps/\(first)", 3), ("/apps/\(first)/channels", 3), ("/apps/\(first)/env", 3),
            ("/apps/\(first)/deploys", 4), ("/tokens", 2), ("/admin/users", 2), ("/admin/invites", 2),
            ("/admin/events", 2),
            ("/api/user/stats", 5), ("/me", 1),
        ]
        func ask(_ path: String) async throws -> [String] {
            // What was read before does not count: a change makes it be read again.
            try await stores.tokens.noteUse([ID(): StoreSet.date])
            return try await count.during {
                let reply = try await api.call(.get, path, token: token.plaintext, control: control)
                #expect(reply.status == 200, "\(path)")
            }
        }
        for (path, most) in paths {
            let statements = try await ask(path)
            #expect(!statements.isEmpty && statements.count <= most, "\(path): \(statements)")
        }
        for number in 1..<40 { try await make(number) }
        for (path, most) in paths {
            let statements = try await ask(path)
            #expect(!statements.isEmpty && statements.count <= most, "\(path): \(statements)")
        }
        // Nothing was committed since: nothing is asked for again.
        _ = try await api.call(.get, "/apps/\(first)", token: token.plaintext, control: control)
        let again = try await count.during {
            _ = try await api.call(.get, "/apps/\(first)", token: token.plaintext, control: control)
        }
        #expect(again.isEmpty, "\(again)")
        try database.close()
    }

    @Test("a list of apps is made once, and anew after every change that could show in it")
    func lists() async throws {
        let directory = try TemporaryDirectory("berth-count")
        let count = StatementCount()
        let database = try await SQLiteDatabase.open(dataDirectory: directory.path) { count.note($0) }
        let stores = try StoreSet(database, directory: directory)
        let api = TestAPI()
        let control = api.platform.over(stores) { database.currentVersion }
        let (alice, token) = try await control.users.add(name: "alice", isAdmin: false)
        let (bob, other) = try await control.users.add(name: "bob", isAdmin: false)
        let router = APIServer(control: control).router()
        try await Application(router: router, logger: TestAPI.logger).test(.router) { client in
            func list(_ token: MintedToken) async throws -> String {
                let response = try await client.execute(
                    uri: "/apps", method: .get, headers: [.authorization: "Bearer \(token.plaintext)"])
                #expect(response.status == .ok && response.headers[.contentType] == "application/json")
                return String(buffer: response.body)
            }
            let (app, prod) = try await stores.makeApp("site", owner: alice)
            _ = try await stores.makeApp("hidden", owner: bob)
            let first = try await list(token)
            #expect(first.contains("\"site\"") && !first.contains("hidden"))
            #expect(try await list(other).contains("hidden"))
            var again = ""
            let statements = try await count.during { again = try await list(token) }
            #expect(again == first)
            #expect(statements.isEmpty, "\(statements)")

            try await stores.channels.setBinding(.anyBranch, channel: prod.id)
            #expect(try await list(token).contains("branch:*"))
            _ = try await stores.makeChannel("staging", app: app)
            #expect(try await list(token).contains("\"staging\""))
            #expect(try await stores.apps.markDeleted(app.id, owner: alice.id))
            #expect(try await list(token) == #"{"apps":[]}"#)
            try await control.tokens.revoke(
                token.token.id, by: Principal(user: alice, token: token.token.id, scopes: []))
            let response = try await client.execute(
                uri: "/apps", method: .get, headers: [.authorization: "Bearer \(token.plaintext)"])
            #expect(response.status == .unauthorized)
        }
        try database.close()
    }
    @Test("what is kept of one app's answer is its owner's alone, and goes with every change")
    func oneApp() async throws {
        let directory = try TemporaryDirectory("berth-count")
        let database = try await SQLiteDatabase.open(dataDirectory: directory.path) { _ in }
        let stores = try StoreSet(database, directory: directory)
        let api = TestAPI()
        let control = api.platform.over(stores) { database.currentVersion }
        let (alice, token) = try await control.users.add(name: "alice", isAdmin: false)
        let (_, other) = try await control.users.add(name: "bob", isAdmin: false)
        let (app, prod) = try await stores.makeApp("site", owner: alice)
        let router = APIServer(control: control).router()
        try await Application(router: router, logger: TestAPI.logger).test(.router) { client in
            func ask(_ token: MintedToken) async throws -> (status: Int, text: String) {
                let response = try await client.execute(
                    uri: "/apps/\(app.id)", method: .get, headers: [.authorization: "Bearer \(token.plaintext)"])
                return (response.status.code, String(buffer: response.body))
            }
            let first = try await ask(token)
            #expect(first.status == 200 && first.text.contains("\"site\""))
            #expect(try await ask(token) == first)
            #expect(try await ask(other).status == 404)
            try await stores.channels.setBinding(.anyBranch, channel: prod.id)
            #expect(try await ask(token).text.contains("branch:*"))
            #expect(try await stores.apps.markDeleted(app.id, owner: alice.id))
            #expect(try await ask(token).status == 404)
        }
        try database.close()
    }
}
