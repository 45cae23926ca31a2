import Core
import Synchronization

/// Bounds how long something may take.
enum Deadline {
    /// What became of the work.
    private enum Outcome<Value: Sendable>: Sendable {
        case ended(Result<Value, PlatformError>)
        /// It goes on, although it was told to end.
        case abandoned
    }

    /// Runs `body` for at most `limit`, then cancels it and throws `.timeout`, with `what` as the subject. Work that does not
    /// heed that within `grace` is left to itself.
    static func run<Value: Sendable>(
        _ what: String, limit: Duration, grace: Duration = .seconds(30),
        _ body: @escaping @Sendable () async throws(PlatformError) -> Value
    ) async throws(PlatformError) -> Value {
        let work = Task { () -> Result<Value, PlatformError> in
            do throws(PlatformError) { return .success(try await body()) } catch { return .failure(error) }
        }
        let clock = Clock()
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Outcome<Value>, Never>) in
                let once = Once(continuation)
                Task { once.resume(.ended(await work.value)) }
                let task = Task {
                    guard (try? await Task.sleep(for: limit)) != nil else { return }
                    clock.ring()
                    work.cancel()
                    guard (try? await Task.sleep(for: grace)) != nil else { return }
                    once.resume(.abandoned)
                }
                clock.runs(in: task)
            }
        } onCancel: {
            work.cancel()
        }
        clock.stop()
        switch outcome {
        case .ended(.success(let value)): return value
        case .ended(.failure(let error)): if !clock.hasRung { throw error }
        case .abandoned: break
        }
        throw PlatformError(.timeout, "\(what) did not end within \(limit.components.seconds) s")
    }

    /// Tells whether the time is over.
    private final class Clock: Sendable {
        private let state = Mutex<(hasRung: Bool, task: Task<Void, Never>?)>((false, nil))

        var hasRung: Bool { state.withLock { $0.hasRung } }
        func ring() { state.withLock { $0.hasRung = true } }
        func runs(in task: Task<Void, Never>) { state.withLock { $0.task = task } }
        func stop() { state.withLock { $0.task }?.cancel() }
    }

    /// Resumes a continuation with the first of several answers.
    private final class Once<Value: Sendable>: Sendable {
        private let continuation: Mutex<CheckedContinuation<Value, Never>?>

        init(_ continuation: CheckedContinuation<Value, Never>) { self.continuation = Mutex(continuation) }

        func resume(_ value: Value) {
            let waiting = continuation.withLock { continuation in
                defer { continuation = nil }
                return continuation
            }
            waiting?.resume(returning: value)
        }
    }
}
