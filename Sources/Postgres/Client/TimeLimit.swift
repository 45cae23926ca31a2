import Core
import Synchronization

/// Waits for something for so long and no longer. What was begun goes on, and ends by limits of its own.
enum TimeLimit {
    /// Throws `.databaseUnavailable` when `body` has not returned in time, `.cancelled` when the caller is cancelled before.
    static func run<Value: Sendable>(
        _ limit: Duration, _ body: @escaping @Sendable () async throws(PlatformError) -> Value
    ) async throws(PlatformError) -> Value {
        let race = Race<Value>()
        let timer = Task {
            guard (try? await Task.sleep(for: limit)) != nil else { return }
            race.end(.failure(PlatformError(.databaseUnavailable, "Postgres took too long")))
        }
        Task {
            let result: Result<Value, PlatformError>
            do throws(PlatformError) { result = .success(try await body()) } catch { result = .failure(error) }
            race.end(result)
        }
        defer { timer.cancel() }
        return try await withTaskCancellationHandler {
            await race.result
        } onCancel: {
            race.end(.failure(PlatformError(.cancelled, "waiting for Postgres was cancelled")))
        }.get()
    }

    /// The first end decides.
    private final class Race<Value: Sendable>: Sendable {
        private enum State {
            case open
            case awaited(CheckedContinuation<Result<Value, PlatformError>, Never>)
            case ended(Result<Value, PlatformError>)
        }

        private let state = Mutex(State.open)

        /// To be asked for once.
        var result: Result<Value, PlatformError> {
            get async {
                await withCheckedContinuation { continuation in
                    let ended: Result<Value, PlatformError>? = state.withLock { state in
                        if case .ended(let result) = state { return result }
                        state = .awaited(continuation)
                        return nil
                    }
                    if let ended { continuation.resume(returning: ended) }
                }
            }
        }

        func end(_ result: Result<Value, PlatformError>) {
            let waiter: CheckedContinuation<Result<Value, PlatformError>, Never>? = state.withLock { state in
                switch state {
                case .open:
                    state = .ended(result)
                    return nil
                case .awaited(let continuation):
                    state = .ended(result)
                    return continuation
                case .ended: return nil
                }
            }
            waiter?.resume(returning: result)
        }
    }
}
