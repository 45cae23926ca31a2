import Core
import Synchronization

/// Keeps what was published.
public final class RecordingRoutes: RoutePublisher {
    private struct State {
        var targets: [String: RouteTarget] = [:]
        var drained: [ID<Instance>] = []
        var drainedInFull: Set<ID<Instance>> = []
        var measured: Set<String> = []
        var activities: [ID<Instance>: InstanceActivity] = [:]
        var wake: (@Sendable (ID<Channel>) -> Void)?
        var refused: [String] = []
        var figures: @Sendable (RouteTarget?) -> TrafficFigures = { _ in TrafficFigures() }
    }

    private let state = Mutex(State())
    /// Where drains wait.
    public let drains = Gate()

    public init() {}

    public var targets: [String: RouteTarget] { state.withLock { $0.targets } }
    public var drained: [ID<Instance>] { state.withLock { $0.drained } }
    /// Those of them whose WebSockets and event streams were to get longer.
    public var drainedInFull: Set<ID<Instance>> { state.withLock { $0.drainedInFull } }

    /// Hostnames that are measured now.
    public var measured: Set<String> { state.withLock { $0.measured } }
    /// What is counted from now on, by what the hostname leads to at the moment.
    public func count(_ figures: @escaping @Sendable (RouteTarget?) -> TrafficFigures) {
        state.withLock { $0.figures = figures }
    }

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

    public func drain(_ instance: ID<Instance>, seconds: Int, keepsLongLived: Bool) async -> DrainReport {
        await drains.pass()
        state.withLock { state in
            state.drained.append(instance)
            if keepsLongLived { state.drainedInFull.insert(instance) }
        }
        return DrainReport(cut: 0)
    }

    public func target(of hostname: String) -> RouteTarget? { state.withLock { $0.targets[hostname] } }
    public func beginMeasuring(_ hostname: String) { state.withLock { _ = $0.measured.insert(hostname) } }
    public func endMeasuring(_ hostname: String) { state.withLock { _ = $0.measured.remove(hostname) } }

    public func figures(of hostname: String) -> TrafficFigures {
        let (figures, target) = state.withLock { ($0.figures, $0.targets[hostname]) }
        return figures(target)
    }

    /// What is asked of an instance from now on; nothing, when nothing was said.
    public func setActivity(_ activity: InstanceActivity, of instance: ID<Instance>) {
        state.withLock { $0.activities[instance] = activity }
    }

    public func activity(of instance: ID<Instance>) -> InstanceActivity? {
        state.withLock { $0.activities[instance] ?? InstanceActivity(open: 0, begun: 0) }
    }

    public func onWake(_ wake: @escaping @Sendable (ID<Channel>) -> Void) { state.withLock { $0.wake = wake } }

    /// A request comes for a channel that is asleep.
    public func ask(_ channel: ID<Channel>) { state.withLock { $0.wake }?(channel) }

    public func refuseHeld(at hostname: String) { state.withLock { $0.refused.append(hostname) } }

    /// Hostnames whose waiting requests were refused.
    public var refused: [String] { state.withLock { $0.refused } }

    public func takeFigures(of hostname: String) -> TrafficFigures { figures(of: hostname) }
}
