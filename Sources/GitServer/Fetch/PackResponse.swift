import Blocking
import Core
import Git
import Hummingbird
import Logging
import NIOCore

/// Makes the pack of a fetch and the response that carries it: in one piece when it is small, by the router when it is a
/// large stored file, and otherwise as it goes, with empty packets while it is being made.
struct PackResponse: Sendable {
    private static let pieceSize = 4 * 65_520
    /// Stored packs from so many bytes on are left to the router.
    private static let handedSize = 1 << 20

    let store: RepositoryStore
    let app: ID<App>
    let request: PackRequest
    let sideBand: SideBand
    let wantsProgress: Bool
    let configuration: GitServerConfiguration
    let responses: GitResponses
    let logger: Logger
    /// Its place is held until all was sent, and it is asked whether it still holds.
    let admission: Admission

    private struct Made: Sendable {
        let pack: OutgoingPack
        var reader: OutgoingPack.Reader
        /// With its first bytes, so that a small pack is read without another turn.
        var piece: ByteBuffer
        /// How to leave it to the router.
        let sent: SentPack?
    }

    private enum Event: Sendable {
        case made(Made)
        case failed(GitError)
        case idle
    }

    /// - Parameter start: what the negotiation says before the pack.
    func response(after start: [UInt8]) async -> Response {
        let events = make()
        switch await events.first(where: { _ in true }) {
        case .made(var made):
            if made.reader.isAtEnd {
                var body = opening(start, made)
                body.writeBuffer(&made.piece)
                body.writeBytes(sideBand.end)
                return responses.whole(body, type: FetchService.type)
            }
            if let response = handed(opening(start, made), made.sent) { return response }
            return responses.stream(type: FetchService.type) { [self, made] writer in
                try await writer.write(opening(start, made))
                try await write(made, to: &writer, SendingWatch(admission, every: configuration.confirmation))
            }
        case .failed(let error): return responses.packets(start + failure(error), type: FetchService.type)
        case nil: return responses.packets(start + failure(nil), type: FetchService.type)
        case .idle:
            return responses.stream(type: FetchService.type) { [self] writer in
                try await writer.write(ByteBuffer(bytes: start + sideBand.keepalive))
                try await follow(events, to: &writer, SendingWatch(admission, every: configuration.confirmation))
            }
        }
    }

    // MARK: - Making it

    private func make() -> AsyncStream<Event> {
        let (events, sink) = AsyncStream<Event>.makeStream()
        Task {
            do throws(GitError) {
                let (request, sideBand, limit) = (request, sideBand, configuration.sentPackBytes)
                let diskRoom = store.configuration.diskRoom
                let made = try await store.withRepository(app) { (repository) throws(GitError) in
                    let pack = try repository.makePack(request, limit: limit, diskRoom: diskRoom)
                    var reader = pack.reader()
                    let piece = try Self.piece(&reader, sideBand)
                    let sent = pack.size >= Self.handedSize ? try pack.sent() : nil
                    return Made(pack: pack, reader: reader, piece: piece, sent: sent)
                }
                sink.yield(.made(made))
            } catch {
                if !error.isShowable { logger.error("pack failed", metadata: ["app": "\(app)", "cause": "\(error)"]) }
                sink.yield(.failed(error))
            }
            sink.finish()
        }
        let keepalive = configuration.keepalive
        let ticker = Task {
            while true {
                try await Task.sleep(for: keepalive)
                sink.yield(.idle)
            }
        }
        sink.onTermination = { _ in ticker.cancel() }
        return events
    }

    private func next(_ made: Made) async throws(GitError) -> Made {
        let sideBand = sideBand
        return try await store.pool.run { () throws(GitError) in
            var made = made
            made.piece = try Self.piece(&made.reader, sideBand)
            return made
        }
    }

    private static func piece(_ reader: inout OutgoingPack.Reader, _ sideBand: SideBand) throws(GitError) -> ByteBuffer
    {
        var buffer = ByteBufferAllocator().buffer(capacity: min(pieceSize, reader.remaining + 64))
        try sideBand.fill(&buffer, count: pieceSize, available: reader.remaining) { (target) throws(GitError) in
            try reader.read(into: target)
        }
        return buffer
    }

    // MARK: - Writing it

    /// What comes before the pack.
    private func opening(_ start: [UInt8], _ made: Made) -> ByteBuffer {
        var bytes = start
        if wantsProgress {
            let text = "Enumerating objects: \(made.pack.objects), done.\n"
            sideBand.append(Array(text.utf8), on: .message, to: &bytes)
        }
        return ByteBuffer(bytes: bytes)
    }

    private func write(
        _ made: Made, to writer: inout any ResponseBodyWriter, _ watch: SendingWatch
    ) async throws {
        var made = made
        while made.piece.readableBytes > 0 {
            try watch.check()
            if made.reader.isAtEnd { made.piece.writeBytes(sideBand.end) }
            try await writer.write(made.piece)
            guard !made.reader.isAtEnd else { return }
            made = try await next(made)
        }
    }

    private func follow(
        _ events: AsyncStream<Event>, to writer: inout any ResponseBodyWriter, _ watch: SendingWatch
    ) async throws {
        for await event in events {
            try watch.check()
            switch event {
            case .made(let made):
                try await writer.write(opening([], made))
                return try await write(made, to: &writer, watch)
            case .failed(let error): return try await writer.write(ByteBuffer(bytes: failure(error)))
            case .idle:
                if !sideBand.keepalive.isEmpty { try await writer.write(ByteBuffer(bytes: sideBand.keepalive)) }
            }
        }
    }

    private func failure(_ error: GitError?) -> [UInt8] {
        let shown = error.flatMap { $0.isShowable ? $0.message : nil } ?? "the pack could not be made"
        var bytes: [UInt8] = []
        sideBand.append(Array("\(shown)\n".utf8), on: .failure, to: &bytes)
        return bytes + sideBand.end
    }

    /// Leaves a pack to the router.
    private func handed(_ opening: ByteBuffer, _ pack: SentPack?) -> Response? {
        guard let bodies = configuration.handedBodies, let pack else { return nil }
        let parts = HandedPackets(sideBand, after: Array(opening.readableBytesView)).parts(of: pack)
        let watch = SendingWatch(admission, every: configuration.confirmation)
        let held = Held(file: pack.file, watch: watch, admission: admission)
        let body = HandedBody(descriptor: pack.file.descriptor, parts: parts, owner: held, stop: watch.stop)
        return responses.handed(body, to: bodies, type: FetchService.type)
    }

    /// What is held until the router is done.
    private struct Held: Sendable {
        let file: SentFile
        let watch: SendingWatch
        let admission: Admission
    }
}
