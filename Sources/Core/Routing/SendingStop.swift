import Synchronization

/// Tells whoever sends a body that it is not to be sent any further: whoever asked for it lost the right to it.
public final class SendingStop: Sendable {
    private struct State {
        var isStopped = false
        var action: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    public init() {}

    public var isStopped: Bool { state.withLock { $0.isStopped } }

    public func stop() {
        let action = state.withLock { state in
            state.isStopped = true
            defer { state.action = nil }
            return state.action
        }
        action?()
    }

    /// `action` is called once when it is stopped, at once when it has been; `nil`: nothing is called any more.
    public func onStop(_ action: (@Sendable () -> Void)?) {
        let isStopped = state.withLock { state in
            state.action = state.isStopped ? nil : action
            return state.isStopped
        }
        if isStopped { action?() }
    }
}
