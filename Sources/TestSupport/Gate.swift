import Synchronization

/// A place that everybody passes at once, until it is closed: then they wait, whether they are cancelled or not.
public final class Gate: Sendable {
    private let state = Mutex<(isClosed: Bool, waiting: [CheckedContinuation<Void, Never>])>((false, []))

    public init() {}

    /// How many wait.
    public var queue: Int { state.withLock { $0.waiting.count } }

    public func close() { state.withLock { $0.isClosed = true } }

    /// Lets everybody pass, from now on too.
    public func open() {
        let waiting = state.withLock { state in
            state.isClosed = false
            defer { state.waiting = [] }
            return state.waiting
        }
        for passer in waiting { passer.resume() }
    }

    public func pass() async {
        await withCheckedContinuation { passer in
            let isOpen = state.withLock { state in
                if state.isClosed { state.waiting.append(passer) }
                return !state.isClosed
            }
            if isOpen { passer.resume() }
        }
    }
}
