import Core
import HTTPTypes
import Hummingbird
import Logging

/// Turns every error into `{"error":{"code","message"}}` (seed 000, "Error envelope"), those of the HTTP layer too.
struct ErrorEnvelopeMiddleware: RouterMiddleware {
    let routes: RouteIndex

    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch {
            let shown = translate(error, request: request, context: context)
            log(error, shownAs: shown, request: request, context: context)
            return render(shown, request: request)
        }
    }

    private func translate(_ error: any Error, request: Request, context: APIContext) -> PlatformError {
        switch error {
        case let error as PlatformError where error.code != .internal: error
        case let error as HTTPError where error.status == .notFound:
            routes.methods(for: request.uri.path).isEmpty
                ? PlatformError(.notFound, "there is no such endpoint")
                : PlatformError(.methodNotAllowed, "\(request.method.rawValue) is not allowed here")
        case let error as HTTPError where error.status == .contentTooLarge:
            PlatformError(.tooLarge, "the body is too large")
        case let error as HTTPError where error.status.kind == .clientError:
            .invalid(error.body ?? "the request cannot be read")
        default: PlatformError(.internal, "internal error; the request id is \(context.id)")
        }
    }

    /// What the caller did wrong is information; what we could not do is an error, with its cause.
    private func log(_ error: any Error, shownAs shown: PlatformError, request: Request, context: APIContext) {
        let (status, code) = Self.wireForm(of: shown.code)
        var facts: Logger.Metadata = [
            "method": "\(request.method.rawValue)", "path": "\(request.uri.path)", "status": "\(status.code)",
            "code": "\(code)",
        ]
        if let cause = (error as? PlatformError)?.cause { facts["cause"] = "\(cause)" }
        if shown.code == .internal { facts["error"] = "\(error)" }
        if status.kind == .serverError {
            context.logger.error("request failed", metadata: facts)
        } else {
            context.logger.info("request refused", metadata: facts)
        }
    }

    private func render(_ error: PlatformError, request: Request) -> Response {
        let (status, code) = Self.wireForm(of: error.code)
        var headers: HTTPFields = [:]
        if status == .unauthorized { headers[.wwwAuthenticate] = "Bearer realm=\"Berth\"" }
        if status == .methodNotAllowed {
            headers[.allow] = routes.methods(for: request.uri.path).joined(separator: ", ")
        }
        let message = status == .unauthorized ? "\(error.message); \(Self.mintingHint)" : error.message
        return .json(
            ["error": ["code": .string(code), "message": .string(message)]], status: status, headers: headers)
    }

    /// A token that is dead stays dead (seed 000, "Authentication").
    private static let mintingHint =
        "a new one is made by POST /tokens with a live token, or by berthd token add on the server"

    /// The contract's codes (seed 000, "Error codes") and those that it gives per endpoint.
    static func wireForm(of code: PlatformError.Code) -> (HTTPResponse.Status, String) {
        switch code {
        case .invalid, .buildFailed, .unsupported: (.badRequest, "bad_request")
        case .invalidConfirmation: (.badRequest, "invalid_confirmation")
        case .unauthenticated: (.unauthorized, "auth_required")
        case .tokenInvalid: (.unauthorized, "token_invalid")
        case .tokenRevoked: (.unauthorized, "token_revoked")
        case .scopeDenied: (.forbidden, "scope_denied")
        case .scopeReserved: (.forbidden, "scope_reserved")
        case .forbidden: (.forbidden, "permission_denied")
        case .adminNotConfigured: (.forbidden, "admin_not_configured")
        case .notFound: (.notFound, "not_found")
        case .methodNotAllowed: (.methodNotAllowed, "method_not_allowed")
        case .conflict, .cancelled: (.conflict, "conflict")
        case .tooLarge: (.contentTooLarge, "bad_request")
        case .rateLimited: (.tooManyRequests, "rate_limited")
        case .databaseUnavailable: (.serviceUnavailable, "postgres_unavailable")
        case .unavailable: (.serviceUnavailable, "unavailable")
        case .badGateway: (.badGateway, "bad_gateway")
        case .timeout: (.gatewayTimeout, "timeout")
        case .internal: (.internalServerError, "internal_error")
        }
    }
}

/// Which methods each path pattern has; tells an unknown path from a wrong method.
struct RouteIndex: Sendable {
    private let routes: [(parts: [Substring], method: String)]

    init(_ endpoints: [Endpoint]) {
        routes =
            endpoints.map { ($0.path.split(separator: "/"), $0.method.rawValue) }
            + ["/healthz", OpenAPIDocument.path].map { ($0.split(separator: "/"), "GET") }
    }

    /// The methods of `path`, sorted, `HEAD` with `GET`; empty for a path that nothing serves.
    func methods(for path: String) -> [String] {
        let parts = path.split(separator: "/")
        var methods = Set<String>()
        for route in routes where route.parts.count == parts.count {
            guard zip(route.parts, parts).allSatisfy({ $0.hasPrefix("{") || $0 == $1 }) else { continue }
            methods.insert(route.method)
            if route.method == "GET" { methods.insert("HEAD") }
        }
        return methods.sorted()
    }
}
