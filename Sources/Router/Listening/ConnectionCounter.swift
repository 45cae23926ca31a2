import Synchronization

/// Counts open connections by client address, for all event loops.
final class ConnectionCounter: Sendable {
    private let counts = Mutex<[String: Int]>([:])

    /// What is counted as one client: an IPv4 address, or the IPv6 network that a subscriber usually gets (RFC 6177).
    static func key(_ address: String) -> String { AddressBlock.network(of: address) ?? address }

    /// Counts one more, unless there are `limit` already.
    func begin(_ address: String, limit: Int) -> Bool {
        counts.withLock { counts in
            let count = counts[address, default: 0]
            guard count < limit else { return false }
            counts[address] = count + 1
            return true
        }
    }

    func end(_ address: String) {
        counts.withLock { counts in
            guard let count = counts[address] else { return }
            counts[address] = count > 1 ? count - 1 : nil
        }
    }
}
