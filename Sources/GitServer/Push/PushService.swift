import Core
import Git
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// Serves pushes: what pushers are shown, and the reading of what they send. `PushSession` does what it asks for.
struct PushService: Sendable {
    static let type = "application/x-git-receive-pack-result"

    let store: RepositoryStore
    let gate: any GitGate
    let configuration: GitServerConfiguration
    let responses: GitResponses
    let answers: AnswerCache
    let logger: Logger
    let turns = PushTurns()

    /// The refs as pushers are shown them: a branch whose last deploys failed stands where they last succeeded.
    func advertisement(_ access: GitAccess, version: GitProtocolVersion) async throws(PlatformError) -> [UInt8] {
        let view = PusherView(try await gate.pusherView(of: access.app))
        let advertisement = ReferenceAdvertisement(agent: configuration.agent)
        do throws(GitError) {
            let snapshot = try await store.snapshot(of: access.app.id)
            guard !view.isEmpty else {
                return answers.answer(.receivePack(version), of: access.app.id, snapshot) {
                    advertisement.receivePack(snapshot.references, version: version)
                }
            }
            return try await store.withRepository(access.app.id) { (repository) throws(GitError) in
                try advertisement.receivePack(view.apply(to: snapshot.references, in: repository), version: version)
            }
        } catch {
            throw error.code == .notFound ? .notFound("repository") : error.platformError("the repository")
        }
    }

    func respond(
        _ request: Request, admission: Admission, watch: BodyWatch
    ) async throws(PlatformError) -> Response {
        try checkLength(request)
        let access = admission.access
        let size = BodySize(bytes: configuration.pushBytes, inflationRatio: configuration.inflationRatio)
        var reader = try BodyReader(request, limit: size, watch: watch)
        var parser = PushRequestParser(
            PushLimits(
                commands: configuration.pushCommands, nameBytes: configuration.refNameBytes,
                options: configuration.pushOptions, optionBytes: configuration.pushOptionBytes))
        do throws(ProtocolError) {
            try await readCommands(&reader, into: &parser)
        } catch {
            if let failure = error.cause {
                await reader.drain()
                throw failure
            }
            // The pack is read on and dropped, so that the client comes to read the reason.
            if !watch.isComplete { _ = await reader.discard() }
            return refusal(error.message, SideBand(capabilities: parser.request.capabilities))
        }
        let push = parser.request
        if push.commands.isEmpty {
            await reader.drain()
            return responses.packets([], type: Self.type)
        }
        let allowance = PushAllowance(
            apps: push.hasPack ? try await gate.apps(of: access.app.ownerID) : [],
            repositoryBytes: configuration.repositoryBytes, userBytes: configuration.userBytes)
        let confirmation = Task {
            await admission.keepConfirming(every: configuration.confirmation) { watch.fail($0) }
        }
        defer { confirmation.cancel() }
        let intake = try await takePack(push, &reader, access.app.id, allowance)
        let session = PushSession(
            store: store, gate: gate, turns: turns, admission: admission, request: push, intake: intake,
            allowance: allowance, policy: PushPolicy(protectedBranches: Set(access.app.protectedBranches.map(\.ref))),
            logger: logger)
        let stream = PushStream(session: session, request: push, keepalive: configuration.keepalive)
        return responses.stream(type: Self.type) { writer in try await stream.write(to: &writer) }
    }

    /// Reads what is asked for; no commands when the client sent nothing but a flush, or nothing at all: some ask like
    /// that whether they are let in, before they send much.
    private func readCommands(
        _ reader: inout BodyReader, into parser: inout PushRequestParser
    ) async throws(ProtocolError) {
        var size = 0
        while !parser.isComplete {
            guard let packet = try await next(&reader) else {
                if parser.request.commands.isEmpty { return }
                throw ProtocolError("the request ends early")
            }
            if case .data(let bytes) = packet { size += bytes.count + 4 }
            guard size <= configuration.commandBytes else {
                throw ProtocolError(
                    "the list of refs is larger than \(configuration.commandBytes) bytes; push them in several")
            }
            try parser.take(packet)
        }
    }

    /// Says why nothing was done, in the way that the client's git shows: an `ERR` packet among multiplexed ones would
    /// only confuse it.
    private func refusal(_ message: String, _ sideBand: SideBand) -> Response {
        guard sideBand != .none else { return responses.protocolError(message, type: Self.type) }
        var bytes: [UInt8] = []
        sideBand.append(Array((ShownText.of(message, limit: 1000) + "\n").utf8), on: .failure, to: &bytes)
        return responses.packets(bytes + sideBand.end, type: Self.type)
    }

    private func next(_ reader: inout BodyReader) async throws(ProtocolError) -> Packet? {
        do throws(PlatformError) { return try await reader.packet() } catch { throw ProtocolError(cause: error) }
    }

    /// Reads the pack. One that is too large is read on and dropped, so that the client comes to read the reason.
    private func takePack(
        _ push: PushRequest, _ reader: inout BodyReader, _ app: ID<App>, _ allowance: PushAllowance
    ) async throws(PlatformError) -> Result<PackSource, PlatformError> {
        var intake = PackIntake(store: store, app: app, quota: await allowance.quota(of: app, in: store))
        do throws(PlatformError) {
            while let bytes = try await reader.rest() {
                guard push.hasPack else { throw .invalid("a pack follows though nothing but deletions is asked for") }
                do throws(GitError) { try await intake.append(bytes) } catch { throw error.platformError("the push") }
            }
            do throws(GitError) { return .success(try await intake.finish()) } catch {
                throw error.platformError("the push")
            }
        } catch {
            guard error.code != .cancelled, await reader.discard() else { throw error }
            return .failure(error)
        }
    }

    /// A length that is far beyond the limit is refused before a byte of it is read.
    private func checkLength(_ request: Request) throws(PlatformError) {
        guard let text = request.headers[.contentLength], let length = Int(text) else { return }
        guard length / 2 <= configuration.pushBytes else {
            throw PlatformError(
                .tooLarge, "the push is larger than \(configuration.pushBytes >> 20) MiB; push it in parts")
        }
    }
}
