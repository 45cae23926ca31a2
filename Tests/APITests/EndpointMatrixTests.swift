import Control
import ControlTestSupport
import Core
import Foundation
import HTTPTypes
import TestSupport
import Testing

@testable import API

/// What holds for all that is served, and for what is to come.
@Suite("Every endpoint")
struct EndpointMatrixTests {
    private let recording = RecordingLog()
    private var api: TestAPI
    private let requestID: HTTPField.Name

    init() throws {
        api = TestAPI()
        api.log = recording.logger
        requestID = try #require(HTTPField.Name("X-Request-Id"))
    }

    private var endpoints: [Endpoint] { APIServer(control: api.platform.control).endpoints }

    /// The endpoint's path with ids of nothing.
    private func path(of endpoint: Endpoint) -> String {
        endpoint.path.split(separator: "/").map { "/" + ($0.hasPrefix("{") ? "\(ID<App>())" : String($0)) }.joined()
    }

    /// The wire name that the description and the contract have for it.
    private func name(of endpoint: Endpoint) -> String { "\(endpoint.method.rawValue) \(endpoint.path)" }

    @Test func `asks for a token before anything else is looked at, and repeats none`() async throws {
        let alice = try await api.platform.user()
        let revoked = try await api.platform.control.tokens.mint(label: nil, scopes: nil, by: alice)
        try await api.platform.control.tokens.revoke(revoked.token.id, by: alice)
        let cases: [(token: String?, code: String)] = [
            (nil, "auth_required"), ("xh_live_nonsense", "token_invalid"), (revoked.plaintext, "token_revoked"),
        ]
        for endpoint in endpoints {
            for (token, code) in cases {
                let reply = try await api.call(endpoint.method, path(of: endpoint), token: token, body: "{")
                #expect(reply.status == 401 && reply.code == code, "\(name(of: endpoint)): \(reply.text)")
                #expect(reply.headers[.contentType] == "application/json")
                #expect(reply.headers[.wwwAuthenticate] == "Bearer realm=\"Berth\"")
                // What to do about it is said.
                #expect(reply.message?.contains("POST /tokens") == true && reply.message?.contains("berthd") == true)
                #expect(token.map { reply.text.contains($0) } != true)
            }
        }
    }

    @Test func `wants the scopes that its description names and no others, before it looks for anything`() async throws
    {
        let (root, _) = try await api.platform.control.users.add(name: "root", isAdmin: true)
        // Every set of scopes that there is.
        let all = Scope.standard
        for number in 0..<(1 << all.count) {
            let held = all.indices.filter { number & 1 << $0 != 0 }.map { all[$0] }
            let token = try await api.platform.control.tokens.issue(to: root, label: nil, scopes: held).plaintext
            for endpoint in endpoints {
                let reply = try await api.call(endpoint.method, path(of: endpoint), token: token, body: "{}")
                let isDenied = reply.status == 403 && reply.code == "scope_denied"
                let lacksOne = !Set(endpoint.operation.scopes).isSubset(of: held)
                #expect(isDenied == lacksOne, "\(name(of: endpoint)) with \(held): \(reply.status) \(reply.text)")
            }
        }
    }

    @Test func `of the contract wants what its table of scopes says`() {
        let wanted: [String: [Scope]] = [
            "POST /apps": [.repo], "DELETE /apps/{app_id}": [.repo],
            "POST /apps/{app_id}/channels": [.channel], "DELETE /apps/{app_id}/channels/{channel_id}": [.channel],
            "POST /apps/{app_id}/channels/{channel_id}/deploy": [.deploy],
            "POST /apps/{app_id}/env": [.deploy], "DELETE /apps/{app_id}/env/{key}": [.deploy],
            // A token mints no wider one.
            "POST /tokens": Scope.standard,
        ]
        for endpoint in endpoints where !endpoint.operation.isExtension {
            #expect(endpoint.operation.scopes == wanted[name(of: endpoint)] ?? [], "\(name(of: endpoint))")
        }
    }

