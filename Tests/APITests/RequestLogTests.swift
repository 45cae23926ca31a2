import ControlTestSupport
import Core
import Foundation
import HTTPTypes
import Logging
import TestSupport
import Testing

@testable import API

@Suite("A request in the log")
struct RequestLogTests {
    private let recording = RecordingLog()
    private var api: TestAPI
    private let header: HTTPField.Name

    init() throws {
        api = TestAPI()
        api.log = recording.logger
        header = try #require(HTTPField.Name("X-Request-Id"))
    }

    /// The lines about requests that ended, without the HTTP layer's own.
    private var lines: [RecordingLog.Entry] {
        recording.entries.filter { $0.message.hasPrefix("request ") && $0.metadata["status"] != nil }
    }

    @Test("has the router's id, which the answer has too")
    func adopted() async throws {
        let token = try await api.token()
        let id = "0123456789abcdef0123456789abcdef"
        let reply = try await api.call(.post, "/apps", token: token, body: "{}", headers: [header: id])
        #expect(reply.headers[header] == id)
        let line = try #require(lines.first { $0.metadata["code"] == "bad_request" })
        #expect(line.metadata["hb.request.id"] == id && line.metadata["path"] == "/apps")
    }

    @Test(
        "has an id of its own when what came could break a line",
        arguments: ["", "a b", "x\"y", "ä", String(repeating: "x", count: 129), "a;b"])
    func refused(id: String) async throws {
        let reply = try await api.call(.get, "/apps", headers: [header: id])
        let own = try #require(reply.headers[header])
        #expect(own != id && !own.isEmpty)
        #expect(lines.allSatisfy { $0.metadata["hb.request.id"] == own })
    }

    @Test("is information when the caller was wrong and an error when we were, with the cause")
    func levels() async throws {
        let token = try await api.token()
        _ = try await api.call(.get, "/apps", token: token)
        #expect(lines.map(\.level) == [.debug])
        for (method, path, status, code) in [
            (HTTPRequest.Method.get, "/apps/x", "404", "not_found"), (.put, "/apps", "405", "method_not_allowed"),
            (.post, "/apps", "400", "bad_request"),
        ] {
            let before = lines.count
            _ = try await api.call(method, path, token: token, body: "{")
            let line = try #require(lines.dropFirst(before).first)
            #expect(line.level == .info && line.message == "request refused", "\(path)")
            #expect(line.metadata["status"] == status && line.metadata["code"] == code)
        }
        let before = lines.count
        api.platform.stores.fail(with: PlatformError(.internal, "no", cause: "the disk /dev/sda1"))
        let reply = try await api.call(.get, "/apps", token: token)
        let line = try #require(lines.dropFirst(before).first)
        #expect(line.level == .error && line.message == "request failed")
        #expect(line.metadata["code"] == "internal_error" && line.metadata["cause"] == "the disk /dev/sda1")
        #expect(reply.message?.contains(try #require(line.metadata["hb.request.id"])) == true)
        #expect(!reply.text.contains("sda1"))
    }

    @Test("never has a token, a value or a query")
    func attack14NoSecretInTheLog() async throws {
        let token = try await api.token()
        let app = try await api.app(token: token)
        _ = try await api.call(
            .post, "/apps/\(app.id)/env", token: token, body: #"{"key":"K","value":"geheim"}"#)
        _ = try await api.call(.post, "/apps/\(app.id)/env", token: token, body: #"{"key":"k","value":"geheim"}"#)
        _ = try await api.call(.get, "/apps?token=\(token)")
        let text = recording.entries.map(\.text).joined(separator: "\n")
        #expect(!text.contains("geheim") && !text.contains(token))
        #expect(lines.count >= 3)
    }
}
