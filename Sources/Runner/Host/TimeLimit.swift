/// Bounds how long something may take.
enum TimeLimit {
    private enum Event<Value: Sendable>: Sendable {
        case ended(Result<Value, any Error>)
        /// The time is over.
        case rang
        /// Work that was told to end has not.
        case abandoned
    }

    /// Runs `body` to its end, whatever becomes of the caller, for at most `limit`. Then cancels it and returns `nil`; work
    /// that does not heed that within `grace` is left to itself. Throws what `body` does.
    static func run<Value: Sendable>(
        _ limit: Duration, grace: Duration = .seconds(5), _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value? {
        let work = Task { try await body() }
        let (events, happened) = AsyncStream<Event<Value>>.makeStream()
        let clock = Task {
            guard (try? await Task.sleep(for: limit)) != nil else { return }
            happened.yield(.rang)
            guard (try? await Task.sleep(for: grace)) != nil else { return }
            happened.yield(.abandoned)
        }
        Task { happened.yield(.ended(await work.result)) }
        // A task of its own: one that is cancelled reads no stream.
        let result = await Task { () -> Result<Value, any Error>? in
            var isLate = false
            for await event in events {
                switch event {
                case .ended(let result): return isLate ? nil : result
                case .rang:
                    isLate = true
                    work.cancel()
                case .abandoned: return nil
                }
            }
            return nil
        }.value
        clock.cancel()
        return try result?.get()
    }
}
