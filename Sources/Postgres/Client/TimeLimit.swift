import Core
import Synchronization

/// Waits for something for so long and no longer. What was begun goes on, and ends by limits of its own.
enum TimeLimit {
    /// Throws `.databaseUnavailable` when `body` has not returned in time.
    static func run<Value: Sendable>(
        _ limit: Duration, _ body: @escaping @Sendable () async throws(PlatformError) -> Value
    ) async throws(PlatformError) -> Value {
        let result: Result<Value, PlatformError> = await withCheckedContinuation { continuation in
            let race = Race(continuation)
            let timer = Task {
                guard (try? await Task.sleep(for: limit)) != nil else { return }
                race.end(.failure(PlatformError(.databaseUnavailable, "Postgres took too long")))
            }
            Task {
                let result: Result<Value, PlatformError>
                do throws(PlatformError) { result = .success(try await body()) } catch { result = .failure(error) }
                timer.cancel()
                race.end(result)
            }
        }
        return try result.get()
    }

    /// The first of the two decides.
    private final class Race<Value: Sendable>: Sendable {
        private let continuation: Mutex<CheckedContinuation<Result<Value, PlatformError>, Never>?>

        init(_ continuation: CheckedContinuation<Result<Value, PlatformError>, Never>) {
            self.continuation = Mutex(continuation)
        }

        func end(_ result: Result<Value, PlatformError>) {
            continuation.withLock { $0.take() }?.resume(returning: result)
        }
    }
}
