import Core
import Synchronization

/// Counts the requests that are open on one upstream, and wakes those who wait for none.
final class OpenRequests: Sendable {
    private struct Waiters {
        var next = 0
        var continuations: [Int: CheckedContinuation<Bool, Never>] = [:]
    }

    private static let openMask: UInt64 = 0xffff_ffff
    /// One more that has begun, and is open.
    private static let one: UInt64 = 1 << 32 | 1

    /// In the lower half those that are open, in the upper half those that have begun: both for the price of one.
    private let counts = Atomic<UInt64>(0)
    private let waiters = Mutex(Waiters())

    var count: Int { Int(counts.load(ordering: .sequentiallyConsistent) & Self.openMask) }

    var activity: InstanceActivity {
        let counts = counts.load(ordering: .sequentiallyConsistent)
        return InstanceActivity(open: Int(counts & Self.openMask), begun: Int(counts >> 32))
    }

    func begin() { counts.wrappingAdd(Self.one, ordering: .sequentiallyConsistent) }

    func end() {
        let left = counts.wrappingSubtract(1, ordering: .sequentiallyConsistent).newValue
        guard left & Self.openMask == 0 else { return }
        // Who asks for the count does so under this lock: it either sees zero or is in the list by now.
        let waiting = waiters.withLock { waiters in
            defer { waiters.continuations.removeAll() }
            return Array(waiters.continuations.values)
        }
        for continuation in waiting { continuation.resume(returning: true) }
    }

    /// Waits until no request is open. False when the time was over first.
    func waitForNone(_ limit: Duration) async -> Bool {
        let ticket = waiters.withLock { waiters in
            waiters.next += 1
            return waiters.next
        }
        let timer = Task {
            try await Task.sleep(for: limit)
            let late = waiters.withLock { $0.continuations.removeValue(forKey: ticket) }
            late?.resume(returning: false)
        }
        defer { timer.cancel() }
        return await withCheckedContinuation { continuation in
            let isNone = waiters.withLock { waiters in
                if count == 0 { return true }
                waiters.continuations[ticket] = continuation
                return false
            }
            if isNone { continuation.resume(returning: true) }
        }
    }
}
