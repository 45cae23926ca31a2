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

    /// How many of so many more lines may wait, the first ones; the others are counted as left out. A client that has
    /// taken everything gets all.
    func enter(_ count: Int) -> Int {
        state.withLock { state in
            let room = state.waiting == 0 ? count : min(count, max(0, limit - state.waiting))
            state.waiting += room
            state.dropped += count - room
            return room
        }
    }

    /// Lines have been taken. Returns how many were left out since this was last said, `nil` when none were.
    func leave(_ count: Int) -> Int? {
        state.withLock { state in
            state.waiting -= count
            guard state.dropped > 0 else { return nil }
            defer { state.dropped = 0 }
            return state.dropped
        }
    }
}
