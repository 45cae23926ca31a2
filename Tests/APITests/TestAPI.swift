import Control
import ControlTestSupport
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore

@testable import API

/// The API over a control plane in memory, and a client that speaks JSON to it.
struct TestAPI {
    let platform = TestPlatform()

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
    func token(_ name: String = "alice") async throws -> String {
        try await platform.control.users.add(name: name, isAdmin: false).token.plaintext
    }

    func call(
        _ method: HTTPRequest.Method, _ path: String, token: String? = nil, body: String? = nil,
        headers: HTTPFields = [:]
    ) async throws -> Reply {
        let app = Application(router: APIServer(control: platform.control).router())
        return try await app.test(.router) { client in
            var headers = headers
            if let token { headers[.authorization] = "Bearer \(token)" }
            let response = try await client.execute(
                uri: path, method: method, headers: headers, body: body.map { ByteBuffer(string: $0) })
            return Reply(
                status: response.status.code, headers: response.headers, text: String(buffer: response.body))
        }
    }
}
