import Core
import HTTPTypes
import Hummingbird
import Logging

/// What a request carries through the layers.
public struct APIContext: RequestContext {
    public var coreContext: CoreRequestContextStorage
    /// Who asks; set by `AuthenticationMiddleware`.
    var principal: Principal?

    public init(source: Source) { coreContext = CoreRequestContextStorage(source: source) }
}

/// Gives every answer the identifier that stands beside the request in the log.
struct RequestIdentityMiddleware: RouterMiddleware {
    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        if let name = HTTPField.Name("X-Request-Id") { response.headers[name] = context.id }
        return response
    }
}

/// Answers `/healthz` for anybody, on any host.
struct HealthMiddleware: RouterMiddleware {
    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        guard request.uri.path == "/healthz", request.method == .get || request.method == .head else {
            return try await next(request, context)
        }
        return .json(["status": "ok"])
    }
}
