import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// Speaks to one server with one token.
struct APIClient: Sendable {
    /// Largest answer that is read, bytes. A deploy's log is bounded by the server well below this.
    private static let bodyLimit = 64 * 1024 * 1024
    private static let timeLimit = TimeAmount.seconds(60)

    let server: ServerAddress
    private let token: String
    private let http: HTTPClient

    /// Lends a client for the length of `body`.
    static func with<Result>(
        _ login: Login, _ body: (APIClient) async throws -> Result
    ) async throws -> Result {
        var configuration = HTTPClient.Configuration()
        configuration.timeout.connect = .seconds(10)
        // Names under localhost are this machine (RFC 6761 section 6.3); not every resolver knows.
        if login.server.isLocal { configuration.dnsOverride[login.server.host] = "127.0.0.1" }
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        do {
            let result = try await body(APIClient(server: login.server, token: login.token, http: http))
            try await http.shutdown()
            return result
        } catch {
            try? await http.shutdown()
            throw error
        }
    }

    func get<Response: Decodable>(_ path: String, as type: Response.Type = Response.self) async throws -> Response {
        try JSONDecoder().decode(type, from: await send("GET", path))
    }

    func getText(_ path: String) async throws -> String {
        String(decoding: try await send("GET", path), as: UTF8.self)
    }

    func post<Response: Decodable>(
        _ path: String, _ body: some Encodable, as type: Response.Type = Response.self
    ) async throws -> Response {
        try JSONDecoder().decode(type, from: await send("POST", path, body: JSONEncoder().encode(body)))
    }

    /// For the calls that answer 204.
    func postNoContent(_ path: String, _ body: some Encodable) async throws {
        _ = try await send("POST", path, body: JSONEncoder().encode(body))
    }

    func delete(_ path: String) async throws {
        _ = try await send("DELETE", path)
    }

    private func send(_ method: String, _ path: String, body: Data? = nil) async throws -> Data {
        var request = HTTPClientRequest(url: server.url + path)
        request.method = .init(rawValue: method)
        request.headers.add(name: "Authorization", value: "Bearer \(token)")
        request.headers.add(name: "Accept", value: "application/json, text/plain")
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: body))
        }
        let response: HTTPClientResponse
        do {
            response = try await http.execute(request, timeout: Self.timeLimit)
        } catch {
            throw ClientError("cannot reach \(server.url): \(error)")
        }
        let data = Data(buffer: try await response.body.collect(upTo: Self.bodyLimit))
        guard (200..<300).contains(response.status.code) else {
            let envelope = try? JSONDecoder().decode(ErrorEnvelope.self, from: data)
            throw APIError(
                status: Int(response.status.code), code: envelope?.error.code,
                message: envelope?.error.message ?? "the server answered \(response.status)")
        }
        return data
    }
}

extension Data {
    fileprivate init(buffer: ByteBuffer) { self.init(buffer.readableBytesView) }
}