    @Test func `answers nothing that its description leaves out`() async throws {
        let document = try await api.call(.get, "/openapi.json").object
        let paths = try #require(document["paths"] as? [String: [String: Any]])
        let tokens = [
            nil, try await api.token("root", isAdmin: true), try await api.token("alice"),
            try await api.platform.control.tokens.issue(
                to: try #require(try await api.platform.stores.users.users().first), label: nil, scopes: []
            ).plaintext,
        ]
        let bodies = [nil, "{", "[]", "{}", #"{"name":1,"username":1,"key":1,"sha":1,"label":1,"branches":1}"#]
        for endpoint in endpoints {
            let operation = paths[endpoint.path]?[endpoint.method.rawValue.lowercased()] as? [String: Any]
            let responses = try #require(operation?["responses"] as? [String: [String: Any]])
            for token in tokens {
                for body in bodies {
                    let reply = try await api.call(endpoint.method, path(of: endpoint), token: token, body: body)
                    let what = "\(name(of: endpoint)) \(body ?? "-"): \(reply.status) \(reply.text)"
                    guard let response = responses["\(reply.status)"] else {
                        Issue.record("not described: \(what)")
                        continue
                    }
                    guard reply.status >= 400 else { continue }
                    let content = response["content"] as? [String: [String: Any]]
                    let examples = content?["application/json"]?["examples"] as? [String: Any]
                    #expect(examples?.keys.contains(reply.code ?? "") == true, "\(what)")
                }
            }
        }
    }

    @Test func `has an id on its answer that stands in the log, whatever the answer is`() async throws {
        let world = try await ExampleWorld(api)
        var seen: Set<String> = []
        func check(_ reply: TestAPI.Reply, _ what: String) {
            let id = reply.headers[requestID] ?? ""
            let isNew = seen.insert(id).inserted
            #expect(!id.isEmpty && isNew, "\(what): \(id)")
            let isLogged = recording.entries.contains { entry in
                entry.message.hasPrefix("request ") && entry.metadata["hb.request.id"] == id
                    && entry.metadata["status"] == "\(reply.status)"
            }
            #expect(isLogged, "\(what): \(reply.status)")
        }
        for endpoint in endpoints where endpoint.method != .delete {
            let operation = endpoint.operation
            let filled = world.fill(endpoint.path, query: operation.query)
            let body = operation.body.map { world.fill($0.example.text) }
            let token = operation.tag == "Administration" ? world.adminToken : world.token
            check(try await api.call(endpoint.method, filled, token: token, body: body), "\(operation.id), done")
        }
        for endpoint in endpoints {
            let (method, missing) = (endpoint.method, path(of: endpoint))
            check(try await api.call(method, missing, body: "{"), "\(name(of: endpoint)), refused")
            check(try await api.call(method, missing, token: world.token, body: "{"), "\(name(of: endpoint)), missing")
        }
        for (method, path) in [
            (HTTPRequest.Method.get, "/healthz"), (.head, "/healthz"), (.get, "/openapi.json"), (.post, "/healthz"),
            (.get, "/nothing"), (.put, "/apps"), (.options, "/apps"), (.head, "/apps"), (.trace, "/apps"),
        ] {
            check(try await api.call(method, path, token: world.token), "\(method) \(path)")
        }
        let large = String(repeating: " ", count: Call.bodyLimit + 1)
        check(try await api.call(.post, "/apps", token: world.token, body: large), "too large")
        api.platform.stores.fail(with: PlatformError(.internal, "no"))
        check(try await api.call(.get, "/me", token: world.token), "a fault of ours")
        api.platform.stores.fail(with: nil)
    }

    @Test func `answers HEAD as it answers GET, without the body`() async throws {
        let world = try await ExampleWorld(api)
        for endpoint in endpoints where endpoint.method == .get {
            let operation = endpoint.operation
            let filled = world.fill(endpoint.path, query: operation.query)
            let token = operation.tag == "Administration" ? world.adminToken : world.token
            try await expectSameHead(filled, token: token)
            try await expectSameHead(filled, token: nil)
            try await expectSameHead(path(of: endpoint), token: token)
        }
        for path in ["/healthz", "/openapi.json", "/nothing"] { try await expectSameHead(path, token: world.token) }
    }

    private func expectSameHead(_ path: String, token: String?) async throws {
        let get = try await api.call(.get, path, token: token)
        let head = try await api.call(.head, path, token: token)
        #expect(head.status == get.status && head.text.isEmpty, "\(path): \(head.status) \(head.text.prefix(100))")
        #expect(head.headers[.contentType] == get.headers[.contentType], "\(path)")
        // Figures of what goes on may have changed in between; an error does not.
        if get.status >= 400 { #expect(head.headers[.contentLength] == get.headers[.contentLength], "\(path)") }
    }

    @Test func `lets no other origin in`() async throws {
        let token = try await api.token()
        let origin = try #require(HTTPField.Name("Origin"))
        let asked = try #require(HTTPField.Name("Access-Control-Request-Method"))
        let headers: HTTPFields = [origin: "https://elsewhere.example", asked: "DELETE"]
        func isSilent(_ reply: TestAPI.Reply) -> Bool {
            !reply.headers.contains { $0.name.canonicalName.hasPrefix("access-control") }
        }
        for endpoint in endpoints {
            let path = path(of: endpoint)
            let options = try await api.call(.options, path, token: token, headers: headers)
            #expect(options.status == 405 && options.code == "method_not_allowed", "\(path)")
            #expect(options.headers[.allow]?.contains(endpoint.method.rawValue) == true && isSilent(options), "\(path)")
            #expect(isSilent(try await api.call(endpoint.method, path, token: token, headers: headers)), "\(path)")
        }
    }
}
