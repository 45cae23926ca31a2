import Core
import Synchronization

/// A runner whose instances exist in name only.
public final class ScriptedRunner: InstanceRunner {
    private struct State {
        var running: [ID<Instance>: InstanceEndpoint] = [:]
        var environments: [ID<Instance>: [String: String]] = [:]
        var stopped: [ID<Instance>] = []
        var failure: PlatformError?
        var nextPort = 1
    }

    private let state = Mutex(State())

    public init() {}

    /// What the next starts throw; `nil` lets them succeed.
    public func fail(with error: PlatformError?) { state.withLock { $0.failure = error } }
    public var running: [ID<Instance>: InstanceEndpoint] { state.withLock { $0.running } }
    public var stopped: [ID<Instance>] { state.withLock { $0.stopped } }
    public func environment(of id: ID<Instance>) -> [String: String]? { state.withLock { $0.environments[id] } }
    /// Ends an instance behind the server's back, as a reboot does.
    public func lose(_ id: ID<Instance>) { state.withLock { $0.running[id] = nil } }

    public func start(
        _ specification: InstanceSpecification, log: any DeployLogSink
    ) async throws(PlatformError) -> InstanceEndpoint {
        log.write("starting container...")
        let endpoint = try state.withLock { (state) throws(PlatformError) in
            if let failure = state.failure { throw failure }
            state.nextPort += 1
            let endpoint = InstanceEndpoint(id: specification.id, host: "192.0.2.1", port: state.nextPort)
            state.running[specification.id] = endpoint
            state.environments[specification.id] = specification.environment
            return endpoint
        }
        log.write("health check passed")
        return endpoint
    }

    public func stop(_ id: ID<Instance>, grace: Int?) async {
        state.withLock { state in
            state.running[id] = nil
            state.stopped.append(id)
        }
    }

    public func recover(keep: Set<ID<Instance>>) async throws(PlatformError) -> [ID<Instance>: InstanceEndpoint] {
        state.withLock { state in
            state.running = state.running.filter { keep.contains($0.key) }
            return state.running
        }
    }

    public func recentOutput(_ id: ID<Instance>, lines: Int) async -> [String] { [] }
}
