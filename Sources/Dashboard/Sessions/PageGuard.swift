import Core
import HTTPTypes
import Hummingbird
import Logging

/// Turns errors into pages, refuses forms that another site sent (Fetch Metadata, `Sec-Fetch-Site`, else
/// `Origin`), and gives every
/// page the headers that keep it from being framed or fed with scripts.
struct PageGuard: RouterMiddleware {
    let pages: PageRenderer

    func handle(
        _ request: Request, context: DashboardContext, next: (Request, DashboardContext) async throws -> Response
    ) async throws -> Response {
        var response: Response
        do {
            if request.method == .post, isCrossSite(request) {
                throw PlatformError(.forbidden, "this form came from another site")
            }
            response = try await next(request, context)
        } catch let error as PlatformError {
            response = answer(error, context)
        } catch let error as HTTPError where error.status == .notFound {
            response = answer(.notFound("page"), context)
        } catch {
            response = answer(.internal("the page could not be made", cause: error), context)
        }
        response.headers[.contentSecurityPolicy] =
            "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
        response.headers[.xContentTypeOptions] = "nosniff"
        if let name = HTTPField.Name("Referrer-Policy") { response.headers[name] = "same-origin" }
        if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
        return response
    }

    private func answer(_ error: PlatformError, _ context: DashboardContext) -> Response {
        switch error.code {
        case .unauthenticated: return Response(status: .seeOther, headers: [.location: "/"])
        case .notFound: return pages.render(.message, MessagePage("Not found", error.message), status: .notFound)
        case .forbidden, .scopeDenied:
            return pages.render(.message, MessagePage("Not allowed", error.message), status: .forbidden)
        case .internal:
            context.logger.error("page failed", metadata: ["error": "\(error)"])
            return pages.render(
                .message, MessagePage("Something broke", "It is in the server's log as \(context.id)."),
                status: .internalServerError)
        default: return pages.render(.message, MessagePage("That did not work", error.message), status: .badRequest)
        }
    }

    private func isCrossSite(_ request: Request) -> Bool {
        if let name = HTTPField.Name("Sec-Fetch-Site"), let site = request.headers[name] {
            return site != "same-origin" && site != "none"
        }
        // Browsers send Fetch Metadata over https and to localhost only; Origin comes with every form.
        guard let origin = request.headers[.origin] else { return false }
        return origin.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false).last
            != request.head.authority?[...]
    }
}
