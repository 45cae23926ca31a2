import Control
import ControlTestSupport
import Core
import Foundation
import HTTPTypes
import Testing

@testable import API

@Suite("Errors")
struct ErrorTests {
    @Test("of authentication come before everything else")
    func authentication() async throws {
        let api = TestAPI()
        for path in ["/apps", "/nothing", "/apps/x/channels"] {
            let reply = try await api.call(.get, path)
            #expect(reply.status == 401 && reply.code == "auth_required")
            #expect(reply.headers[.wwwAuthenticate] == "Bearer realm=\"Berth\"")
        }
        #expect(try await api.call(.get, "/apps", token: "xh_live_nonsense").code == "token_invalid")
        for field in ["Bearer", "Bearer ", "Basic YTpi", "xh_live_x"] {
            let reply = try await api.call(.get, "/apps", headers: [.authorization: field])
            #expect(reply.code == "auth_required", "\(field)")
        }
        let token = try await api.token()
        #expect(try await api.call(.get, "/apps", headers: [.authorization: "bEaReR  \(token)"]).status == 200)
        #expect(try await api.call(.get, "/apps?token=\(token)").status == 401)
    }

    @Test("of the HTTP layer have the envelope too")
    func httpLayer() async throws {
        let api = TestAPI()
        let token = try await api.token()
        let unknown = try await api.call(.get, "/nothing", token: token)
        #expect(unknown.status == 404 && unknown.code == "not_found")
        let wrong = try await api.call(.put, "/apps", token: token)
        #expect(wrong.status == 405 && wrong.code == "method_not_allowed")
        #expect(wrong.headers[.allow] == "GET, HEAD, POST")
        let large = try await api.call(
            .post, "/apps", token: token, body: String(repeating: " ", count: Call.bodyLimit + 1))
        #expect(large.status == 413 && large.code == "bad_request")
    }

    @Test(
        "of the body name the field and the rule",
        arguments: [
            ("", "a JSON body is required"), ("{", "the body is not valid JSON"),
            ("[]", "the body must be a JSON object"), ("{}", "name is required"),
            (#"{"name":1}"#, "name must be a string"), (#"{"name":null}"#, "name is required"),
            (#"{"name":"x","template":true}"#, "template must be a string"),
            (#"{"name":"x","template":"php"}"#, "template must be one of static, node"),
            (#"{"name":"api-x"}"#, #"name must not be "api" or start with "api-": that prefix is reserved"#),
        ])
    func body(text: String, message: String) async throws {
        let api = TestAPI()
        let token = try await api.token()
        let reply = try await api.call(.post, "/apps", token: token, body: text)
        #expect(reply.status == 400 && reply.code == "bad_request")
        #expect(reply.message == message)
    }

    @Test("never tell a stranger's thing from a missing one, whatever the body")
    func foreign() async throws {
        let api = TestAPI()
        let alice = try await api.token("alice")
        let bob = try await api.token("bob")
        let app = try await api.call(.post, "/apps", token: alice, body: #"{"name":"my-site"}"#).object
        let id = try #require(app["id"] as? String)
        let channel = try #require((app["channels"] as? [[String: Any]])?.first?["id"] as? String)
        let missing = ID<App>().description
        let routes: [(HTTPRequest.Method, String, String?)] = [
            (.get, "", nil), (.delete, "", nil), (.get, "/channels", nil), (.post, "/channels", "{"),
            (.get, "/channels/\(channel)", nil), (.delete, "/channels/\(channel)", nil),
            (.post, "/channels/\(channel)/deploy", "{"), (.get, "/channels/\(channel)/logs", nil),
            (.post, "/env", "{"), (.delete, "/env/A", nil),
        ]
        for (method, path, body) in routes {
            let foreign = try await api.call(method, "/apps/\(id)\(path)", token: bob, body: body)
            let absent = try await api.call(method, "/apps/\(missing)\(path)", token: bob, body: body)
            let malformed = try await api.call(method, "/apps/zzz\(path)", token: bob, body: body)
            #expect(foreign.status == 404 && foreign.code == "not_found", "\(method) \(path)")
            #expect(foreign.text == absent.text && foreign.text == malformed.text, "\(method) \(path)")
        }
        #expect(try await api.call(.get, "/apps/\(id)", token: alice).status == 200)
    }

    @Test("of scope: each endpoint wants the scope that the document names")
    func scopes() async throws {
        let api = TestAPI()
        let (user, first) = try await api.platform.control.users.add(name: "alice", isAdmin: false)
        let app = try await api.call(.post, "/apps", token: first.plaintext, body: #"{"name":"my-site"}"#).object
        let id = try #require(app["id"] as? String)
        let channel = try #require((app["channels"] as? [[String: Any]])?.first?["id"] as? String)
        let calls: [(HTTPRequest.Method, String, Scope)] = [
            (.post, "/apps", .repo), (.delete, "/apps/\(id)", .repo), (.post, "/apps/\(id)/channels", .channel),
            (.delete, "/apps/\(id)/channels/\(channel)", .channel),
            (.post, "/apps/\(id)/channels/\(channel)/deploy", .deploy), (.post, "/apps/\(id)/env", .deploy),
            (.delete, "/apps/\(id)/env/A", .deploy),
        ]
        for held in Scope.standard {
            let token = try await api.platform.control.tokens.issue(to: user, label: nil, scopes: [held]).plaintext
            for (method, path, wanted) in calls where wanted != held {
                let reply = try await api.call(method, path, token: token, body: "{}")
                #expect(reply.status == 403 && reply.code == "scope_denied", "\(held) \(method) \(path)")
            }
            #expect(try await api.call(.get, "/apps/\(id)", token: token).status == 200)
            #expect(try await api.call(.post, "/tokens", token: token).code == "scope_denied")
        }
    }

    @Test("give every answer a request id, and health is open to all")
    func identity() async throws {
        let api = TestAPI()
        let name = try #require(HTTPField.Name("X-Request-Id"))
        #expect(try await api.call(.get, "/apps").headers[name]?.isEmpty == false)
        #expect(try await api.call(.get, "/healthz").text == #"{"status":"ok"}"#)
    }
}
