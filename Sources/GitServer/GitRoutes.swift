import Core
import Git
import HTTPTypes
import Hummingbird
import Logging

/// Git over smart HTTP (gitprotocol-http(5)) at `/<owner>/<app>.git`: fetches by protocol 0, 1 and 2, and pushes.
///
/// Every request is let in by the gate anew. What is no smart request is refused; files are never served.
public struct GitRoutes: Sendable {
    private let doorkeeper: Doorkeeper
    private let configuration: GitServerConfiguration
    private let logger: Logger
    private let responses: GitResponses
    private let fetches: FetchService
    private let pushes: PushService

    public init(
        store: RepositoryStore, gate: any GitGate, configuration: GitServerConfiguration, logger: Logger
    ) {
        doorkeeper = Doorkeeper(gate: gate, configuration: configuration)
        self.configuration = configuration
        self.logger = logger
        responses = GitResponses(realm: configuration.realm)
        let answers = AnswerCache(byteLimit: configuration.answerCacheBytes)
        fetches = FetchService(
            store: store, configuration: configuration, responses: responses, answers: answers, logger: logger)
        pushes = PushService(
            store: store, gate: gate, configuration: configuration, responses: responses, answers: answers,
            logger: logger)
    }

    /// Adds the routes.
    public func add(to router: Router<some RequestContext>) {
        let repository = router.group("/:owner/:repository")
        repository.get("info/refs") { request, context in
            await self.answer(request, context) { path, _ throws(PlatformError) in
                try await self.advertise(request, path)
            }
        }
        repository.post("git-upload-pack") { request, context in
            await self.answer(request, context) { path, watch throws(PlatformError) in
                let admission = try await self.doorkeeper.enter(request, path, .uploadPack)
                try Self.checkType(request, .uploadPack)
                return try await watch.guarding { () throws(PlatformError) in
                    try await self.fetches.respond(request, admission: admission, watch: watch)
                }
            }
        }
        repository.post("git-receive-pack") { request, context in
            await self.answer(request, context) { path, watch throws(PlatformError) in
                let admission = try await self.doorkeeper.enter(request, path, .receivePack)
                try Self.checkType(request, .receivePack)
                return try await watch.guarding { () throws(PlatformError) in
                    try await self.pushes.respond(request, admission: admission, watch: watch)
                }
            }
        }
        addRefusals(to: repository)
    }

    /// The answers to what git's own server would do and this one does not: files, and other methods.
    private func addRefusals(to repository: RouterGroup<some RequestContext>) {
        for path in ["HEAD", "objects/info/:name", "objects/pack/:name", "objects/:folder/:name"] {
            repository.get(RouterPath(path)) { _, _ in self.responses.failure(Self.smartOnly) }
        }
        for method in [HTTPRequest.Method.post, .put, .delete, .patch] {
            repository.on("info/refs", method: method) { request, _ in self.wrongMethod(request, "GET, HEAD") }
        }
        for method in [HTTPRequest.Method.get, .put, .delete, .patch] {
            for service in ["git-upload-pack", "git-receive-pack"] {
                repository.on(RouterPath(service), method: method) { request, _ in self.wrongMethod(request, "POST") }
            }
        }
    }

    private static let smartOnly = PlatformError(
        .forbidden, "this server speaks smart HTTP only; use git 1.6.6 or newer")

    private func wrongMethod(_ request: Request, _ allowed: String) -> Response {
        responses.early(
            responses.methodNotAllowed(allowed), to: request, watch: BodyWatch(configuration.body))
    }

    /// Checks the path before anything else, and turns errors into answers.
    private func answer(
        _ request: Request, _ context: some RequestContext,
        _ body: (RepositoryPath, BodyWatch) async throws(PlatformError) -> Response
    ) async -> Response {
        let watch = BodyWatch(configuration.body)
        do throws(PlatformError) {
            guard
                let path = RepositoryPath(
                    owner: context.parameters.get("owner"), repository: context.parameters.get("repository"))
            else { throw .notFound("repository") }
            return responses.early(try await body(path, watch), to: request, watch: watch)
        } catch {
            if let cause = error.cause {
                // A client that hangs up is nothing that an operator could mend.
                logger.log(
                    level: error.code == .cancelled ? .debug : .error, "git request failed",
                    metadata: ["code": "\(error.code)", "cause": "\(cause)"])
            }
            return responses.early(responses.failure(error), to: request, watch: watch)
        }
    }

    private func advertise(_ request: Request, _ path: RepositoryPath) async throws(PlatformError) -> Response {
        guard let name = request.uri.queryParameters["service"] else { throw Self.smartOnly }
        guard let service = GitService(rawValue: String(name)) else {
            throw PlatformError(.forbidden, "Unsupported service: '\(ShownText.of(String(name), limit: 100))'")
        }
        let admission = try await doorkeeper.enter(request, path, service)
        let version = GitProtocolVersion(header: request.headers[.gitProtocol])
        let bytes =
            switch service {
            case .uploadPack: try await fetches.advertisement(admission.access.app.id, version: version)
            case .receivePack: try await pushes.advertisement(admission.access, version: version)
            }
        return responses.packets(bytes, type: "application/x-\(service.rawValue)-advertisement")
    }

    /// A page of another site cannot send this type without asking first.
    private static func checkType(_ request: Request, _ service: GitService) throws(PlatformError) {
        let expected = "application/x-\(service.rawValue)-request"
        let type = request.headers[.contentType]
        let given = type?.split(separator: ";").first.map { $0.filter { $0 != " " && $0 != "\t" }.lowercased() }
        guard given == expected else {
            let shown = ShownText.of(type ?? "", limit: 100)
            throw PlatformError(
                .unsupported, "Expected POST with Content-Type '\(expected)', but received '\(shown)' instead.")
        }
    }
}
