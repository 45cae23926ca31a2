import Core
import Git
import HTTPTypes
import Hummingbird
import Logging

/// Git over smart HTTP (gitprotocol-http(5)) at `/<owner>/<app>.git`: fetches by protocol 0, 1 and 2, and pushes.
///
/// Every request is let in by the gate anew. What is no smart request is refused; files are never served.
public struct GitRoutes: Sendable {
    private let gate: any GitGate
    private let configuration: GitServerConfiguration
    private let logger: Logger
    private let responses: GitResponses
    private let fetches: FetchService
    private let pushes: PushService

    public init(
        store: RepositoryStore, gate: any GitGate, configuration: GitServerConfiguration, logger: Logger
    ) {
        self.gate = gate
        self.configuration = configuration
        self.logger = logger
        responses = GitResponses(realm: configuration.realm)
        fetches = FetchService(store: store, configuration: configuration, responses: responses, logger: logger)
        pushes = PushService(
            store: store, gate: gate, configuration: configuration, responses: responses, logger: logger)
    }

    /// Adds the routes.
    public func add(to router: Router<some RequestContext>) {
        let repository = router.group("/:owner/:repository")
        repository.get("info/refs") { request, context in
            await self.answer(request, context) { path throws(PlatformError) in
                try await self.advertise(request, path)
            }
        }
        repository.post("git-upload-pack") { request, context in
            await self.answer(request, context) { path throws(PlatformError) in
                let access = try await self.enter(request, path, .uploadPack)
                try Self.checkType(request, .uploadPack)
                return try await self.fetches.respond(request, access: access)
            }
        }
        repository.post("git-receive-pack") { request, context in
            await self.answer(request, context) { path throws(PlatformError) in
                let access = try await self.enter(request, path, .receivePack)
                try Self.checkType(request, .receivePack)
                return try await self.pushes.respond(request, access: access)
            }
        }
        repository.post("info/refs") { _, _ in self.responses.methodNotAllowed("GET") }
        repository.get("git-upload-pack") { _, _ in self.responses.methodNotAllowed("POST") }
        repository.get("git-receive-pack") { _, _ in self.responses.methodNotAllowed("POST") }
    }

    /// Checks the path before anything else, and turns errors into answers.
    private func answer(
        _ request: Request, _ context: some RequestContext,
        _ body: (RepositoryPath) async throws(PlatformError) -> Response
    ) async -> Response {
        do throws(PlatformError) {
            guard
                let path = RepositoryPath(
                    owner: context.parameters.get("owner"), repository: context.parameters.get("repository"))
            else { throw .notFound("repository") }
            return try await body(path)
        } catch {
            if let cause = error.cause {
                // A client that hangs up is nothing that an operator could mend.
                logger.log(
                    level: error.code == .cancelled ? .debug : .error, "git request failed",
                    metadata: ["code": "\(error.code)", "cause": "\(cause)"])
            }
            return responses.failure(error)
        }
    }

    private func advertise(_ request: Request, _ path: RepositoryPath) async throws(PlatformError) -> Response {
        guard let name = request.uri.queryParameters["service"] else {
            throw PlatformError(.forbidden, "this server speaks smart HTTP only; use git 1.6.6 or newer")
        }
        guard let service = GitService(rawValue: String(name)) else {
            throw PlatformError(.forbidden, "the service is not one of this server's")
        }
        let access = try await enter(request, path, service)
        let version = GitProtocolVersion(header: request.headers[.gitProtocol])
        let bytes =
            switch service {
            case .uploadPack: try await fetches.advertisement(access.app.id, version: version)
            case .receivePack: try await pushes.advertisement(access, version: version)
            }
        return responses.packets(bytes, type: "application/x-\(service.rawValue)-advertisement")
    }

    private func enter(
        _ request: Request, _ path: RepositoryPath, _ service: GitService
    ) async throws(PlatformError) -> GitAccess {
        do throws(PlatformError) {
            return try await gate.authorize(
                GitAuthentication.credentials(request.headers[.authorization]), owner: path.owner, name: path.name,
                service: service)
        } catch {
            // One text for what is missing and what is somebody else's.
            throw error.code == .notFound ? .notFound("repository") : error
        }
    }

    /// A page of another site cannot send this type without asking first.
    private static func checkType(_ request: Request, _ service: GitService) throws(PlatformError) {
        let type = request.headers[.contentType]?.split(separator: ";").first.map(String.init)
        guard type?.lowercased() == "application/x-\(service.rawValue)-request" else {
            throw PlatformError(.unsupported, "the content type must be application/x-\(service.rawValue)-request")
        }
    }
}
