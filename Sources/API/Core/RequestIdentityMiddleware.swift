import Core
import HTTPTypes
import Hummingbird
import Logging

/// Gives every answer the identifier that stands beside the request in the logs, the router's too, logs what changes
/// something, and leaves the body away that a HEAD must not have.
struct RequestIdentityMiddleware: RouterMiddleware {
    private static let header = HTTPField.Name("X-Request-Id")
    private static let lengths = 1...128

    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        // Hummingbird's own place for it: every line of this request has it, and `context.id` reads it.
        if let identity = Self.identity(in: request) { context.logger[metadataKey: "hb.request.id"] = "\(identity)" }
        var response = try await next(request, context)
        // Whatever answered, errors too: the next request on the connection would get the body for its answer (RFC 9110
        // section 9.3.2).
        if request.method == .head { response = response.createHeadResponse() }
        if let header = Self.header { response.headers[header] = context.id }
        let isChange = request.method != .get && request.method != .head && response.status.kind == .successful
        context.logger.log(
            level: isChange ? .info : .debug, "request answered",
            metadata: [
                "method": "\(request.method.rawValue)", "path": "\(request.uri.path)",
                "status": "\(response.status.code)",
            ])
        return response
    }

    /// The router's, or a client's when there is no router; what could break a log line is not taken.
    private static func identity(in request: Request) -> String? {
        guard let header, let text = request.headers[header], lengths.contains(text.utf8.count) else { return nil }
        let isHarmless = text.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte | 0x20) || "-_.:+=/".utf8.contains(byte)
        }
        return isHarmless ? text : nil
    }
}
