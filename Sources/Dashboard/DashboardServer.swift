import Control
import Core
import HTTPTypes
import Hummingbird
import Logging

/// The dashboard: pages rendered on the server, no scripts. It shows what the API shows, through the same use cases.
public struct DashboardServer: Sendable {
    let control: ControlPlane
    let pages: PageRenderer
    let sessions = SessionStore()
    let cookie: SessionCookie

    /// Throws when a page's template is not valid Mustache.
    public init(control: ControlPlane) throws {
        self.control = control
        cookie = SessionCookie(control.address)
        pages = try PageRenderer()
    }

    public func router() -> Router<DashboardContext> {
        let router = Router(context: DashboardContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: PageGuard(pages: pages))
        router.add(middleware: SessionMiddleware(sessions: sessions, tokens: control.tokens, cookie: cookie))
        router.get("/", use: home)
        router.post("/sign-in", use: signIn)
        router.post("/sign-out", use: signOut)
        router.get("/invite", use: invite)
        router.post("/invite", use: redeem)
        router.get("/apps/{app}", use: app)
        router.get("/apps/{app}/channels/{channel}/deploys/{deploy}", use: deploy)
        router.get("/berth.css") { _, _ in
            Response(
                status: .ok,
                headers: [.contentType: "text/css; charset=utf-8", .cacheControl: "public, max-age=3600"],
                body: ResponseBody(byteBuffer: .init(string: Stylesheet.text)))
        }
        return router
    }

    // MARK: - Pages

    @Sendable private func home(_ request: Request, _ context: DashboardContext) async throws -> Response {
        guard let principal = context.principal else {
            return pages.render(
                .signIn, SignInPage(error: nil, api: control.address.url(host: control.address.apiHost)))
        }
        let apps = try await control.apps.list(by: principal)
        return pages.render(
            .apps,
            AppsPage(
                user: principal.user.name.rawValue, apps: apps.map { AppSummary($0, address: control.address) },
                api: control.address.url(host: control.address.apiHost)))
    }

    @Sendable private func app(_ request: Request, _ context: DashboardContext) async throws -> Response {
        let principal = try context.requirePrincipal()
        let overview = try await control.apps.get(context.id("app"), by: principal)
        var channels: [ChannelDetail] = []
        for channel in overview.channels {
            let deploys = try await control.deploys.recent(
                channel: channel.id, app: overview.app.id, limit: 10, by: principal)
            channels.append(ChannelDetail(channel, deploys: deploys, address: control.address))
        }
        return pages.render(
            .app,
            AppPage(
                user: principal.user.name.rawValue, app: AppSummary(overview, address: control.address),
                channels: channels))
    }

    @Sendable private func deploy(_ request: Request, _ context: DashboardContext) async throws -> Response {
        let principal = try context.requirePrincipal()
        let overview = try await control.apps.get(context.id("app"), by: principal)
        let log = try await control.deploys.log(
            of: context.id("deploy"), channel: context.id("channel"), app: overview.app.id, by: principal)
        return pages.render(
            .deploy,
            DeployPage(
                user: principal.user.name.rawValue, app: AppSummary(overview, address: control.address),
                log: String(decoding: log, as: UTF8.self)))
    }

    // MARK: - Sessions

    @Sendable private func signIn(_ request: Request, _ context: DashboardContext) async throws -> Response {
        let form = try await Form(request, limit: 4096)
        let token = form["token"].map { String($0.filter { !$0.isWhitespace }) }
        do {
            _ = try await control.tokens.authenticate(token)
        } catch {
            let page = SignInPage(
                error: error.message, api: control.address.url(host: control.address.apiHost))
            return pages.render(.signIn, page, status: .unauthorized)
        }
        let session = sessions.open(for: TokenText.digest(of: token ?? ""))
        return .seeOther("/", cookie: cookie.set(session))
    }

    @Sendable private func signOut(_ request: Request, _ context: DashboardContext) async throws -> Response {
        if let session = context.session { sessions.close(session) }
        return .seeOther("/", cookie: cookie.clear())
    }
}

extension Response {
    static func seeOther(_ path: String, cookie: String) -> Response {
        Response(status: .seeOther, headers: [.location: path, .setCookie: cookie])
    }
}
