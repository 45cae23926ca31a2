import Core

/// Turns for builds: so many run at the same time on the whole server. Who waits goes on in an order in which one user's burst
/// holds nobody else up: first comes who has the fewest builds running, then who was served the longest ago.
actor BuildSlots {
    private struct Waiter {
        let number: Int
        let user: ID<User>
        let turn: CheckedContinuation<Bool, Never>
    }

    private var free: Int
    private var running: [ID<User>: Int] = [:]
    /// The number of the last turn that a user got, as long as somebody waits.
    private var served: [ID<User>: Int] = [:]
    private var waiting: [Waiter] = []
    private var cancelled: Set<Int> = []
    private var lastNumber = 0
    private var lastTurn = 0

    init(_ count: Int) { free = count }

    /// How many wait.
    var queue: Int { waiting.count }

    /// Runs `body` in a turn. `onWait` is called when one must be waited for.
    nonisolated func run<Value: Sendable>(
        for user: ID<User>, onWait: @Sendable () -> Void, _ body: () async throws(PlatformError) -> Value
    ) async throws(PlatformError) -> Value {
        if await !takeFree(for: user) {
            onWait()
            try await wait(for: user)
        }
        do throws(PlatformError) {
            let value = try await body()
            await give(user)
            return value
        } catch {
            await give(user)
            throw error
        }
    }

    private func takeFree(for user: ID<User>) -> Bool {
        guard free > 0, waiting.isEmpty else { return false }
        begin(user)
        return true
    }

    private func wait(for user: ID<User>) async throws(PlatformError) {
        lastNumber += 1
        let number = lastNumber
        let hasTurn = await withTaskCancellationHandler {
            await withCheckedContinuation { turn in
                if cancelled.remove(number) != nil { return turn.resume(returning: false) }
                waiting.append(Waiter(number: number, user: user, turn: turn))
                serve()
            }
        } onCancel: {
            Task { await self.cancel(number) }
        }
        cancelled.remove(number)
        guard hasTurn else { throw PlatformError(.cancelled, "cancelled") }
    }

    private func cancel(_ number: Int) {
        guard let index = waiting.firstIndex(where: { $0.number == number }) else {
            cancelled.insert(number)
            return
        }
        waiting.remove(at: index).turn.resume(returning: false)
    }

    private func begin(_ user: ID<User>) {
        free -= 1
        lastTurn += 1
        running[user, default: 0] += 1
        served[user] = lastTurn
    }

    private func give(_ user: ID<User>) {
        let left = running[user, default: 0] - 1
        running[user] = left > 0 ? left : nil
        free += 1
        serve()
        if waiting.isEmpty { served = [:] }
    }

    private func serve() {
        while free > 0, !waiting.isEmpty {
            let next = waiting.indices.min { one, other in
                let (a, b) = (waiting[one], waiting[other])
                return (running[a.user] ?? 0, served[a.user] ?? 0, a.number)
                    < (running[b.user] ?? 0, served[b.user] ?? 0, b.number)
            }
            guard let next else { return }
            let waiter = waiting.remove(at: next)
            begin(waiter.user)
            waiter.turn.resume(returning: true)
        }
    }
}
