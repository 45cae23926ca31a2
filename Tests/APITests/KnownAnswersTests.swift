import Control
import ControlTestSupport
import Core
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import Store
import Synchronization
import TestSupport
import Testing

@testable import API

/// What may be answered without being asked for again.
@Suite("Known answers")
struct KnownAnswersTests {
    private struct World {
        let server: APIServer
        let stores: StoreSet
        let control: ControlPlane
        let alice: (user: User, token: MintedToken)
        let bob: (user: User, token: MintedToken)

        func ask(_ path: String, _ token: MintedToken) async throws {
            try await Application(router: server.router(), logger: TestAPI.logger).test(.router) { client in
                let response = try await client.execute(
                    uri: path, method: .get, headers: [.authorization: "Bearer \(token.plaintext)"])
                #expect(response.status == .ok)
            }
        }

        func known(_ path: String, _ token: MintedToken) -> String? {
            server.knownAnswer(path: path, credential: "Bearer \(token.plaintext)").map { String(buffer: $0) }
        }
    }

    private func with(_ body: (World) async throws -> Void) async throws {
        let directory = try TemporaryDirectory("berth-known")
        let database = try await SQLiteDatabase.open(dataDirectory: directory.path) { _ in }
        let stores = try StoreSet(database, directory: directory)
        let api = TestAPI()
        let control = api.platform.over(stores) { database.currentVersion }
        let alice = try await control.users.add(name: "alice", isAdmin: false)
        let bob = try await control.users.add(name: "bob", isAdmin: false)
        try await body(
            World(server: APIServer(control: control), stores: stores, control: control, alice: alice, bob: bob))
        try database.close()
    }

    @Test("are what was answered to the same token for the same path, and nobody else's")
    func same() async throws {
        try await with { world in
            let (app, _) = try await world.stores.makeApp("site", owner: world.alice.user)
            let paths = ["/apps", "/apps/\(app.id)"]
            for path in paths {
                #expect(world.known(path, world.alice.token) == nil)
                try await world.ask(path, world.alice.token)
            }
            for path in paths {
                #expect(try #require(world.known(path, world.alice.token)).contains("\"site\""))
                #expect(world.known(path, world.bob.token) == nil)
                #expect(world.known(path + "/", world.alice.token) == nil)
            }
            #expect(world.server.knownAnswer(path: "/apps", credential: world.alice.token.plaintext) == nil)
        }
    }

    @Test("are gone with every change, and with the token")
    func changes() async throws {
        try await with { world in
            let (_, prod) = try await world.stores.makeApp("site", owner: world.alice.user)
            try await world.ask("/apps", world.alice.token)
            try await world.stores.channels.setBinding(.anyBranch, channel: prod.id)
            #expect(world.known("/apps", world.alice.token) == nil)
            try await world.ask("/apps", world.alice.token)
            #expect(try #require(world.known("/apps", world.alice.token)).contains("branch:*"))
            try await world.control.tokens.revoke(
                world.alice.token.token.id,
                by: Principal(user: world.alice.user, token: world.alice.token.token.id, scopes: []))
            #expect(world.known("/apps", world.alice.token) == nil)
        }
    }

    @Test("are not kept of paths with a query, of which there is no end")
    func queries() async throws {
        try await with { world in
            _ = try await world.stores.makeApp("site", owner: world.alice.user)
            try await world.ask("/apps?a=1", world.alice.token)
            #expect(world.known("/apps?a=1", world.alice.token) == nil)
        }
    }

    @Test("count as uses of the token")
    func uses() async throws {
        let stores = InMemoryStores()
        let tokens = TokenService(tokens: stores.tokens, now: { StoreSet.date })
        let user = try await StoreSet(stores).makeUser("alice")
        let token = try await tokens.issue(to: user, label: nil, scopes: Scope.standard)
        let principal = Principal(user: user, token: token.token.id, scopes: Set(Scope.standard))
        let known = KnownAnswers(tokens: tokens) { 1 }
        known.keep(ByteBuffer(string: "{}"), madeAt: 1, for: principal, credential: "Bearer x", path: "/apps")
        #expect(try await tokens.list(by: principal).first?.lastUsedAt == nil)
        #expect(known.body(credential: "Bearer x", path: "/apps") == ByteBuffer(string: "{}"))
        #expect(try await tokens.list(by: principal).first?.lastUsedAt == StoreSet.date)
    }

    @Test("of an older version do not take the place of newer ones")
    func late() throws {
        let known = KnownAnswers(tokens: TokenService(tokens: InMemoryStores().tokens, now: { StoreSet.date })) { 2 }
        let principal = Principal(
            user: User(name: try UserName("alice"), isAdmin: false, createdAt: StoreSet.date), token: ID(), scopes: [])
        for (text, version) in [("new", Int64(2)), ("old", 1)] {
            known.keep(
                ByteBuffer(string: text), madeAt: version, for: principal, credential: "Bearer x", path: "/apps")
        }
        #expect(known.body(credential: "Bearer x", path: "/apps") == ByteBuffer(string: "new"))
    }
}

/// Figures that are asked for again and again.
@Suite("Kept figures")
struct KeptFiguresTests {
    @Test("are made once for each version, and each time when there are no versions")
    func versions() async throws {
        let version = Mutex<Int64?>(1)
        let made = Mutex(0)
        let kept = KeptFigures { version.withLock { $0 } }
        let user = ID<User>()
        func ask(_ user: ID<User>) async throws -> Int {
            _ = try await kept.figures(of: user) { () async throws(PlatformError) in
                made.withLock { $0 += 1 }
                return .init(figures: UserStatistics(), sites: ByteBuffer())
            }
            return made.withLock { $0 }
        }
        #expect(try await ask(user) == 1)
        #expect(try await ask(ID()) == 2)
        version.withLock { $0 = 2 }
        #expect(try await ask(user) == 3)
        version.withLock { $0 = nil }
        #expect(try await ask(user) == 4)
        #expect(try await ask(user) == 5)
    }
}
