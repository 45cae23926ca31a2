import Core
import NIOCore
import Synchronization

/// Answers as they were sent, for as long as nothing is committed to the store.
final class AnswerCache: Sendable {
    /// Whose answer it is, and of what. Others never see it.
    struct Key: Hashable {
        let user: ID<User>
        /// One app; `nil` for the list of all.
        var app: ID<App>?
    }

    private struct State {
        var version: Int64 = -1
        var answers: [Key: ByteBuffer] = [:]
        var bytes = 0
    }

    /// Bytes that are kept at most.
    private static let capacity = 16 << 20

    private let version: DataVersionSource
    private let state = Mutex(State())

    init(version: @escaping DataVersionSource) { self.version = version }

    /// The answer: the one that was made under the version of now, or what `make` makes. The version is read before
    /// anything of the answer is, so that an answer is never older than its version.
    func answer(
        for key: Key, _ make: () async throws(PlatformError) -> JSONValue
    ) async throws(PlatformError) -> Answer {
        guard let current = version() else { return .json(try await make()) }
        if let known = state.withLock({ $0.version == current ? $0.answers[key] : nil }) { return .encoded(known) }
        let bytes = ByteBuffer(string: try await make().text)
        state.withLock { state in
            if state.version != current { state = State(version: current) }
            if state.bytes + bytes.readableBytes > Self.capacity { state = State(version: current) }
            guard bytes.readableBytes <= Self.capacity else { return }
            state.bytes += bytes.readableBytes - (state.answers[key]?.readableBytes ?? 0)
            state.answers[key] = bytes
        }
        return .encoded(bytes)
    }
}
