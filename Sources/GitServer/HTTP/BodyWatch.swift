import Core
import Synchronization

/// Watches how a request's body comes, so that a client that sends nothing, or a byte now and then, is let go.
final class BodyWatch: Sendable {
    private struct State {
        let start: ContinuousClock.Instant
        var bytes = 0
        var waitedBefore: Duration = .zero
        var waitingSince: ContinuousClock.Instant?
        var isOpened = false
        var isComplete = false
        var failure: PlatformError?
    }

    let limits: BodyLimits
    private let state: Mutex<State>

    init(_ limits: BodyLimits, now: ContinuousClock.Instant = .now) {
        self.limits = limits
        state = Mutex(State(start: now))
    }

    /// The body is being read: nobody else can begin to.
    func open() { state.withLock { $0.isOpened = true } }
    var isOpened: Bool { state.withLock { $0.isOpened } }

    /// The client is waited for from now on.
    func beginWait(now: ContinuousClock.Instant = .now) { state.withLock { $0.waitingSince = now } }

    /// So many bytes came.
    func endWait(bytes: Int, now: ContinuousClock.Instant = .now) {
        state.withLock { state in
            if let since = state.waitingSince { state.waitedBefore += now - since }
            state.waitingSince = nil
            state.bytes += bytes
        }
    }

    /// The body has been read to its end.
    func complete() { state.withLock { $0.isComplete = true } }

    var isComplete: Bool { state.withLock { $0.isComplete } }
    /// Why the client was let go.
    var failure: PlatformError? { state.withLock { $0.failure } }

    /// Lets the client go for a reason of another kind.
    func fail(_ error: PlatformError) { state.withLock { if $0.failure == nil { $0.failure = error } } }

    /// Looks at the limits; remembers and returns what is broken.
    func check(now: ContinuousClock.Instant = .now) -> PlatformError? {
        state.withLock { state in
            guard !state.isComplete, state.failure == nil else { return state.failure }
            let waiting = state.waitingSince.map { now - $0 } ?? .zero
            let waited = state.waitedBefore + waiting
            let seconds = Double(waited.components.seconds) + Double(waited.components.attoseconds) / 1e18
            if waiting > limits.idle {
                state.failure = PlatformError(.timeout, "nothing was sent for \(limits.idle)")
            } else if waited > limits.idle, Double(state.bytes) < seconds * Double(limits.bytesPerSecond) {
                state.failure = PlatformError(
                    .timeout, "the request comes slower than \(limits.bytesPerSecond) bytes a second")
            } else if now - state.start > limits.time {
                state.failure = PlatformError(.timeout, "the request takes longer than \(limits.time)")
            }
            return state.failure
        }
    }

    /// Runs `body`, which reads the request, and stops it when a limit is broken.
    func guarding<Value: Sendable>(
        _ body: @escaping @Sendable () async throws(PlatformError) -> Value
    ) async throws(PlatformError) -> Value {
        let interval = min(limits.idle / 4, .seconds(1))
        let result: Result<Value, PlatformError>? = await withTaskGroup(of: Result<Value, PlatformError>?.self) {
            group in
            group.addTask {
                do throws(PlatformError) { return .success(try await body()) } catch { return .failure(error) }
            }
            group.addTask { [self] in
                while !isComplete, check() == nil, !Task.isCancelled { try? await Task.sleep(for: interval) }
                return nil
            }
            var result: Result<Value, PlatformError>?
            while let next = await group.next() {
                if let next { result = next }
                if result != nil || failure != nil { group.cancelAll() }
            }
            return result
        }
        if let failure, case .failure = result { throw failure }
        guard let result else { throw PlatformError(.cancelled, "the request was broken off") }
        return try result.get()
    }
}
