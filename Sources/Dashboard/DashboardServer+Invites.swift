import Control
import Core
import Hummingbird
import Logging

/// How somebody becomes a user: with an invite's code and a name of their own.
extension DashboardServer {
    /// The form; a link may bring the code with it.
    @Sendable func invite(_ request: Request, _ context: DashboardContext) async throws -> Response {
        let code = request.uri.queryParameters["code"].map(String.init) ?? ""
        return pages.render(.invite, InvitePage(code: code, name: "", error: nil))
    }

    /// Uses the invite up and shows the first token, this once. What is wrong is said beside the form, which can be sent
    /// again.
    @Sendable func redeem(_ request: Request, _ context: DashboardContext) async throws -> Response {
        let form = try await Form(request, limit: 4096)
        let code = (form["code"] ?? "").filter { !$0.isWhitespace }
        let name = form["name"] ?? ""
        do throws(PlatformError) {
            let (user, token) = try await control.invites.redeem(code, name: name)
            context.logger.info("invite redeemed", metadata: ["user": "\(user.name)"])
            return pages.render(
                .welcome,
                WelcomePage(
                    name: user.name.rawValue, token: token.plaintext,
                    api: control.address.url(host: control.address.apiHost)))
        } catch {
            switch error.code {
            case .tokenInvalid:
                return pages.render(
                    .invite, InvitePage(code: code, name: name, error: "token_invalid: \(error.message)"),
                    status: .unauthorized)
            case .invalid, .conflict:
                return pages.render(
                    .invite, InvitePage(code: code, name: name, error: error.message), status: .badRequest)
            default: throw error
            }
        }
    }
}
