import Control
import ControlTestSupport
import Core
import Foundation
import HTTPTypes
import Store
import TestSupport
import Testing

@testable import API

/// What somebody else owns: nothing that is measured from outside may tell it from what is not there.
@Suite("Somebody else's things")
struct ForeignLookupTests {
    /// The same request, for things of somebody else's and for nothing.
    private struct Pair {
        let method: HTTPRequest.Method
        let foreign: String
        let missing: String
    }

    /// Bob's server: what is Alice's, and what is his own.
    private struct World {
        let control: ControlPlane
        let token: String
        let foreign: [String: String]
        let own: [String: String]

        init(_ control: ControlPlane, _ stores: StoreSet) async throws {
            self.control = control
            let (alice, theirs) = try await control.users.add(name: "alice", isAdmin: false)
            let (bob, mine) = try await control.users.add(name: "bob", isAdmin: false)
            token = mine.plaintext
            foreign = try await Self.things(of: alice, token: theirs, stores)
            own = try await Self.things(of: bob, token: mine, stores)
        }

        /// One of each kind, by the name of its place in a path.
        private static func things(of user: User, token: MintedToken, _ stores: StoreSet) async throws -> [String:
            String]
        {
            let (app, prod) = try await stores.makeApp("site", owner: user)
            let deploy = StoreSet.deploy(prod, StoreSet.commit("a"))
            _ = try await stores.deploys.enqueue([deploy], at: StoreSet.date)
            let release = try await stores.makeRelease(prod, commit: StoreSet.commit("a"), deploy: deploy.id)
            let instance = Instance(channelID: prod.id, releaseID: release.id, createdAt: StoreSet.date)
            try await stores.instances.insert(instance)
            try await stores.environment.set(EnvironmentKey("KEY"), value: "x", app: app.id)
            return [
                "app_id": "\(app.id)", "channel_id": "\(prod.id)", "deploy_id": "\(deploy.id)",
                "instance_id": "\(instance.id)", "token_id": "\(token.token.id)",
            ]
        }

        /// The requests for one endpoint: everything somebody else's, then only from some place on.
        func pairs(_ endpoint: Endpoint) -> [Pair] {
            let places = endpoint.path.split(separator: "/").filter { $0.hasPrefix("{") }.map {
                String($0.dropFirst().dropLast())
            }.filter { foreign[$0] != nil }
            return places.indices.map { first in
                let nobodys = Dictionary(uniqueKeysWithValues: places.map { ($0, "\(ID<App>())") })
                func fill(_ others: [String: String]) -> String {
                    var path = endpoint.path.replacing("{key}", with: "KEY")
                    for (index, place) in places.enumerated() {
                        let id = index < first ? own[place] : others[place]
                        path = path.replacing("{\(place)}", with: id ?? "")
                    }
                    return path
                }
                return Pair(method: endpoint.method, foreign: fill(foreign), missing: fill(nobodys))
            }
        }
    }

    private static let bodies = [
        nil, "{", "{}",
        #"{"name":"qa","git_ref_binding":"branch:*","sha":"HEAD","key":"KEY","value":"x","branches":[]}"#,
        String(repeating: " ", count: Call.bodyLimit + 1),
    ]

    @Test func `attack 29: the store is asked the same for them as for what is not there, whatever the body`()
        async throws
    {
        let directory = try TemporaryDirectory("berth-foreign")
        let count = StatementCount()
        let database = try await SQLiteDatabase.open(dataDirectory: directory.path) { count.note($0) }
        let stores = try StoreSet(database, directory: directory)
        let api = TestAPI()
        let world = try await World(api.platform.over(stores), stores)
        let endpoints = APIServer(control: world.control).endpoints
        var pairs = endpoints.flatMap { world.pairs($0) }
        #expect(pairs.count > 40)
        if let app = world.own["app_id"], let channel = world.foreign["channel_id"] {
            pairs.append(
                Pair(
                    method: .get, foreign: "/apps/\(app)/deploys?channel=\(channel)",
                    missing: "/apps/\(app)/deploys?channel=\(ID<Channel>())"))
        }
        for pair in pairs {
            for body in Self.bodies {
                func ask(_ path: String) async throws -> (reply: TestAPI.Reply?, statements: [String]) {
                    var reply: TestAPI.Reply?
                    let statements = try await count.during {
                        reply = try await api.call(
                            pair.method, path, token: world.token, body: body, control: world.control)
                    }
                    return (reply, statements)
                }
                var (foreign, missing) = (try await ask(pair.foreign), try await ask(pair.missing))
                // What is kept of the caller's own things has to be read again when a commit is noticed, which may be in
                // between. A difference of ours would be there each time.
                for _ in 0..<20 where foreign.statements != missing.statements {
                    try await Task.sleep(for: .milliseconds(10))
                    (foreign, missing) = (try await ask(pair.foreign), try await ask(pair.missing))
                }
                let what = "\(pair.method) \(pair.foreign)"
                #expect(foreign.reply?.status == 404 && foreign.reply?.code == "not_found", "\(what)")
                #expect(missing.reply?.status == 404 && foreign.reply?.text == missing.reply?.text, "\(what)")
                #expect(
                    !foreign.statements.isEmpty && foreign.statements == missing.statements,
                    "\(what): \(foreign.statements) \(missing.statements)")
            }
        }
        // Nothing of Alice's has changed.
        let deploy = try #require(world.foreign["deploy_id"].flatMap { ID<Deploy>($0) })
        #expect(try await stores.deploys.deploy(deploy)?.status == .queued)
        #expect(try await stores.apps.allApps().count == 2)
        try database.close()
    }
}
