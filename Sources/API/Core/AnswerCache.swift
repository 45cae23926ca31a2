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
        /// Answers that are being made, each under its version.
        var making: [Key: (version: Int64, task: Task<Result<ByteBuffer, PlatformError>, Never>)] = [:]

        mutating func keep(_ answer: ByteBuffer, for key: Key, version: Int64) {
            guard version >= self.version else { return }
            if self.version != version || bytes + answer.readableBytes > AnswerCache.capacity {
                (self.version, answers, bytes) = (version, [:], 0)
            }
            guard answer.readableBytes <= AnswerCache.capacity else { return }
            bytes += answer.readableBytes - (answers[key]?.readableBytes ?? 0)
            answers[key] = answer
        }
    }

    private enum Making {
        case made(ByteBuffer)
        case underway(Task<Result<ByteBuffer, PlatformError>, Never>)
    }

    /// Bytes that are kept at most.
    private static let capacity = 16 << 20

    private let version: DataVersionSource
    private let state = Mutex(State())

    init(version: @escaping DataVersionSource) { self.version = version }

    /// The answer: the one that was made under the version of now, or what `make` makes. The version is read before
    /// anything of the answer is, so that an answer is never older than its version. Who asks while it is being made waits
    /// for the same.
    func answer(
        for key: Key, _ make: @escaping @Sendable () async throws(PlatformError) -> JSONValue
    ) async throws(PlatformError) -> Answer {
        guard let current = version() else { return .json(try await make()) }
        let making = state.withLock { state -> Making in
            if state.version == current, let known = state.answers[key] { return .made(known) }
            if let (version, task) = state.making[key], version == current { return .underway(task) }
            let task = Task { await self.make(key, current, make) }
            state.making[key] = (current, task)
            return .underway(task)
        }
        switch making {
        case .made(let bytes): return .encoded(bytes, version: current)
        case .underway(let task): return .encoded(try await task.value.get(), version: current)
        }
    }

    private func make(
        _ key: Key, _ current: Int64, _ make: @Sendable () async throws(PlatformError) -> JSONValue
    ) async -> Result<ByteBuffer, PlatformError> {
        let result: Result<ByteBuffer, PlatformError>
        do throws(PlatformError) { result = .success(ByteBuffer(bytes: try await make().bytes)) } catch {
            result = .failure(error)
        }
        state.withLock { state in
            if let version = state.making[key]?.version, version == current { state.making[key] = nil }
            if case .success(let bytes) = result { state.keep(bytes, for: key, version: current) }
        }
        return result
    }
}
