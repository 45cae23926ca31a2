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

/// Answers what anybody may ask: `/healthz`, on any host, and the description of the API.
struct OpenMiddleware: RouterMiddleware {
    let description: String

    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        let text: String
        switch request.uri.path {
        case "/healthz": text = #"{"status":"ok"}"#
        case OpenAPIDocument.path: text = description
        default: return try await next(request, context)
        }
        guard request.method == .get || request.method == .head else {
            throw PlatformError(.methodNotAllowed, "\(request.method.rawValue) is not allowed here")
        }
        return .json(text: text)
    }
}
