import Control
import ControlTestSupport
import Core
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import Testing

@testable import API

/// The API over a control plane in memory, and a client that speaks JSON to it.
struct TestAPI {
    let platform = TestPlatform()
    /// Where the server writes to.
    var log: Logger = Self.logger
    /// The server over `platform`.
    private let responder: RouterResponder<APIContext>

    init() { responder = APIServer(control: platform.control).router().buildResponder() }

    /// Says nothing, but keeps what is in it: a request's id is there.
    static let logger: Logger = {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return logger
    }()

    /// An answer, read.
    struct Reply {
        let status: Int
        let headers: HTTPFields
        let text: String

        var object: [String: Any] { parsed as? [String: Any] ?? [:] }
        var list: [[String: Any]] { parsed as? [[String: Any]] ?? [] }
        /// The code of the error envelope.
        var code: String? { (object["error"] as? [String: Any])?["code"] as? String }
        var message: String? { (object["error"] as? [String: Any])?["message"] as? String }

        private var parsed: Any? { try? JSONSerialization.jsonObject(with: Data(text.utf8)) }
    }

    /// A token of a new user.
    func token(_ name: String = "alice", isAdmin: Bool = false) async throws -> String {
        try await platform.control.users.add(name: name, isAdmin: isAdmin).token.plaintext
    }

    /// A new app's id, with the id of its prod channel.
    func app(_ name: String = "my-site", token: String) async throws -> (id: String, prod: String) {
        let app = try await call(.post, "/apps", token: token, body: #"{"name":"\#(name)"}"#).object
        let channel = (app["channels"] as? [[String: Any]])?.first
        return (try #require(app["id"] as? String), try #require(channel?["id"] as? String))
    }

    /// Waits until the channel's database is ready, and returns it.
    func database(_ path: String, token: String) async throws -> [String: Any] {
        for _ in 0..<10_000 {
            let reply = try await call(.get, "\(path)/postgres", token: token)
            if reply.object["status"] as? String == "ready" { return reply.object }
            await Task.yield()
        }
        throw PlatformError(.timeout, "the database did not become ready")
    }

    /// - Parameters:
    ///   - bytes: the body, when it is not to be text.
    ///   - control: another one over the same state.
    func call(
        _ method: HTTPRequest.Method, _ path: String, token: String? = nil, body: String? = nil,
        bytes: [UInt8]? = nil, headers: HTTPFields = [:], control: ControlPlane? = nil
    ) async throws -> Reply {
        let other = control.map { APIServer(control: $0).router().buildResponder() }
        let app = Application(responder: other ?? responder, logger: log)
        return try await app.test(.router) { client in
            var headers = headers
            if let token { headers[.authorization] = "Bearer \(token)" }
            let response = try await client.execute(
                uri: path, method: method, headers: headers,
                body: bytes.map { ByteBuffer(bytes: $0) } ?? body.map { ByteBuffer(string: $0) })
            return Reply(
                status: response.status.code, headers: response.headers, text: String(buffer: response.body))
        }
    }
}
