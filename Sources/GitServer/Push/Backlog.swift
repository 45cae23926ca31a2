import Synchronization

/// Counts the lines that wait for a client, so that one that does not read cannot fill the memory.
final class Backlog: Sendable {
    private struct State {
        var waiting = 0
        var bytes = 0
        var dropped = 0
    }

    private let limit: Int
    private let byteLimit: Int
    private let state = Mutex(State())

    /// - Parameters:
    ///   - limit: lines that wait.
    ///   - byteLimit: bytes of all of them.
    init(limit: Int, byteLimit: Int) {
        self.limit = limit
        self.byteLimit = byteLimit
    }

    /// Which of so many more lines may wait, the first ones; the others are counted as left out. A client that has taken
    /// everything gets all.
    func enter(_ lines: [String]) -> ArraySlice<String> {
        state.withLock { state in
            var taken = 0
            let isFree = state.waiting == 0
            while taken < lines.count {
                let size = lines[taken].utf8.count
                guard isFree || (state.waiting < limit && state.bytes + size <= byteLimit) else { break }
                state.waiting += 1
                state.bytes += size
                taken += 1
            }
            state.dropped += lines.count - taken
            return lines[..<taken]
        }
    }

    /// Lines have been taken. Returns how many were left out since this was last said, `nil` when none were.
    func leave(_ lines: [String]) -> Int? {
        state.withLock { state in
            state.waiting -= lines.count
            state.bytes -= lines.reduce(0) { $0 + $1.utf8.count }
            guard state.dropped > 0 else { return nil }
            defer { state.dropped = 0 }
            return state.dropped
        }
    }
}
