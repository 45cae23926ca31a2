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
    let logger: Logger

    func advertisement(_ app: ID<App>, version: GitProtocolVersion) async throws(PlatformError) -> [UInt8] {
        let advertisement = ReferenceAdvertisement(agent: configuration.agent)
        if version == .v2 { return advertisement.version2() }
        return try await use(app) { (repository) throws(GitError) in
            advertisement.uploadPack(try repository.snapshot(isPeeled: true), version: version)
        }
    }

    func respond(_ request: Request, access: GitAccess) async throws(PlatformError) -> Response {
        var reader = try BodyReader(
            request.body, encoding: request.headers[.contentEncoding], limit: configuration.fetchRequestBytes)
        let packets = try await reader.packets()
        let isVersion2 = GitProtocolVersion(header: request.headers[.gitProtocol]) == .v2
        do throws(ProtocolError) {
            let fetch: FetchRequest
            if isVersion2 {
                guard let command = try CommandRequest(packets) else { return responses.packets([], type: Self.type) }
                switch command.command {
                case "ls-refs":
                    let list = try ReferenceList(command.arguments)
                    return try await listReferences(list, access.app.id)
                case "fetch": fetch = try FetchRequest(version2: command.arguments)
                default: throw ProtocolError("invalid command '\(ShownText.of(command.command, limit: 100))'")
                }
            } else {
                fetch = try FetchRequest(version0: packets)
                if fetch.wants.isEmpty { return responses.packets([], type: Self.type) }
            }
            guard fetch.capabilities.isKnownFormat else { throw ProtocolError("this repository uses sha1") }
            return try await self.fetch(fetch, isVersion2: isVersion2, access.app.id)
        } catch {
            return responses.protocolError(error.message, type: Self.type)
        }
    }

    private func listReferences(_ list: ReferenceList, _ app: ID<App>) async throws(ProtocolError) -> Response {
        let bytes = try await run(app) { (repository) throws(GitError) in
            list.response(try repository.snapshot(isPeeled: true))
        }
        return responses.packets(bytes, type: Self.type)
    }

    private func fetch(
        _ fetch: FetchRequest, isVersion2: Bool, _ app: ID<App>
    ) async throws(ProtocolError) -> Response {
        let answer = try await run(app) { (repository) throws(GitError) in
            var negotiation = Negotiation(fetch)
            return try negotiation.run(repository, isVersion2: isVersion2)
        }
        guard let request = answer.pack else { return responses.packets(answer.bytes, type: Self.type) }
        let stream = PackStream(
            store: store, app: app, request: request, sideBand: SideBand(capabilities: fetch.capabilities),
            wantsProgress: fetch.wantsProgress, configuration: configuration, logger: logger)
        return responses.stream(type: Self.type) { writer in
            try await writer.write(ByteBuffer(bytes: answer.bytes))
            try await stream.write(to: &writer)
        }
    }

    /// Works on the repository; errors go to the client in git's way.
    private func run<Value: Sendable>(
        _ app: ID<App>, _ body: @escaping @Sendable (borrowing Repository) throws(GitError) -> Value
    ) async throws(ProtocolError) -> Value {
        do throws(GitError) {
            return try await store.withRepository(app, body)
        } catch {
            if !error.isShowable { logger.error("fetch failed", metadata: ["app": "\(app)", "cause": "\(error)"]) }
            throw ProtocolError(error.platformError("the repository").message)
        }
    }

    private func use<Value: Sendable>(
        _ app: ID<App>, _ body: @escaping @Sendable (borrowing Repository) throws(GitError) -> Value
    ) async throws(PlatformError) -> Value {
        do throws(GitError) {
            return try await store.withRepository(app, body)
        } catch {
            throw error.code == .notFound ? .notFound("repository") : error.platformError("the repository")
        }
    }
}
