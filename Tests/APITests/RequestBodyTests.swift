import ControlTestSupport
import Core
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import TestSupport
import Testing

@testable import API

@Suite("Bodies of requests")
struct RequestBodyTests {
    private let api = TestAPI()

    @Test func `unknown fields are ignored, null is the same as absent, and of two of a name the last one counts`()
        async throws
    {
        let token = try await api.token()
        let app = try await api.call(
            .post, "/apps", token: token,
            body: #"{"name":"first","name":"second","template":null,"colour":{"a":[1,{}]}}"#)
        #expect(app.status == 200 && app.object["name"] as? String == "second", "\(app.text)")
        #expect(app.object["template"] as? String == "static")
        let minted = try await api.call(
            .post, "/tokens", token: token, body: #"{"label":null,"scopes":null,"expires":1}"#)
        #expect(minted.status == 200 && minted.object["label"] is NSNull, "\(minted.text)")
        #expect(minted.object["scopes"] as? [String] == ["repo:*", "deploy:*", "channel:*"])
    }

    @Test(
        arguments: [
            (#"{"scopes":["channel:*","deploy:*","repo:*"]}"#, 200, nil), (#"{"scopes":[]}"#, 400, "bad_request"),
            (#"{"scopes":["repo:*"]}"#, 400, "bad_request"), (#"{"scopes":"repo:*"}"#, 400, "bad_request"),
            (#"{"scopes":["repo:*","deploy:*","channel:*","admin:*"]}"#, 400, "bad_request"),
            (#"{"scopes":["repo:*","deploy:*","channel:*","db:*"]}"#, 403, "scope_reserved"),
            (#"{"scopes":[1]}"#, 400, "bad_request"), (#"{"label":1}"#, 400, "bad_request"),
            (#"{"label":"\u0007"}"#, 400, "bad_request"),
            (#"{"label":"\#(String(repeating: "é", count: 100))"}"#, 200, nil),
            (#"{"label":"\#(String(repeating: "é", count: 101))"}"#, 400, "bad_request"),
        ] as [(String, Int, String?)])
    func `a token is asked for with the default scopes, or none, and a label of a hundred characters`(
        _ body: String, _ status: Int, _ code: String?
    ) async throws {
        let token = try await api.token()
        let reply = try await api.call(.post, "/tokens", token: token, body: body)
        #expect(reply.status == status && reply.code == code, "\(reply.text)")
        let list = try await api.call(.get, "/tokens", token: token).object["tokens"] as? [Any]
        #expect(list?.count == (status == 200 ? 2 : 1))
    }

    @Test func `as many bytes as the limit are read, and not one more`() async throws {
        let token = try await api.token()
        func body(_ count: Int, _ name: String) -> String {
            let start = #"{"name":"\#(name)""#
            return start + String(repeating: " ", count: count - start.utf8.count - 1) + "}"
        }
        let most = try await api.call(.post, "/apps", token: token, body: body(Call.bodyLimit, "most"))
        #expect(most.status == 200, "\(most.text)")
        let more = try await api.call(.post, "/apps", token: token, body: body(Call.bodyLimit + 1, "more"))
        #expect(more.status == 413 && more.code == "bad_request", "\(more.text)")
        #expect(try await api.platform.stores.apps.allApps().map(\.name.rawValue) == ["most"])
    }

    @Test(
        arguments: [
            [0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0x80], [0xe2, 0x82],
        ] as [[UInt8]])
    func `what is no UTF-8 is refused wherever it stands`(_ bytes: [UInt8]) async throws {
        let token = try await api.token()
        let places = [(#"{"name":""#, #""}"#), (#"{"name":"fine","note":""#, #""}"#), (#"{"name":"fine"}"#, "")]
        for (before, after) in places {
            let body = Array(before.utf8) + bytes + Array(after.utf8)
            let reply = try await api.call(.post, "/apps", token: token, bytes: body)
            #expect(reply.status == 400 && reply.code == "bad_request")
            #expect(reply.message == "the body is not valid UTF-8")
        }
        #expect(try await api.platform.stores.apps.allApps().isEmpty)
    }

    @Test func `nesting without an end is refused`() async throws {
        let token = try await api.token()
        for opening in ["[", #"{"a":"#] {
            let body = #"{"name":"deep","more":"# + String(repeating: opening, count: 200_000)
            let reply = try await api.call(.post, "/apps", token: token, body: body)
            #expect(reply.status == 400 && reply.code == "bad_request", "\(reply.text)")
        }
    }

    @Test func `one in chunks that waits to be asked for is read as any other`() async throws {
        let token = try await api.token()
        let folder = try TemporaryDirectory("berth-curl")
        try Data(#"{"name":"in-chunks"}"#.utf8).write(to: folder.url.appendingPathComponent("body"))
        let server = Application(
            router: APIServer(control: api.platform.control).router(),
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)), logger: TestAPI.logger)
        try await server.test(.live) { client in
            let port = try #require(client.port)
            let outcome = try await RunningCommand(
                "/usr/bin/curl",
                [
                    "-sS", "--max-time", "60", "-H", "Authorization: Bearer \(token)",
                    "-H", "Transfer-Encoding: chunked", "-H", "Expect: 100-continue", "--data-binary", "@body", "-w",
                    "\n%{http_code}",
                    "http://127.0.0.1:\(port)/apps",
                ], folder: folder.path, environment: ["PATH": "/usr/bin:/bin"]
            ).outcome()
            #expect(outcome.status == 0 && outcome.output.hasSuffix("\n200"), "\(outcome.output)")
        }
        #expect(try await api.platform.stores.apps.allApps().map(\.name.rawValue) == ["in-chunks"])
    }
}
