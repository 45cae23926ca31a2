import Core
import Git
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// Serves fetches: advertisement, negotiation, packs.
struct FetchService: Sendable {
    static let type = "application/x-git-upload-pack-result"

    let store: RepositoryStore
    let configuration: GitServerConfiguration
    let responses: GitResponses
    let answers: AnswerCache
    let logger: Logger

    func advertisement(_ app: ID<App>, version: GitProtocolVersion) async throws(PlatformError) -> [UInt8] {
        let advertisement = ReferenceAdvertisement(agent: configuration.agent)
        if version == .v2 {
            guard await store.exists(app) else { throw .notFound("repository") }
            return advertisement.version2()
        }
        do throws(GitError) {
            let snapshot = try await store.snapshot(of: app).sound
            return answers.answer(.uploadPack(version), of: app, snapshot) {
                advertisement.uploadPack(snapshot, version: version)
            }
        } catch {
            throw error.code == .notFound ? .notFound("repository") : error.platformError("the repository")
        }
    }

    func respond(
        _ request: Request, admission: Admission, watch: BodyWatch
    ) async throws(PlatformError) -> Response {
        let size = BodySize(bytes: configuration.fetchRequestBytes, inflationRatio: configuration.inflationRatio)
        var reader = try BodyReader(request, limit: size, watch: watch)
        let version = GitProtocolVersion(header: request.headers[.gitProtocol])
        var parser = UploadRequestParser(version: version, limits: configuration.fetchLimits)
        let app = admission.access.app.id
        do throws(ProtocolError) {
            do throws(ProtocolError) {
                while let packet = try await next(&reader) { try parser.take(packet) }
            } catch {
                await reader.drain()
                throw error
            }
            switch try parser.finish() {
            case .none: return responses.packets([], type: Self.type)
            case .list(let list): return try await listReferences(list, app)
            case .info(let info): return try await describe(info, app)
            case .fetch(let fetch): return try await self.fetch(fetch, isVersion2: version == .v2, admission)
            }
        } catch {
            if let failure = error.cause { throw failure }
            return responses.protocolError(error.message, type: Self.type)
        }
    }

    private func next(_ reader: inout BodyReader) async throws(ProtocolError) -> Packet? {
        do throws(PlatformError) { return try await reader.packet() } catch { throw ProtocolError(cause: error) }
    }

    private func listReferences(_ list: ReferenceList, _ app: ID<App>) async throws(ProtocolError) -> Response {
        do throws(GitError) {
            let snapshot = try await store.snapshot(of: app).sound
            guard list.isCommon else { return responses.packets(list.response(snapshot), type: Self.type) }
            let bytes = answers.answer(.list(list), of: app, snapshot) { list.response(snapshot) }
            return responses.packets(bytes, type: Self.type)
        } catch {
            throw shown(error, app)
        }
    }

    private func describe(_ info: ObjectInfoRequest, _ app: ID<App>) async throws(ProtocolError) -> Response {
        let bytes = try await run(app) { (repository) throws(GitError) in
            try info.response { (id) throws(GitError) in try repository.objects.header(id)?.size }
        }
        return responses.packets(bytes, type: Self.type)
    }

    private func fetch(
        _ fetch: FetchRequest, isVersion2: Bool, _ admission: Admission
    ) async throws(ProtocolError) -> Response {
        let app = admission.access.app.id
        let answer = try await run(app) { (repository) throws(GitError) in
            var negotiation = Negotiation(fetch)
            return try negotiation.run(repository, isVersion2: isVersion2)
        }
        guard let request = answer.pack else { return responses.packets(answer.bytes, type: Self.type) }
        let response = PackResponse(
            store: store, app: app, request: request, sideBand: SideBand(capabilities: fetch.capabilities),
            wantsProgress: fetch.wantsProgress, configuration: configuration, responses: responses, logger: logger,
            admission: admission)
        return await response.response(after: answer.bytes)
    }

    /// Works on the repository; errors go to the client in git's way.
    private func run<Value: Sendable>(
        _ app: ID<App>, _ body: @escaping @Sendable (borrowing Repository) throws(GitError) -> Value
    ) async throws(ProtocolError) -> Value {
        do throws(GitError) { return try await store.withRepository(app, body) } catch { throw shown(error, app) }
    }

    private func shown(_ error: GitError, _ app: ID<App>) -> ProtocolError {
        if !error.isShowable { logger.error("fetch failed", metadata: ["app": "\(app)", "cause": "\(error)"]) }
        return ProtocolError(error.platformError("the repository").message)
    }
}
