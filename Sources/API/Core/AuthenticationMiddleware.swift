import Control
import Core
import HTTPTypes
import Hummingbird

/// Lets in whoever presents a live token as `Authorization: Bearer …` (RFC 6750 section 2.1); the header only, never
/// the query.
struct AuthenticationMiddleware: RouterMiddleware {
    let tokens: TokenService

    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        context.principal = try await tokens.authenticate(Self.bearerToken(request.headers[.authorization]))
        return try await next(request, context)
    }

    /// The token of a bearer credential; `nil` for none, for an empty one and for another scheme.
    static func bearerToken(_ field: String?) -> String? {
        guard let field else { return nil }
        let parts = field.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        let token = parts[1].drop { $0 == " " }
        return token.isEmpty ? nil : String(token)
    }
}
