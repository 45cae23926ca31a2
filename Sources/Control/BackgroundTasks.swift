import Synchronization

/// Tasks that nobody waits for, so that they can be ended with the server.
final class BackgroundTasks: Sendable {
    private struct State {
        var tasks: [Int: Task<Void, Never>] = [:]
        var last = 0
        var isClosed = false
    }

    private let state = Mutex(State())

    /// Nothing runs.
    var isIdle: Bool { state.withLock { $0.tasks.isEmpty } }

    /// Runs `body` beside everything else; not any more after `cancelAll`.
    func add(_ body: @escaping @Sendable () async -> Void) {
        state.withLock { state in
            guard !state.isClosed else { return }
            state.last += 1
            let number = state.last
            state.tasks[number] = Task {
                await body()
                self.remove(number)
            }
        }
    }

    /// Cancels what runs.
    func cancelAll() {
        let tasks = state.withLock { state in
            state.isClosed = true
            defer { state.tasks = [:] }
            return state.tasks.values
        }
        for task in tasks { task.cancel() }
    }

    private func remove(_ number: Int) {
        state.withLock { _ = $0.tasks.removeValue(forKey: number) }
    }
}
