import Synchronization

/// Counts permits; waits without holding a thread. First come, first served.
final class AsyncSemaphore: Sendable {
    private struct State {
        var value: Int
        var waiters: [UnsafeContinuation<Void, Never>] = []
        var head = 0
    }

    private let state: Mutex<State>

    init(value: Int) { state = Mutex(State(value: value)) }

    func wait() async {
        await withUnsafeContinuation { continuation in
            let isFree = state.withLock { state in
                if state.value > 0 {
                    state.value -= 1
                    return true
                }
                state.waiters.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    func signal() {
        let next: UnsafeContinuation<Void, Never>? = state.withLock { state in
            guard state.head < state.waiters.count else {
                state.value += 1
                state.waiters.removeAll(keepingCapacity: true)
                state.head = 0
                return nil
            }
            let next = state.waiters[state.head]
            state.head += 1
            // Somebody may wait at every moment: those that have gone on go as well.
            if state.head >= 1024, state.head * 2 >= state.waiters.count {
                state.waiters.removeFirst(state.head)
                state.head = 0
            }
            return next
        }
        next?.resume()
    }
}
