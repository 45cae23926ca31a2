import Core
import Synchronization

/// Turns for changing what serves of a channel: a deploy from the start of its version on, putting to sleep, waking, repairs.
/// Whoever has one finds what the store says of the channel's instances to be so.
///
/// Finer than the channel's turn in `DeployQueue`, which a deploy has for all of its build: an app that is asleep is woken
/// while its next version is built.
final class ServingTurns: Sendable {
    private struct Waiter {
        let number: Int
        let turn: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var busy: Set<ID<Channel>> = []
        var waiting: [ID<Channel>: [Waiter]] = [:]
        /// Those who were cancelled before they waited.
        var cancelled: Set<Int> = []
        var lastNumber = 0
    }

    private let state = Mutex(State())

    /// Throws `.cancelled`, without having run `body`, when the task is cancelled before its turn has come.
    /// - Parameter limit: how long the turn may be waited for; `nil` for any time. Throws `.timeout` when it is over.
    func run<Value>(
        on channel: ID<Channel>, limit: Duration? = nil, isolation: isolated (any Actor)? = #isolation,
        _ body: () async throws(PlatformError) -> Value
    ) async throws(PlatformError) -> Value {
        try await enter(channel, limit)
        defer { leave(channel) }
        return try await body()
    }

    private func enter(_ channel: ID<Channel>, _ limit: Duration?) async throws(PlatformError) {
        let wait = { @Sendable () async throws(PlatformError) -> Void in
            guard await self.enter(channel) else { throw PlatformError(.cancelled, "cancelled") }
        }
        guard let limit else { return try await wait() }
        try await Deadline.run("waiting for what else changes what the channel serves", limit: limit, wait)
    }

    /// As `run`, when it is nobody's turn; `nil`, without having run `body`, when it is.
    func runIfFree<Value>(
        on channel: ID<Channel>, isolation: isolated (any Actor)? = #isolation,
        _ body: () async throws(PlatformError) -> Value
    ) async throws(PlatformError) -> Value? {
        guard state.withLock({ $0.busy.insert(channel).inserted }) else { return nil }
        defer { leave(channel) }
        return try await body()
    }

    private func enter(_ channel: ID<Channel>) async -> Bool {
        let number = state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        let hasTurn = await withTaskCancellationHandler {
            await withCheckedContinuation { turn in
                let answer: Bool? = state.withLock { state in
                    if state.cancelled.contains(number) { return false }
                    if state.busy.insert(channel).inserted { return true }
                    state.waiting[channel, default: []].append(Waiter(number: number, turn: turn))
                    return nil
                }
                if let answer { turn.resume(returning: answer) }
            }
        } onCancel: {
            let turn = state.withLock { state -> CheckedContinuation<Bool, Never>? in
                guard let index = state.waiting[channel]?.firstIndex(where: { $0.number == number }) else {
                    state.cancelled.insert(number)
                    return nil
                }
                return state.waiting[channel]?.remove(at: index).turn
            }
            turn?.resume(returning: false)
        }
        state.withLock { _ = $0.cancelled.remove(number) }
        return hasTurn
    }

    private func leave(_ channel: ID<Channel>) {
        let next = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            guard var waiters = state.waiting[channel], !waiters.isEmpty else {
                state.waiting[channel] = nil
                state.busy.remove(channel)
                return nil
            }
            let next = waiters.removeFirst()
            state.waiting[channel] = waiters.isEmpty ? nil : waiters
            return next.turn
        }
        next?.resume(returning: true)
    }
}
