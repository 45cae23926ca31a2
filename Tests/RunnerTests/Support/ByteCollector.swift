import Synchronization

/// Keeps the chunks that a task wrote.
final class ByteCollector: Sendable {
    private let state = Mutex<[[UInt8]]>([])

    func append(_ bytes: [UInt8]) { state.withLock { $0.append(bytes) } }
    var chunks: [[UInt8]] { state.withLock { $0 } }
    var text: String { String(decoding: chunks.joined(), as: UTF8.self) }
}
