import Control
import ControlTestSupport
import Core
import Foundation
import HTTPTypes
import Store
import TestSupport
import Testing

@testable import API

/// Names and hostnames that two want, over the store that decides it.
@Suite("Taken names")
struct ClashTests {
    private let directory: TemporaryDirectory
    private let database: SQLiteDatabase
    private let api = TestAPI()
    private let control: ControlPlane

    init() async throws {
        directory = try TemporaryDirectory("berth-clash")
        database = try await SQLiteDatabase.open(dataDirectory: directory.path)
        control = api.platform.over(try StoreSet(database, directory: directory))
    }

    private func token(_ name: String) async throws -> String {
        try await control.users.add(name: name, isAdmin: false).token.plaintext
    }

    private func post(_ path: String, _ body: String, _ token: String) async throws -> TestAPI.Reply {
        try await api.call(.post, path, token: token, body: body, control: control)
    }

    @Test("of an app, a channel and a hostname are the contract's bad_request, and leave nothing")
    func refusals() async throws {
        defer { try? database.close() }
        let (c, bc) = (try await token("c"), try await token("b-c"))
        let made = try await post("/apps", #"{"name":"a-b"}"#, c)
        #expect(made.status == 200)
        let id = try #require(made.object["id"] as? String)
        let app = try await post("/apps", #"{"name":"a-b"}"#, c)
        #expect(app.status == 400 && app.code == "bad_request")
        #expect(app.message == "you already have an app named a-b" || app.message?.contains("a-b") == true)

        let channel = #"{"name":"qa","git_ref_binding":"branch:*"}"#
        #expect(try await post("/apps/\(id)/channels", channel, c).status == 200)
        let again = try await post("/apps/\(id)/channels", channel, c)
        #expect(again.status == 400 && again.code == "bad_request")
        #expect(again.message == "this app already has a channel named qa")

        // a-b of c, and a of b-c.
        let hostname = try await post("/apps", #"{"name":"a"}"#, bc)
        #expect(hostname.status == 400 && hostname.code == "bad_request")
        #expect(hostname.message == "the hostname a-b-c is taken")
        // Channel a of app b, and app a-b.
        let other = try await post("/apps", #"{"name":"b"}"#, c)
        let otherID = try #require(other.object["id"] as? String)
        let crossed = try await post(
            "/apps/\(otherID)/channels", #"{"name":"a","git_ref_binding":"branch:*"}"#, c)
        #expect(
            crossed.status == 400 && crossed.code == "bad_request" && crossed.message == "the hostname a-b-c is taken")

        #expect(try await api.call(.get, "/apps", token: bc, control: control).text == #"{"apps":[]}"#)
        let list = try await api.call(.get, "/apps", token: c, control: control).object["apps"] as? [[String: Any]]
        #expect(list?.map { ($0["channels"] as? [[String: Any]])?.count } == [2, 1])
        // Free again with the app.
        #expect(try await api.call(.delete, "/apps/\(id)", token: c, control: control).status == 204)
        #expect(try await post("/apps", #"{"name":"a"}"#, bc).status == 200)
    }

    @Test("of twenty users who want one hostname at once, one gets it")
    func attack21ConcurrentHostnames() async throws {
        defer { try? database.close() }
        // a-a-…-a, cut between app and user at every place.
        let parts = (0..<21).map { _ in "a" }
        var wishes: [(app: String, token: String)] = []
        for cut in 1...20 {
            wishes.append(
                (parts[..<cut].joined(separator: "-"), try await token(parts[cut...].joined(separator: "-"))))
        }
        let replies = try await withThrowingTaskGroup(of: TestAPI.Reply.self) { group in
            for (app, token) in wishes {
                group.addTask { try await post("/apps", #"{"name":"\#(app)"}"#, token) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(replies.count { $0.status == 200 } == 1)
        #expect(replies.count { $0.status == 400 && $0.code == "bad_request" } == 19)
        #expect(api.platform.routes.targets.keys.filter { $0.hasPrefix("a-") }.count == 1)
    }

    @Test func `of twenty that ask for one name at once one gets it, an app's and a channel's`() async throws {
        defer { try? database.close() }
        let alice = try await token("alice")
        func race(_ path: String, _ body: String) async throws -> [TestAPI.Reply] {
            try await withThrowingTaskGroup(of: TestAPI.Reply.self) { group in
                for _ in 0..<20 { group.addTask { try await post(path, body, alice) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
        }
        let apps = try await race("/apps", #"{"name":"same"}"#)
        #expect(apps.count { $0.status == 200 } == 1)
        #expect(apps.count { $0.status == 400 && $0.code == "bad_request" } == 19)
        let id = try #require(apps.first { $0.status == 200 }?.object["id"] as? String)
        let channels = try await race("/apps/\(id)/channels", #"{"name":"qa","git_ref_binding":"branch:*"}"#)
        #expect(channels.count { $0.status == 200 } == 1)
        #expect(channels.count { $0.status == 400 && $0.code == "bad_request" } == 19)

        let list = try await api.call(.get, "/apps", token: alice, control: control).object["apps"] as? [[String: Any]]
        #expect(list?.map { ($0["channels"] as? [[String: Any]])?.count } == [2])
        #expect(api.platform.routes.targets.keys.sorted() == ["qa-same-alice.localhost", "same-alice.localhost"])
    }

    @Test func `a hostname whose first label DNS would not take is refused when it is made`() async throws {
        defer { try? database.close() }
        let long = try await token(String(repeating: "u", count: 40))
        func name(_ length: Int) -> String { String(repeating: "a", count: length) }
        for length in [23, 40] {
            let refused = try await post("/apps", #"{"name":"\#(name(length))"}"#, long)
            #expect(refused.status == 400 && refused.code == "bad_request", "\(refused.text)")
            #expect(refused.message?.contains("DNS allows 63") == true)
        }
        // 22 + 1 + 40.
        let app = try await post("/apps", #"{"name":"\#(name(22))"}"#, long)
        #expect(app.status == 200, "\(app.text)")
        let id = try #require(app.object["id"] as? String)
        let channel = try await post("/apps/\(id)/channels", #"{"name":"x","git_ref_binding":"branch:*"}"#, long)
        #expect(channel.status == 400 && channel.message?.contains("DNS allows 63") == true, "\(channel.text)")
        #expect(try await api.call(.get, "/apps/\(id)/channels", token: long, control: control).list.count == 1)
    }
}
