import Core

/// Work that goes on while its result is not needed yet.
struct Ahead<Value: Sendable>: Sendable {
    private let task: Task<Result<Value, PlatformError>, Never>

    /// Begins at once. Whoever begins it either awaits it or cancels it.
    init(_ body: @escaping @Sendable () async throws(PlatformError) -> Value) {
        task = Task {
            do throws(PlatformError) { return .success(try await body()) } catch { return .failure(error) }
        }
    }

    /// Waits for the result. Cancelling the caller's task cancels the work.
    func value() async throws(PlatformError) -> Value {
        try await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }.get()
    }

    /// Ends work that nobody waits for; what has ended stays as it is.
    func cancel() { task.cancel() }
}
