import Core
import Git
import HTTPTypes
import Hummingbird
import NIOCore

/// The answers of the git server.
struct GitResponses: Sendable {
    let realm: String

    /// A whole body of one of git's own media types.
    func packets(_ bytes: [UInt8], type: String) -> Response {
        Response(status: .ok, headers: headers(type), body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    /// A body that is written as it comes to be.
    func stream(
        type: String, _ write: @escaping @Sendable (inout any ResponseBodyWriter) async throws -> Void
    ) -> Response {
        Response(
            status: .ok, headers: headers(type),
            body: ResponseBody { writer in
                try await write(&writer)
                try await writer.finish(nil)
            })
    }

    /// What the client is told when nothing of git's protocol can be said. git shows the text.
    func failure(_ error: PlatformError) -> Response {
        let status = Self.status(error.code)
        var fields = headers("text/plain; charset=utf-8")
        if status == .unauthorized { fields[.wwwAuthenticate] = "Basic realm=\"\(realm)\", charset=\"UTF-8\"" }
        let text = ShownText.of(error.message, limit: 2000) + "\n"
        return Response(status: status, headers: fields, body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    func methodNotAllowed(_ allowed: String) -> Response {
        var response = failure(PlatformError(.methodNotAllowed, "use \(allowed)"))
        response.headers[.allow] = allowed
        return response
    }

    /// A protocol error that git shows as `remote error: …`.
    func protocolError(_ message: String, type: String) -> Response {
        var bytes: [UInt8] = []
        PktLine.append(line: "ERR " + ShownText.of(message, limit: 1000), to: &bytes)
        return packets(bytes, type: type)
    }

    private func headers(_ type: String) -> HTTPFields {
        [
            .contentType: type, .cacheControl: "no-cache, max-age=0, must-revalidate",
            .pragma: "no-cache", .expires: "Fri, 01 Jan 1980 00:00:00 GMT",
        ]
    }

    private static func status(_ code: PlatformError.Code) -> HTTPResponse.Status {
        switch code {
        case .unauthenticated, .tokenInvalid, .tokenRevoked: .unauthorized
        case .scopeDenied, .scopeReserved, .forbidden: .forbidden
        case .notFound: .notFound
        case .methodNotAllowed: .methodNotAllowed
        case .invalid, .invalidConfirmation, .cancelled: .badRequest
        case .conflict: .conflict
        case .tooLarge: .contentTooLarge
        case .unsupported: .unsupportedMediaType
        case .rateLimited: .tooManyRequests
        case .unavailable, .databaseUnavailable: .serviceUnavailable
        case .timeout: .gatewayTimeout
        case .badGateway: .badGateway
        case .buildFailed, .internal: .internalServerError
        }
    }
}

extension HTTPField.Name {
    static var pragma: HTTPField.Name { name("Pragma") }
    static var gitProtocol: HTTPField.Name { name("Git-Protocol") }

    private static func name(_ text: String) -> HTTPField.Name { HTTPField.Name(text) ?? .accept }
}
