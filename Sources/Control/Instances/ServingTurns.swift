import Core
import Synchronization

/// Turns for changing what serves of a channel: a deploy from the start of its version on, putting to sleep, waking, repairs.
/// Whoever has one finds what the store says of the channel's instances to be so.
///
/// Finer than the channel's turn in `DeployQueue`, which a deploy has for all of its build: meanwhile an app that is asleep is
/// woken, and one that got lost comes back.
final class ServingTurns: Sendable {
    /// Whose turn it is.
    struct Turn: Sendable {
        fileprivate let channel: ID<Channel>
        fileprivate let number: Int
    }

    private struct Waiter {
        let number: Int
        let turn: CheckedContinuation<Bool, Never>
    }

    private struct State {
        /// The numbers of those who have the turn.
        var holders: [ID<Channel>: Int] = [:]
        var waiting: [ID<Channel>: [Waiter]] = [:]
        /// Those who were cancelled before they waited.
        var cancelled: Set<Int> = []
        var lastNumber = 0
    }

    private let state = Mutex(State())

    /// Throws `.cancelled`, without having run `body`, when the task is cancelled before its turn has come.
    /// - Parameters:
    ///   - limit: how long the turn may be waited for; `nil` for any time. Throws `.timeout` when it is over.
    ///   - deploy: keeps the turn, for who may have to take it back.
    func run<Value>(
        on channel: ID<Channel>, limit: Duration? = nil, for deploy: DeployTurn? = nil,
        isolation: isolated (any Actor)? = #isolation,
        _ body: () async throws(PlatformError) -> Value
    ) async throws(PlatformError) -> Value {
        let turn = try await enter(channel, limit)
        defer { end(turn) }
        deploy?.serves(in: turn)
        return try await body()
    }

    /// As `run`, when it is nobody's turn; `nil`, without having run `body`, when it is.
    func runIfFree<Value>(
        on channel: ID<Channel>, isolation: isolated (any Actor)? = #isolation,
        _ body: () async throws(PlatformError) -> Value
    ) async throws(PlatformError) -> Value? {
        let free = state.withLock { state -> Turn? in
            guard state.holders[channel] == nil else { return nil }
            state.lastNumber += 1
            state.holders[channel] = state.lastNumber
            return Turn(channel: channel, number: state.lastNumber)
        }
        guard let free else { return nil }
        defer { end(free) }
        return try await body()
    }

    /// Gives a turn to the next one, whatever who had it still does. Without effect on one that is over.
    func end(_ turn: Turn) {
        let next = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            let channel = turn.channel
            guard state.holders[channel] == turn.number else { return nil }
            guard var waiters = state.waiting[channel], !waiters.isEmpty else {
                state.waiting[channel] = nil
                state.holders[channel] = nil
                return nil
            }
            let next = waiters.removeFirst()
            state.holders[channel] = next.number
            state.waiting[channel] = waiters.isEmpty ? nil : waiters
            return next.turn
        }
        next?.resume(returning: true)
    }

    private func enter(_ channel: ID<Channel>, _ limit: Duration?) async throws(PlatformError) -> Turn {
        let number = state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        let wait = { @Sendable () async throws(PlatformError) -> Void in
            guard await self.enter(channel, as: number) else { throw PlatformError(.cancelled, "cancelled") }
        }
        if let limit {
            try await Deadline.run("waiting for what else changes what the channel serves", limit: limit, wait)
        } else {
            try await wait()
        }
        return Turn(channel: channel, number: number)
    }

    private func enter(_ channel: ID<Channel>, as number: Int) async -> Bool {
        let hasTurn = await withTaskCancellationHandler {
            await withCheckedContinuation { turn in
                let answer: Bool? = state.withLock { state in
                    if state.cancelled.contains(number) { return false }
                    if state.holders[channel] == nil {
                        state.holders[channel] = number
                        return true
                    }
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
}
