import Synchronization

/// Counts the requests that wait for an app to start, on all event loops, so that there is an end to them.
final class HeldRequests: Sendable {
    private struct State {
        var total = 0
        var hosts: [String: Int] = [:]
    }

    private let state = Mutex(State())

    /// False when as many wait already as may. A hostname has at most as many places as are left for others: few that fill up
    /// leave some for all the rest.
    func enter(_ hostname: String, limit: Int, hostLimit: Int) -> Bool {
        state.withLock { state in
            guard state.hosts[hostname, default: 0] < min(hostLimit, limit - state.total) else { return false }
            state.total += 1
            state.hosts[hostname, default: 0] += 1
            return true
        }
    }

    func leave(_ hostname: String) {
        state.withLock { state in
            state.total -= 1
            let left = state.hosts[hostname, default: 0] - 1
            state.hosts[hostname] = left > 0 ? left : nil
        }
    }

    /// How many wait at a hostname.
    func count(at hostname: String) -> Int { state.withLock { $0.hosts[hostname, default: 0] } }
}
