import Core
import Hummingbird
import Logging

/// What a dashboard request carries.
public struct DashboardContext: RequestContext {
    public var coreContext: CoreRequestContextStorage
    /// Who is signed in.
    var principal: Principal?
    /// The session's secret, when there is one.
    var session: String?

    public init(source: Source) { coreContext = CoreRequestContextStorage(source: source) }

    /// Throws `.unauthenticated` when nobody is signed in.
    func requirePrincipal() throws(PlatformError) -> Principal {
        guard let principal else { throw PlatformError(.unauthenticated, "sign in first") }
        return principal
    }

    func id<Entity>(_ name: String) -> ID<Entity>? { parameters.get(name).flatMap { ID($0) } }
}
