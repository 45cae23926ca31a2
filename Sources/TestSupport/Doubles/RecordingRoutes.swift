import Core
import Synchronization

/// Keeps what was published.
public final class RecordingRoutes: RoutePublisher {
    private struct State {
        var targets: [String: RouteTarget] = [:]
        var drained: [ID<Instance>] = []
    }

    private let state = Mutex(State())

    public init() {}

    public var targets: [String: RouteTarget] { state.withLock { $0.targets } }
    public var drained: [ID<Instance>] { state.withLock { $0.drained } }

    @discardableResult
    public func publish(_ target: RouteTarget, at hostname: String) -> RouteTarget? {
        state.withLock { $0.targets.updateValue(target, forKey: hostname) }
    }

    public func publish(_ targets: [String: RouteTarget]) {
        state.withLock { $0.targets.merge(targets) { $1 } }
    }

    @discardableResult
    public func withdraw(_ hostname: String) -> RouteTarget? {
        state.withLock { $0.targets.removeValue(forKey: hostname) }
    }

    public func drain(_ instance: ID<Instance>, seconds: Int) async -> DrainReport {
        state.withLock { $0.drained.append(instance) }
        return DrainReport(cut: 0)
    }
}
