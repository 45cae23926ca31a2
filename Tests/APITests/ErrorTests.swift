import Control
import ControlTestSupport
import Core
import Foundation
import HTTPTypes
import TestSupport
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
            ("", "a JSON body is required"), ("{", "the body is not valid JSON: it ends too early"),
            ("[]", "the body must be a JSON object, not a list"), ("{}", "name is required"),
            (#"{"name":1}"#, "name must be a string, not a number"), (#"{"name":null}"#, "name is required"),
            (#"{"name":"x","template":true}"#, "template must be a string, not true"),
            (#"{"name":"x",}"#, "the body is not valid JSON: byte 13 is wrong"),
            (#"{"name":"x","template":"php"}"#, #"template must be one of static, node, not "php""#),
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
    func attack29ForeignIsMissing() async throws {
        let api = TestAPI()
        let alice = try await api.token("alice")
        let bob = try await api.token("bob")
        let app = try await api.call(.post, "/apps", token: alice, body: #"{"name":"my-site"}"#).object
        let id = try #require(app["id"] as? String)
        let channel = try #require((app["channels"] as? [[String: Any]])?.first?["id"] as? String)
        let missing = ID<App>().description
        let (deploy, instance) = try await Self.deployed(id, channel: channel, api, token: alice)
        let routes: [(HTTPRequest.Method, String, String?)] = [
            (.get, "", nil), (.delete, "", nil), (.get, "/channels", nil), (.post, "/channels", "{"),
            (.get, "/channels/\(channel)", nil), (.delete, "/channels/\(channel)", nil),
            (.post, "/channels/\(channel)/deploy", "{"), (.get, "/channels/\(channel)/logs", nil),
            (.post, "/env", "{"), (.delete, "/env/A", nil), (.get, "/env", nil), (.get, "/deploys", nil),
            (.get, "/deploys?limit=x&channel=\(channel)", nil), (.get, "/channels/\(channel)/postgres", nil),
            (.post, "/channels/\(channel)/postgres/reset", "{"), (.get, "/channels/\(channel)/postgres/dump", nil),
            (.head, "/channels/\(channel)/postgres/dump", nil),
            (.get, "/deploys/\(deploy)", nil), (.post, "/deploys/\(deploy)/cancel", "{"),
            (.get, "/deploys/\(deploy)/events?after=x", nil), (.get, "/channels/\(channel)/releases", nil),
            (.post, "/channels/\(channel)/rollback", "{"), (.get, "/channels/\(channel)/instances", nil),
            (.get, "/channels/\(channel)/instances/\(instance)/log?lines=x", nil),
            (.get, "/channels/\(channel)/instances/\(instance)/events?lines=x", nil), (.get, "/events?limit=x", nil),
        ]
        for (method, path, body) in routes {
            let foreign = try await api.call(method, "/apps/\(id)\(path)", token: bob, body: body)
            let absent = try await api.call(method, "/apps/\(missing)\(path)", token: bob, body: body)
            let malformed = try await api.call(method, "/apps/zzz\(path)", token: bob, body: body)
            #expect(foreign.status == 404 && (foreign.code == "not_found" || method == .head), "\(method) \(path)")
            #expect(foreign.text == absent.text && foreign.text == malformed.text, "\(method) \(path)")
        }
        #expect(try await api.call(.get, "/apps/\(id)", token: alice).status == 200)
        // Nor through an app of the stranger's own.
        let own = try await api.app("own", token: bob)
        let nobody = ID<Deploy>().description
        let insides: [(HTTPRequest.Method, String, String)] = [
            (.get, "/deploys/#", deploy), (.post, "/deploys/#/cancel", deploy), (.get, "/deploys/#/events", deploy),
            (.get, "/channels/#/releases", channel), (.post, "/channels/#/rollback", channel),
            (.get, "/channels/#/instances", channel), (.get, "/channels/#/instances/\(instance)/log", channel),
            (.get, "/channels/\(own.prod)/instances/#/log", instance),
            (.get, "/channels/\(own.prod)/instances/#/events", instance),
        ]
        for (method, path, inside) in insides {
            let foreign = try await api.call(
                method, "/apps/\(own.id)\(path.replacing("#", with: inside))", token: bob)
            let absent = try await api.call(method, "/apps/\(own.id)\(path.replacing("#", with: nobody))", token: bob)
            #expect(foreign.status == 404 && foreign.text == absent.text, "\(method) \(path): \(foreign.text)")
        }
        let kept = try await api.call(.get, "/apps/\(id)/deploys/\(deploy)", token: alice).object
        #expect(kept["status"] as? String == "success")
    }

    /// Brings something live on a channel; the ids of the deploy and of the instance.
    private static func deployed(
        _ app: String, channel: String, _ api: TestAPI, token: String
    ) async throws -> (deploy: String, instance: String) {
        api.platform.builder.use(ScriptedBuilder.web)
        api.platform.repository.move(.master, to: api.platform.commit("a"), app: try #require(ID(app)))
        let path = "/apps/\(app)/channels/\(channel)"
        let reply = try await api.call(.post, "\(path)/deploy", token: token, body: #"{"sha":"HEAD"}"#)
        let deploy = try #require(reply.object["deploy_id"] as? String)
        _ = try await api.platform.log(of: try #require(ID(deploy)))
        let list = try await api.call(.get, "\(path)/instances", token: token).object["instances"]
        let instance = (list as? [[String: Any]])?.first?["instance_id"] as? String
        return (deploy, try #require(instance))
    }

    @Test("of scope: each endpoint wants the scope that the document names")
    func attack3EachEndpointWantsItsScope() async throws {
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
            (.post, "/apps/\(id)/channels/\(channel)/rollback", .deploy),
            (.post, "/apps/\(id)/deploys/\(ID<Deploy>())/cancel", .deploy),
            (.put, "/apps/\(id)/protected-branches", .repo),
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

    @Test("have every code that the document names")
    func codes() async throws {
        let api = TestAPI()
        let token = try await api.token()
        let app = try await api.app(token: token)
        let path = "/apps/\(app.id)/channels/\(app.prod)/postgres"
        _ = try await api.database("/apps/\(app.id)/channels/\(app.prod)", token: token)
        let revoked = try await api.call(.post, "/tokens", token: token).object
        let (id, dead) = (try #require(revoked["token_id"] as? String), try #require(revoked["plaintext"] as? String))
        _ = try await api.call(.delete, "/tokens/\(id)", token: token)
        let narrow = try await api.platform.control.tokens.issue(
            to: try #require(try await api.platform.stores.users.users().first), label: nil, scopes: [.deploy]
        ).plaintext
        func expect(
            _ status: Int, _ code: String, _ method: HTTPRequest.Method, _ path: String, _ token: String?,
            body: String? = nil, control: ControlPlane? = nil, line: Int = #line
        ) async throws {
            let reply = try await api.call(method, path, token: token, body: body, control: control)
            #expect(reply.status == status && reply.code == code, "line \(line): \(reply.text)")
            #expect(reply.headers[.contentType] == "application/json" && reply.message?.isEmpty == false)
        }
        try await expect(401, "auth_required", .get, "/apps", nil)
        try await expect(401, "token_invalid", .get, "/apps", "xh_live_x")
        try await expect(401, "token_revoked", .get, "/apps", dead)
        try await expect(403, "scope_denied", .post, "/apps", narrow)
        try await expect(403, "scope_reserved", .post, "/tokens", token, body: #"{"scopes":["db:*"]}"#)
        try await expect(403, "admin_not_configured", .get, "/admin/users", token)
        _ = try await api.token("root", isAdmin: true)
        try await expect(403, "permission_denied", .get, "/admin/users", token)
        try await expect(404, "not_found", .get, "/apps/x", token)
        try await expect(405, "method_not_allowed", .patch, "/apps", token)
        try await expect(400, "bad_request", .post, "/apps", token, body: #"{"name":"A"}"#)
        try await expect(
            400, "invalid_confirmation", .post, "\(path)/reset", token, body: #"{"confirm_schema_name":""}"#)
        let off = api.platform.restarted(withPostgres: false)
        try await expect(503, "postgres_unavailable", .get, "\(path)/dump", token, control: off)
        api.platform.provisioner.fail(with: PlatformError(.badGateway, "pg_dump failed"))
        try await expect(502, "bad_gateway", .get, "\(path)/dump", token)
        let staging = try await api.call(
            .post, "/apps/\(app.id)/channels", token: token, body: #"{"name":"qa","git_ref_binding":"branch:*"}"#)
        let failed = "/apps/\(app.id)/channels/\(try #require(staging.object["id"] as? String))/postgres"
        try await expect(409, "conflict", .post, "\(failed)/reset", token, body: "{}")
        api.platform.stores.fail(with: PlatformError(.internal, "the disk /dev/sda1", cause: "secret"))
        let reply = try await api.call(.get, "/apps", token: token)
        let request = try #require(HTTPField.Name("X-Request-Id").flatMap { reply.headers[$0] })
        #expect(reply.status == 500 && reply.code == "internal_error")
        #expect(reply.message == "internal error; the request id is \(request)")
    }

    @Test(
        "of a body that is no JSON object are the same whatever its type says",
        arguments: [
            "\u{0}{\u{0}}\u{0}", "{\"name\":\"x\"", "nope", "[]", "1", "\"x\"", "null", "{\"name\":\"\\ud800\"}",
        ])
    func malformed(body: String) async throws {
        let api = TestAPI()
        let token = try await api.token()
        for type in ["application/json", "text/plain", "application/x-www-form-urlencoded", "image/png"] {
            let reply = try await api.call(
                .post, "/apps", token: token, body: body, headers: [.contentType: type])
            #expect(reply.status == 400 && reply.code == "bad_request", "\(type)")
        }
        let reply = try await api.call(
            .post, "/apps", token: token, body: #"{"name":"fine"}"#, headers: [.contentType: "image/png"])
        #expect(reply.status == 200)
    }
}
