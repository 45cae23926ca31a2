import Synchronization

/// Slows down who presents wrong credentials again and again. Pure but for its lock: the time is handed in.
final class GuessLimiter: Sendable {
    private struct Record {
        var failures: Int
        var last: ContinuousClock.Instant
        var blockedUntil: ContinuousClock.Instant
    }

    private let limits: GuessLimits
    private let records = Mutex<[String: Record]>([:])

    init(_ limits: GuessLimits) { self.limits = limits }

    /// How long the address has to wait before its credentials are looked at again; `nil` when it need not.
    func wait(for address: String, now: ContinuousClock.Instant) -> Duration? {
        records.withLock { records in
            guard let record = records[address] else { return nil }
            guard now - record.last < limits.memory else {
                records[address] = nil
                return nil
            }
            return record.blockedUntil > now ? record.blockedUntil - now : nil
        }
    }

    /// Notes wrong credentials.
    func fail(_ address: String, now: ContinuousClock.Instant) {
        records.withLock { records in
            if records[address] == nil, records.count >= limits.addresses { makeRoom(&records, now: now) }
            var record = records[address] ?? Record(failures: 0, last: now, blockedUntil: now)
            if now - record.last >= limits.memory { record.failures = 0 }
            record.failures += 1
            record.last = now
            let excess = record.failures - limits.free
            if excess > 0 {
                let delay = limits.delay * (1 << min(excess - 1, 20))
                record.blockedUntil = now + min(delay, limits.maximumDelay)
            }
            records[address] = record
        }
    }

    var count: Int { records.withLock { $0.count } }

    /// Forgets what has expired, or else the quarter that failed longest ago.
    private func makeRoom(_ records: inout [String: Record], now: ContinuousClock.Instant) {
        records = records.filter { now - $0.value.last < limits.memory }
        guard records.count >= limits.addresses else { return }
        let oldest = records.sorted { $0.value.last < $1.value.last }.prefix(max(1, limits.addresses / 4))
        for (address, _) in oldest { records[address] = nil }
    }
}

/// Who is at the other end, as far as guesses are counted.
enum ClientAddress {
    /// Counted together when nobody says where requests come from.
    static let unknown = "unknown"

    /// - Parameter header: the value of `X-Forwarded-For`; the router in front of this server sets it, and its last entry
    ///   is the one that the router itself has seen.
    static func of(_ header: String?) -> String {
        let last = header?.split(separator: ",").last?.trimming { $0 == " " || $0 == "\t" } ?? ""
        guard !last.isEmpty, last.utf8.count <= 64 else { return unknown }
        guard last.contains(":") else { return last }
        return network(last)
    }

    /// The first 64 bits of an IPv6 address: one subscriber has at least so many.
    private static func network(_ address: String) -> String {
        let parts = address.split(separator: "::", maxSplits: 1, omittingEmptySubsequences: false)
        var groups = parts[0].split(separator: ":").map(String.init)
        if parts.count == 2 {
            let tail = parts[1].split(separator: ":").map(String.init)
            groups += Array(repeating: "0", count: max(0, 8 - groups.count - tail.count)) + tail
        }
        return groups.prefix(4).joined(separator: ":") + "::/64"
    }
}

extension StringProtocol {
    fileprivate func trimming(_ isSpace: (Character) -> Bool) -> String {
        var rest = self[...]
        while let first = rest.first, isSpace(first) { rest = rest.dropFirst() }
        while let last = rest.last, isSpace(last) { rest = rest.dropLast() }
        return String(rest)
    }
}
