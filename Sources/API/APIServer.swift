import Control
import Core
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// The REST API: the table of its surfaces, and the layers that every request passes.
public struct APIServer: Sendable {
    private let control: ControlPlane
    private let known: KnownAnswers

    public init(control: ControlPlane) {
        self.control = control
        known = KnownAnswers(tokens: control.tokens, version: control.dataVersion)
    }

    /// Every endpoint that is served. A new surface is one more line here.
    var endpoints: [Endpoint] {
        AppsSurface(
            apps: control.apps, address: control.address, answers: AnswerCache(version: control.dataVersion)
        ).endpoints
            + ChannelsSurface(channels: control.channels, address: control.address).endpoints
            + InstancesSurface(instances: control.instances).endpoints
            + DeploysSurface(deploys: control.deploys).endpoints
            + DeployHistorySurface(deploys: control.deploys).endpoints
            + EventsSurface(events: control.events).endpoints
            + EnvironmentSurface(environment: control.environment).endpoints
            + DatabasesSurface(databases: control.databases).endpoints
            + TokensSurface(tokens: control.tokens).endpoints
            + StatisticsSurface(
                statistics: control.statistics, address: control.address,
                kept: KeptFigures(version: control.dataVersion)
            ).endpoints
            + AccountSurface().endpoints
            + AdministrationSurface(users: control.users, invites: control.invites).endpoints
    }

    /// The OpenAPI description of the API as this server serves it: JSON text.
    public var description: String {
        OpenAPIDocument.make(
            endpoints, server: control.address.url(host: control.address.apiHost), templates: control.apps.templates
        ).text
    }

    /// Outermost first: every answer gets a request id; every error becomes the envelope; who asks is settled before
    /// the route, the ids and the body are looked at.
    public func router() -> Router<APIContext> {
        let router = Router(context: APIContext.self, options: .autoGenerateHeadEndpoints)
        let endpoints = endpoints
        let known = known
        let routes = RouteIndex(endpoints)
        router.add(middleware: RequestIdentityMiddleware())
        router.add(middleware: ErrorEnvelopeMiddleware(routes: routes))
        router.add(middleware: OpenMiddleware(description: description))
        router.add(middleware: AuthenticationMiddleware(tokens: control.tokens))
        for endpoint in endpoints {
            router.on(RouterPath(endpoint.path), method: endpoint.method) { request, context in
                let call = try Call(request, context)
                let answer = try await endpoint.handle(call)
                if case .encoded(let bytes, let version) = answer, let credential = request.headers[.authorization] {
                    known.keep(
                        bytes, madeAt: version, for: call.principal, credential: credential, path: request.uri.string)
                }
                return answer.response
            }
        }
        return router
    }

    /// The body of the answer to `GET path` for who presents this `Authorization`, if it was given before and nothing
    /// was committed since; always 200 and JSON. The token counts as used.
    public func knownAnswer(path: String, credential: String) -> ByteBuffer? {
        known.body(credential: credential, path: path)
    }
}
