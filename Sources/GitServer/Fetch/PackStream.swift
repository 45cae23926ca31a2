import Blocking
import Core
import Git
import Hummingbird
import Logging
import NIOCore

/// Makes the pack of a fetch and writes it as it goes, with messages while it is made.
struct PackStream: Sendable {
    private static let pieceSize = 4 * 65_520

    let store: RepositoryStore
    let app: ID<App>
    let request: PackRequest
    let sideBand: SideBand
    let wantsProgress: Bool
    let configuration: GitServerConfiguration
    let logger: Logger

    private enum Event: Sendable {
        /// With its first bytes, so that a small pack is read without another turn.
        case made(OutgoingPack.Reader, first: ByteBuffer, objects: Int)
        case failed(GitError)
        case idle
    }

    func write(to writer: inout any ResponseBodyWriter) async throws {
        guard case .made(var reader, var piece, let objects)? = try await make(&writer) else { return }
        if wantsProgress { try await say("Enumerating objects: \(objects), done.\n", &writer) }
        while piece.readableBytes > 0 {
            if reader.isAtEnd { piece.writeBytes(sideBand.end) }
            try await writer.write(piece)
            guard !reader.isAtEnd else { return }
            (reader, piece) = try await next(reader)
        }
    }

    private func next(_ reader: OutgoingPack.Reader) async throws(GitError) -> (OutgoingPack.Reader, ByteBuffer) {
        let sideBand = sideBand
        return try await store.pool.run { () throws(GitError) in
            var reader = reader
            let piece = try Self.piece(&reader, sideBand)
            return (reader, piece)
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

    /// Makes the pack; while that takes long the client gets empty packets.
    private func make(_ writer: inout any ResponseBodyWriter) async throws -> Event? {
        let (store, app, request, sideBand, limit) = (store, app, request, sideBand, configuration.sentPackBytes)
        let keepalive = configuration.keepalive
        return try await withThrowingTaskGroup(of: Event.self) { group in
            group.addTask {
                do throws(GitError) {
                    return try await store.withRepository(app) { (repository) throws(GitError) in
                        let pack = try repository.makePack(request, limit: limit)
                        var reader = pack.reader()
                        let first = try Self.piece(&reader, sideBand)
                        return .made(reader, first: first, objects: pack.objects)
                    }
                } catch {
                    return .failed(error)
                }
            }
            func wait() {
                group.addTask {
                    try? await Task.sleep(for: keepalive)
                    return .idle
                }
            }
            wait()
            defer { group.cancelAll() }
            while let event = try await group.next() {
                switch event {
                case .made: return event
                case .failed(let error):
                    logger.error("pack failed", metadata: ["app": "\(app)", "cause": "\(error)"])
                    try await fail(&writer)
                    return nil
                case .idle:
                    if !sideBand.keepalive.isEmpty { try await writer.write(ByteBuffer(bytes: sideBand.keepalive)) }
                    wait()
                }
            }
            return nil
        }
    }

    private func say(_ text: String, _ writer: inout any ResponseBodyWriter) async throws {
        var bytes: [UInt8] = []
        sideBand.append(Array(text.utf8), on: .message, to: &bytes)
        if !bytes.isEmpty { try await writer.write(ByteBuffer(bytes: bytes)) }
    }

    private func fail(_ writer: inout any ResponseBodyWriter) async throws {
        var bytes: [UInt8] = []
        sideBand.append(Array("the pack could not be made\n".utf8), on: .failure, to: &bytes)
        try await writer.write(ByteBuffer(bytes: bytes + sideBand.end))
    }
}
