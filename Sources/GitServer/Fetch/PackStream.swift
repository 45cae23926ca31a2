import Core
import Git
import Hummingbird
import Logging
import NIOCore

/// Makes the pack of a fetch and writes it as it goes, with messages while it is made.
struct PackStream: Sendable {
    private static let pieceSize = 4 * 65_515

    let store: RepositoryStore
    let app: ID<App>
    let request: PackRequest
    let sideBand: SideBand
    let wantsProgress: Bool
    let configuration: GitServerConfiguration
    let logger: Logger

    private enum Event: Sendable {
        case made(SpooledPack, objects: Int)
        case failed(GitError)
        case idle
    }

    func write(to writer: inout any ResponseBodyWriter) async throws {
        let (pack, objects) = try await make(&writer)
        guard let pack else { return }
        if wantsProgress { try await say("Enumerating objects: \(objects), done.\n", &writer) }
        var offset = 0
        while true {
            let piece = try await pack.read(at: offset, count: Self.pieceSize, on: store.pool)
            if piece.isEmpty { break }
            offset += piece.count
            var bytes: [UInt8] = []
            bytes.reserveCapacity(piece.count + 64)
            sideBand.append(piece, on: .data, to: &bytes)
            try await writer.write(ByteBuffer(bytes: bytes))
        }
        if !sideBand.end.isEmpty { try await writer.write(ByteBuffer(bytes: sideBand.end)) }
    }

    /// Makes the pack; while that takes long the client gets empty packets.
    private func make(_ writer: inout any ResponseBodyWriter) async throws -> (SpooledPack?, Int) {
        let (store, app, request, limit) = (store, app, request, configuration.sentPackBytes)
        let keepalive = configuration.keepalive
        return try await withThrowingTaskGroup(of: Event.self) { group in
            group.addTask {
                do throws(GitError) {
                    let made = try await store.withRepository(app) { (repository) throws(GitError) in
                        var history = History()
                        return try repository.makePack(request, history: &history, limit: limit)
                    }
                    return .made(made.pack, objects: made.objects)
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
                case .made(let pack, let objects): return (pack, objects)
                case .failed(let error):
                    logger.error("pack failed", metadata: ["app": "\(app)", "cause": "\(error)"])
                    try await fail(&writer)
                    return (nil, 0)
                case .idle:
                    if !sideBand.keepalive.isEmpty { try await writer.write(ByteBuffer(bytes: sideBand.keepalive)) }
                    wait()
                }
            }
            return (nil, 0)
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
