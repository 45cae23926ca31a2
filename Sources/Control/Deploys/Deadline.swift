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

    /// Runs `body` for at most `limit`, then cancels it and throws `.timeout`, with `what` as the subject. Cancelling the
    /// caller's task cancels it too.
    /// - Parameters:
    ///   - grace: for how long work is waited for whose time is over; then it is left to itself.
    ///   - patience: the same of work that the caller's cancellation has cancelled; `nil` for `grace`.
    static func run<Value: Sendable>(
        _ what: String, limit: Duration, grace: Duration = .seconds(30), patience: Duration? = nil,
        _ body: @escaping @Sendable () async throws(PlatformError) -> Value
    ) async throws(PlatformError) -> Value {
        let work = Task { () -> Result<Value, PlatformError> in
            do throws(PlatformError) { return .success(try await body()) } catch { return .failure(error) }
        }
        let race = Race<Value>()
        Task { race.settle(.ended(await work.value)) }
        race.add(
            Task {
                guard (try? await Task.sleep(for: limit)) != nil else { return }
                race.ring()
                work.cancel()
                guard (try? await Task.sleep(for: grace)) != nil else { return }
                race.settle(.abandoned)
            })
        let outcome = await withTaskCancellationHandler {
            await race.outcome()
        } onCancel: {
            work.cancel()
            race.add(
                Task {
                    guard (try? await Task.sleep(for: patience ?? grace)) != nil else { return }
                    race.settle(.abandoned)
                })
        }
        race.stop()
        switch outcome {
        case .ended(.success(let value)): return value
        case .ended(.failure(let error)): if !race.hasRung { throw error }
        case .abandoned: if !race.hasRung { throw PlatformError(.cancelled, "cancelled") }
        }
        throw PlatformError(.timeout, "\(what) did not end within \(limit.components.seconds) s")
    }

    /// The work against its clocks: the first outcome counts.
    private final class Race<Value: Sendable>: Sendable {
        private struct State {
            var outcome: Outcome<Value>?
            var waiting: CheckedContinuation<Outcome<Value>, Never>?
            var clocks: [Task<Void, Never>] = []
            var hasRung = false
        }

        private let state = Mutex(State())

        /// The time was over before there was an outcome.
        var hasRung: Bool { state.withLock { $0.hasRung } }
        func ring() { state.withLock { state in if state.outcome == nil { state.hasRung = true } } }
        func add(_ clock: Task<Void, Never>) { state.withLock { $0.clocks.append(clock) } }
        func stop() { for clock in state.withLock({ $0.clocks }) { clock.cancel() } }

        func settle(_ outcome: Outcome<Value>) {
            let waiting = state.withLock { state -> CheckedContinuation<Outcome<Value>, Never>? in
                guard state.outcome == nil else { return nil }
                state.outcome = outcome
                defer { state.waiting = nil }
                return state.waiting
            }
            waiting?.resume(returning: outcome)
        }

        /// For one who waits.
        func outcome() async -> Outcome<Value> {
            await withCheckedContinuation { continuation in
                let known = state.withLock { state -> Outcome<Value>? in
                    if state.outcome == nil { state.waiting = continuation }
                    return state.outcome
                }
                if let known { continuation.resume(returning: known) }
            }
        }
    }
}
