import Control
import Core
import HTTPTypes
import Hummingbird

/// Finds out who is signed in from the session cookie.
struct SessionMiddleware: RouterMiddleware {
    let sessions: SessionStore
    let tokens: TokenService

    func handle(
        _ request: Request, context: DashboardContext, next: (Request, DashboardContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        if let secret = SessionCookie.secret(in: request.headers), let digest = sessions.tokenDigest(of: secret) {
            do throws(PlatformError) {
                context.principal = try await tokens.authenticate(digest: digest)
                context.session = secret
            } catch {
                sessions.close(secret)
            }
        }
        return try await next(request, context)
    }
}

/// The session's cookie (RFC 6265): for this host only, unreadable to scripts, never sent from another site.
struct SessionCookie {
    static let name = "berth_session"

    private let attributes: String

    init(_ address: PublicAddress) {
        attributes = "Path=/; HttpOnly; SameSite=Strict" + (address.scheme == "https" ? "; Secure" : "")
    }

    func set(_ secret: String) -> String { "\(Self.name)=\(secret); \(attributes)" }
    func clear() -> String { "\(Self.name)=; Max-Age=0; \(attributes)" }

    static func secret(in headers: HTTPFields) -> String? {
        for field in headers[values: .cookie] {
            for pair in field.split(separator: ";") {
                let parts = pair.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
                if parts.count == 2, parts[0] == name { return String(parts[1]) }
            }
        }
        return nil
    }
}
