import Core

/// Turns for builds, or other work: so much runs at the same time on the whole server. Who waits goes on in an order in which
/// one user's burst holds nobody else up: first comes who has the fewest running, then who was served the longest ago.
///
/// From two turns on there is one more, for users who have none running: one user's builds, however long they take, never
/// have all of them.
actor BuildSlots {
    private struct Waiter {
        let number: Int
        let user: ID<User>
        let turn: CheckedContinuation<Bool, Never>
    }

    /// Turns for anybody, and with those that are only for users who have none.
    private let count: Int
    private let total: Int
    private var taken = 0
    private var running: [ID<User>: Int] = [:]
    /// The number of the last turn that a user got, as long as somebody waits.
    private var served: [ID<User>: Int] = [:]
    private var waiting: [Waiter] = []
    private var cancelled: Set<Int> = []
    private var lastNumber = 0
    private var lastTurn = 0

    init(_ count: Int) {
        self.count = count
        total = count > 1 ? count + 1 : count
    }

    /// How many wait.
    var queue: Int { waiting.count }

    /// Runs `body` in a turn. `onWait` is called when one must be waited for.
    /// - Parameter limit: how long it may be waited for; `nil` for any time. Throws `.timeout` when it is over.
    nonisolated func run<Value: Sendable>(
        for user: ID<User>, limit: Duration? = nil, onWait: @Sendable () -> Void,
        _ body: () async throws(PlatformError) -> Value
    ) async throws(PlatformError) -> Value {
        if await !takeFree(for: user) {
            onWait()
            try await wait(for: user, limit)
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

    /// Nobody who waits may have a free one: those may that `serve` has passed over.
    private func takeFree(for user: ID<User>) -> Bool {
        guard mayBegin(user) else { return false }
        begin(user)
        return true
    }

    private nonisolated func wait(for user: ID<User>, _ limit: Duration?) async throws(PlatformError) {
        guard let limit else { return try await wait(for: user) }
        try await Deadline.run("waiting for a turn among the builds of this server", limit: limit) {
            () async throws(PlatformError) in try await self.wait(for: user)
        }
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

    private func mayBegin(_ user: ID<User>) -> Bool { taken < (running[user] == nil ? total : count) }

    private func begin(_ user: ID<User>) {
        taken += 1
        lastTurn += 1
        running[user, default: 0] += 1
        served[user] = lastTurn
    }

    private func give(_ user: ID<User>) {
        let left = running[user, default: 0] - 1
        running[user] = left > 0 ? left : nil
        taken -= 1
        serve()
        if waiting.isEmpty { served = [:] }
    }

    private func serve() {
        while let place = placeOfNext() {
            let waiter = waiting.remove(at: place)
            begin(waiter.user)
            waiter.turn.resume(returning: true)
        }
    }

    /// Whose turn it is of those who may begin.
    private func placeOfNext() -> Int? {
        waiting.indices.filter { mayBegin(waiting[$0].user) }.min { one, other in
            let (a, b) = (waiting[one], waiting[other])
            return (running[a.user] ?? 0, served[a.user] ?? 0, a.number)
                < (running[b.user] ?? 0, served[b.user] ?? 0, b.number)
        }
    }
}
