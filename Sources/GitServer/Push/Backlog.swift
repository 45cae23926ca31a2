import Synchronization

/// Counts the lines that wait for a client, so that one that does not read cannot fill the memory.
final class Backlog: Sendable {
    private struct State {
        var waiting = 0
        var dropped = 0
    }

    private let limit: Int
    private let state = Mutex(State())

    init(limit: Int) { self.limit = limit }

    /// Whether one more line may wait; if not it is counted as left out.
    func enter() -> Bool {
        state.withLock { state in
            guard state.waiting < limit else {
                state.dropped += 1
                return false
            }
            state.waiting += 1
            return true
        }
    }

    /// A line has been taken. Returns how many were left out since this was last said, `nil` when none were.
    func leave() -> Int? {
        state.withLock { state in
            state.waiting -= 1
            guard state.dropped > 0 else { return nil }
            defer { state.dropped = 0 }
            return state.dropped
        }
    }
}
