import Synchronization

/// Counts the requests that are open on one upstream, and wakes those who wait for none.
final class OpenRequests: Sendable {
    private struct Waiters {
        var next = 0
        var continuations: [Int: CheckedContinuation<Bool, Never>] = [:]
    }

    private let open = Atomic<Int>(0)
    private let waiters = Mutex(Waiters())

    var count: Int { open.load(ordering: .sequentiallyConsistent) }

    func begin() { open.add(1, ordering: .sequentiallyConsistent) }

    func end() {
        guard open.subtract(1, ordering: .sequentiallyConsistent).newValue == 0 else { return }
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
