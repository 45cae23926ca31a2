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
        whole(ByteBuffer(bytes: bytes), type: type)
    }

    /// The same.
    func whole(_ body: ByteBuffer, type: String) -> Response {
        Response(status: .ok, headers: headers(type), body: ResponseBody(byteBuffer: body))
    }

    /// A body that the router sends.
    func handed(_ body: HandedBody, to bodies: HandedBodies, type: String) -> Response {
        var fields = headers(type)
        fields[.handedBody] = bodies.leave(body)
        // The length is what the client is told; not a byte of it comes from here.
        return Response(
            status: .ok, headers: fields,
            body: ResponseBody(contentLength: body.size) { writer in try await writer.finish(nil) })
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
        if let seconds = error.details["retryAfter"] {
            fields[.retryAfter] = seconds
        } else if status == .tooManyRequests || status == .serviceUnavailable {
            fields[.retryAfter] = "5"
        }
        if status == .unauthorized { fields[.wwwAuthenticate] = "Basic realm=\"\(realm)\", charset=\"UTF-8\"" }
        let text = ShownText.of(error.message, limit: 2000) + "\n"
        return Response(status: status, headers: fields, body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    /// `response` to a request whose body has not been read: what comes of it is read on for a while, so that the client
    /// comes to read the answer; then the connection is closed.
    func early(_ response: Response, to request: Request, watch: BodyWatch) -> Response {
        let hasBody =
            request.headers[.transferEncoding] != nil || (request.headers[.contentLength].flatMap { Int($0) } ?? 0) > 0
        guard hasBody, !watch.isComplete else { return response }
        var early = response
        early.headers[.connection] = "close"
        let (body, limits, length) = (response.body, watch.limits, response.body.contentLength)
        early.body = ResponseBody(contentLength: length) { writer in
            try await body.write(writer)
            guard !watch.isOpened, await Self.isDrained(request.body, limits) else { throw UnreadBody() }
        }
        return early
    }

    /// Ends the connection: there is no other way to make the server below stop reading.
    private struct UnreadBody: Error {}

    /// Reads the rest of a body. False when it is longer, or takes longer, than the limits.
    private static func isDrained(_ body: RequestBody, _ limits: BodyLimits) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                var iterator = body.makeAsyncIterator()
                var count = 0
                while count <= limits.unreadBytes {
                    guard let buffer = try? await iterator.next() else { return !Task.isCancelled }
                    count += buffer.readableBytes
                }
                return false
            }
            group.addTask {
                try? await Task.sleep(for: limits.unreadTime)
                return false
            }
            defer { group.cancelAll() }
            return await group.next() ?? false
        }
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
        case .scopeDenied, .scopeReserved, .forbidden, .adminNotConfigured: .forbidden
        case .notFound: .notFound
        case .methodNotAllowed: .methodNotAllowed
        case .invalid, .invalidConfirmation, .cancelled: .badRequest
        case .conflict: .conflict
        case .tooLarge: .contentTooLarge
        case .unsupported: .unsupportedMediaType
        case .rateLimited: .tooManyRequests
        case .unavailable, .databaseUnavailable: .serviceUnavailable
        case .timeout: .requestTimeout
        case .badGateway: .badGateway
        case .buildFailed, .internal: .internalServerError
        }
    }
}

extension HTTPField.Name {
    static var pragma: HTTPField.Name { name("Pragma") }
    static var handedBody: HTTPField.Name { name(HandedBodies.field) }
    static var forwardedFor: HTTPField.Name { name("X-Forwarded-For") }
    static var gitProtocol: HTTPField.Name { name("Git-Protocol") }

    private static func name(_ text: String) -> HTTPField.Name { HTTPField.Name(text) ?? .accept }
}
