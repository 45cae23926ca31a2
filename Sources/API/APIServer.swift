import Control
import Core
import HTTPTypes
import Hummingbird
import Logging

/// The REST API: the table of its surfaces, and the layers that every request passes.
public struct APIServer: Sendable {
    private let control: ControlPlane

    public init(control: ControlPlane) { self.control = control }

    /// Every endpoint that is served. A new surface is one more line here.
    var endpoints: [Endpoint] {
        AppsSurface(apps: control.apps, address: control.address).endpoints
            + ChannelsSurface(channels: control.channels, address: control.address).endpoints
            + DeploysSurface(deploys: control.deploys).endpoints
            + EnvironmentSurface(environment: control.environment).endpoints
            + TokensSurface(tokens: control.tokens).endpoints
    }

    /// Outermost first: every answer gets a request id; every error becomes the envelope; who asks is settled before
    /// the route, the ids and the body are looked at.
    public func router() -> Router<APIContext> {
        let router = Router(context: APIContext.self, options: .autoGenerateHeadEndpoints)
        let endpoints = endpoints
        router.add(middleware: RequestIdentityMiddleware())
        router.add(middleware: ErrorEnvelopeMiddleware(routes: RouteIndex(endpoints)))
        router.add(middleware: HealthMiddleware())
        router.add(middleware: AuthenticationMiddleware(tokens: control.tokens))
        for endpoint in endpoints {
            router.on(RouterPath(endpoint.path), method: endpoint.method) { request, context in
                try await endpoint.handle(Call(request, context)).response
            }
        }
        return router
    }
}
