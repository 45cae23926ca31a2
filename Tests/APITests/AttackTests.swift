import Control
import ControlTestSupport
import Core
import Foundation
import HTTPTypes
import TestSupport
import Testing

@testable import API

/// What has been tried against servers like this one.
@Suite("Attacks on the API")
struct AttackTests {
    private let api = TestAPI()

    private static let hostile = [
        "a;b", "$(id)", "`id`", "a\nb", "a\u{0}b", "-rf", "--upload-pack=x", "-a", "a b", "a'b", "a\"b", "../x",
        "a/../b",
        "a|b", "a&b", "\u{430}pp", "\u{ff41}", "a\u{301}", "a\u{200b}b", "A", "a_b", "", " ", "a.b", "%2e%2e",
        "a-", String(repeating: "a", count: 41),
    ]

    private func json(_ text: String) -> String { JSONValue.string(text).text }

    @Test("names that are no names are refused at every entry, and leave nothing", arguments: hostile)
    func attack1HostileNames(_ name: String) async throws {
        let root = try await api.token("root", isAdmin: true)
        let app = try await api.app(token: root)
        let calls: [(String, String)] = [
            ("/apps", #"{"name":\#(json(name))}"#),
            ("/apps", #"{"name":"fine","template":\#(json(name))}"#),
            ("/apps/\(app.id)/channels", #"{"name":\#(json(name)),"git_ref_binding":"branch:*"}"#),
            ("/admin/users", #"{"username":\#(json(name))}"#),
            ("/apps/\(app.id)/env", #"{"key":\#(json(name)),"value":"x"}"#),
        ]
        for (path, body) in calls {
            // A name of capital letters is one of a variable.
            if path.hasSuffix("/env"), (try? EnvironmentKey(name)) != nil { continue }
            let reply = try await api.call(.post, path, token: root, body: body)
            #expect(reply.status == 400 && reply.code == "bad_request", "\(path) \(body): \(reply.text)")
        }
        #expect(try await api.platform.stores.apps.allApps().count == 1)
        #expect(try await api.platform.stores.channels.allChannels().count == 1)
        #expect(try await api.platform.stores.users.users().count == 1)
    }

    @Test(
        "bindings and revisions that git would take for something else are refused",
        arguments: [
            "-rf", "--upload-pack=x", "a b", "a\nb", "a\u{0}b", "a..b", "a~1", "a^", "a@{1}", "HEAD~1", "a:b",
            "refs/../x", "*",
            "", "@", "a\\b", "[a", "a?", ".a", "a.lock", "/a", "a/",
        ])
    func attack1HostileRevisions(_ name: String) async throws {
        let token = try await api.token()
        let app = try await api.app(token: token)
        let deploy = try await api.call(
            .post, "/apps/\(app.id)/channels/\(app.prod)/deploy", token: token, body: #"{"sha":\#(json(name))}"#)
        #expect(deploy.status == 400 && deploy.code == "bad_request", "\(deploy.text)")
        #expect(try await api.platform.stores.deploys.hasNone(app: try #require(ID(app.id))))
        guard name != "*" else { return }
        let binding = try await api.call(
            .post, "/apps/\(app.id)/channels", token: token,
            body: #"{"name":"qa","git_ref_binding":\#(json("branch:" + name))}"#)
        #expect(binding.status == 400 && binding.code == "bad_request", "\(binding.text)")
    }

    @Test("a token counts in the header only, and a revoked one nowhere")
    func attack3TokensElsewhere() async throws {
        let token = try await api.token()
        let cookie = try #require(HTTPField.Name("Cookie"))
        #expect(try await api.call(.get, "/apps?access_token=\(token)&token=\(token)").code == "auth_required")
        #expect(try await api.call(.get, "/apps", headers: [cookie: "token=\(token)"]).code == "auth_required")
        let basic = Data("alice:\(token)".utf8).base64EncodedString()
        #expect(try await api.call(.get, "/apps", headers: [.authorization: "Basic \(basic)"]).code == "auth_required")
        let id = try #require(
            (try await api.call(.get, "/tokens", token: token).object["tokens"] as? [[String: Any]])?.first?["token_id"]
                as? String)
        #expect(try await api.call(.delete, "/tokens/\(id)", token: token).status == 204)
        for path in ["/apps", "/me", "/tokens", "/api/user/stats", "/me/postgres/storage", "/nothing"] {
            #expect(try await api.call(.get, path, token: token).code == "token_revoked", "\(path)")
        }
    }

    @Test("variables cannot take the platform's place nor break out of the environment")
    func attack16HostileVariables() async throws {
        let token = try await api.token()
        let app = try await api.app(token: token)
        func set(_ key: String, _ value: String) async throws -> TestAPI.Reply {
            try await api.call(
                .post, "/apps/\(app.id)/env", token: token, body: #"{"key":\#(json(key)),"value":\#(json(value))}"#)
        }
        for key in EnvironmentKey.reserved { #expect(try await set(key, "x").code == "bad_request", "\(key)") }
        for key in ["A=B", "A\u{0}", "A\nB", "LD_PRELOAD=x", "1A", "a", "A-B", ""] {
            #expect(try await set(key, "x").code == "bad_request", "\(key.debugDescription)")
        }
        #expect(try await set("A", "x\u{0}y").code == "bad_request")
        #expect(try await set("A", String(repeating: "x", count: 65_537)).code == "bad_request")
        #expect(try await set("A", String(repeating: "x", count: 2 << 20)).status == 413)
        #expect(try await api.call(.get, "/apps/\(app.id)/env", token: token).text == #"{"keys":[]}"#)
        // These are the app's own matter: they reach its processes and nobody else's.
        for key in ["LD_PRELOAD", "PATH", "NODE_OPTIONS"] { #expect(try await set(key, "x\ny=z").status == 204) }
    }

    @Test("a stranger's token, a channel of another app and a deploy of another channel are all missing")
    func attack29SideDoors() async throws {
        let (alice, bob) = (try await api.token("alice"), try await api.token("bob"))
        func same(
            _ method: HTTPRequest.Method, _ foreign: String, _ missing: String, _ token: String, body: String? = nil
        )
            async throws
        {
            let one = try await api.call(method, foreign, token: token, body: body)
            let two = try await api.call(method, missing, token: token, body: body)
            #expect(one.status == 404 && two.status == 404, "\(method) \(foreign): \(one.text)")
            #expect(
                one.text == two.text && one.headers[.contentType] == two.headers[.contentType], "\(method) \(foreign)")
            #expect(
                one.headers.map(\.name).sorted { "\($0)" < "\($1)" }
                    == two.headers.map(\.name).sorted { "\($0)" < "\($1)" })
        }
        let minted = try await api.call(.post, "/tokens", token: alice).object
        let foreignToken = try #require(minted["token_id"] as? String)
        try await same(.delete, "/tokens/\(foreignToken)", "/tokens/\(ID<Token>())", bob)
        #expect(try await api.call(.get, "/me", token: try #require(minted["plaintext"] as? String)).status == 200)

        let (mine, other, theirs) = (
            try await api.app("mine", token: bob), try await api.app("other", token: bob),
            try await api.app("theirs", token: alice)
        )
        // In an app of one's own: a stranger's channel, and one of another app of one's own.
        for channel in [theirs.prod, other.prod] {
            let (found, missing) = (
                "/apps/\(mine.id)/channels/\(channel)", "/apps/\(mine.id)/channels/\(ID<Channel>())"
            )
            for (method, path, body) in [
                (HTTPRequest.Method.get, "", nil), (.delete, "", nil), (.post, "/deploy", #"{"sha":"HEAD"}"#),
                (.get, "/logs?deploy=\(ID<Deploy>())", nil), (.get, "/postgres", nil), (.get, "/postgres/dump", nil),
                (.post, "/postgres/reset", #"{"confirm_schema_name":"x"}"#),
            ] as [(HTTPRequest.Method, String, String?)] {
                try await same(method, found + path, missing + path, bob, body: body)
            }
            try await same(
                .get, "/apps/\(mine.id)/deploys?channel=\(channel)",
                "/apps/\(mine.id)/deploys?channel=\(ID<Channel>())",
                bob)
        }
        // A deploy, asked for under a channel that it is not of.
        let queued = try await api.call(
            .post, "/apps/\(other.id)/channels/\(other.prod)/deploy", token: bob, body: #"{"sha":"master"}"#)
        let deploy = try #require(queued.object["deploy_id"] as? String)
        let own = "/apps/\(other.id)/channels/\(other.prod)/logs?deploy=\(deploy)"
        #expect(await eventually { (try? await api.call(.get, own, token: bob).status) == 200 })
        let logs = "/apps/\(mine.id)/channels/\(mine.prod)/logs"
        try await same(.get, "\(logs)?deploy=\(deploy)", "\(logs)?deploy=\(ID<Deploy>())", bob)
        try await same(
            .get, "/apps/\(other.id)/channels/\(other.prod)/logs?deploy=\(deploy)",
            "/apps/\(ID<App>())/channels/\(other.prod)/logs?deploy=\(deploy)", alice)
    }

    @Test("what is somebody else's takes no longer to be refused than what is not there")
    func attack29EqualTime() async throws {
        let (alice, bob) = (try await api.token("alice"), try await api.token("bob"))
        let app = try await api.app(token: alice)
        let clock = ContinuousClock()
        var times: (foreign: [Duration], missing: [Duration]) = ([], [])
        for _ in 0..<150 {
            let foreign = try await clock.measure { _ = try await api.call(.get, "/apps/\(app.id)", token: bob) }
            times.foreign.append(foreign)
            let missing = try await clock.measure { _ = try await api.call(.get, "/apps/\(ID<App>())", token: bob) }
            times.missing.append(missing)
        }
        let (one, two) = (times.foreign.sorted()[75], times.missing.sorted()[75])
        // A look-up more would show as several times as much; the machine's moods do not.
        #expect(one < two * 5 && two < one * 5, "\(one) \(two)")
    }
}
