import Control
import Core
import HTTPTypes
import Hummingbird

/// Finds out who is signed in from the session cookie.
struct SessionMiddleware: RouterMiddleware {
    let sessions: SessionStore
    let tokens: TokenService
    let cookie: SessionCookie

    func handle(
        _ request: Request, context: DashboardContext, next: (Request, DashboardContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        if let secret = cookie.secret(in: request.headers), let digest = sessions.tokenDigest(of: secret) {
            do throws(PlatformError) {
                context.principal = try await tokens.authenticate(digest: digest)
                context.session = secret
            } catch {
                // A store that does not answer signs nobody out.
                guard error.code == .tokenInvalid || error.code == .tokenRevoked else { throw error }
                sessions.close(secret)
            }
        }
        return try await next(request, context)
    }
}
