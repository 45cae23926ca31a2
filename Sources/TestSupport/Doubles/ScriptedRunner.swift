import Core
import Synchronization

/// A runner whose instances exist in name only.
public final class ScriptedRunner: InstanceRunner {
    private struct State {
        var running: [ID<Instance>: InstanceEndpoint] = [:]
        var environments: [ID<Instance>: [String: String]] = [:]
        var volumes: [ID<Instance>: [VolumeMount]] = [:]
        var stopped: [ID<Instance>] = []
        var reasons: [ID<Instance>: String] = [:]
        var mostAtOnce = 0
        var failure: PlatformError?
        var nextFailure: PlatformError?
        var damages: [ID<Instance>: String] = [:]
        var strays: [String] = []
        var networkDamage: String?
        var faults: [ID<Instance>: String] = [:]
        var unnamed: [ID<Instance>: Int] = [:]
        var nextPort = 1
        var place: (host: String, port: Int)?
        var starts = 0
        var restarts: AsyncStream<InstanceRestart>.Continuation?
        var limitHits: AsyncStream<InstanceLimitHit>.Continuation?
        var removedLogs: [ID<Instance>] = []
        var keptLogs: Set<ID<Instance>> = []
        var output = ["listening", "GET / 200"]
        var isHolding = false
        var held: [CheckedContinuation<Void, Never>] = []
        var mostHeld = 0
    }

    private let state = Mutex(State())
    /// Where stops wait.
    public let stops = Gate()
    /// Where looks at instances wait.
    public let looks = Gate()

    public init() {}

    /// What the next starts throw; `nil` lets them succeed.
    public func fail(with error: PlatformError?) { state.withLock { $0.failure = error } }
    /// What the next start throws, and only that.
    public func failOnce(with error: PlatformError) { state.withLock { $0.nextFailure = error } }
    /// Where the next starts answer.
    public func place(at host: String, port: Int) { state.withLock { $0.place = (host, port) } }
    public var running: [ID<Instance>: InstanceEndpoint] { state.withLock { $0.running } }
    /// How many starts were asked for.
    public var starts: Int { state.withLock { $0.starts } }

    /// Starts take until `letGo` from now on.
    public func holdStarts() { state.withLock { $0.isHolding = true } }

    public func letGo() {
        let held = state.withLock { state in
            state.isHolding = false
            defer { state.held = [] }
            return state.held
        }
        for start in held { start.resume() }
    }

    /// How many starts waited for that at once at most.
    public var mostHeld: Int { state.withLock { $0.mostHeld } }

    private func waitForTurn() async {
        await withCheckedContinuation { start in
            let goesOn = state.withLock { state in
                state.starts += 1
                if state.isHolding {
                    state.held.append(start)
                    state.mostHeld = max(state.mostHeld, state.held.count)
                }
                return !state.isHolding
            }
            if goesOn { start.resume() }
        }
    }

    public var stopped: [ID<Instance>] { state.withLock { $0.stopped } }
    /// How many ran at once at most.
    public var mostAtOnce: Int { state.withLock { $0.mostAtOnce } }
    public func environment(of id: ID<Instance>) -> [String: String]? { state.withLock { $0.environments[id] } }
    public func volumes(of id: ID<Instance>) -> [VolumeMount] { state.withLock { $0.volumes[id] ?? [] } }
    /// Ends an instance behind the server's back, as a reboot does.
    public func lose(_ id: ID<Instance>) { state.withLock { $0.running[id] = nil } }

    public func endpoint(of id: ID<Instance>) async -> InstanceEndpoint? { state.withLock { $0.running[id] } }

    /// What an instance has lost from now on.
    public func damage(_ id: ID<Instance>, _ what: String?) { state.withLock { $0.damages[id] = what } }

    public func damage(of id: ID<Instance>) async -> String? {
        state.withLock { $0.running[id] == nil ? "nobody supervises it" : $0.damages[id] }
    }

    /// What the networks of all instances lack from now on.
    public func damageNetwork(_ what: String) { state.withLock { $0.networkDamage = what } }

    public func mendNetwork() async throws(PlatformError) -> String? {
        state.withLock { state in
            defer { state.networkDamage = nil }
            return state.networkDamage
        }
    }

    /// A container that nobody knows.
    public func addStray(_ name: String) { state.withLock { $0.strays.append(name) } }

    public func removeStrays() async -> [String] {
        state.withLock { state in
            defer { state.strays = [] }
            return state.strays
        }
    }

    /// What an instance has in files without a name from now on, bytes.
    public func setUnnamed(_ bytes: Int, of id: ID<Instance>) { state.withLock { $0.unnamed[id] = bytes } }

    public func unnamedBytes(of id: ID<Instance>) async -> Int {
        state.withLock { $0.running[id] == nil ? 0 : $0.unnamed[id] ?? 0 }
    }

    /// What is wrong with an instance from now on.
    public func setFault(_ fault: String?, of id: ID<Instance>) { state.withLock { $0.faults[id] = fault } }

    public func fault(of id: ID<Instance>) async -> String? {
        await looks.pass()
        return state.withLock { $0.running[id] == nil ? "it does not run" : $0.faults[id] }
    }

    /// What instances have written from now on.
    public func write(_ output: [String]) { state.withLock { $0.output = output } }

    /// What is there, then the end.
    public func follow(_ id: ID<Instance>, last lines: Int) -> AsyncStream<String> {
        AsyncStream { continuation in
            for line in state.withLock({ $0.output }).suffix(lines) { continuation.yield(line) }
            continuation.finish()
        }
    }

    public func start(
        _ specification: InstanceSpecification, log: any DeployLogSink
    ) async throws(PlatformError) -> InstanceEndpoint {
        log.write("starting container...")
        await waitForTurn()
        if Task.isCancelled { throw PlatformError(.cancelled, "cancelled") }
        let endpoint = try state.withLock { (state) throws(PlatformError) in
            if let failure = state.failure { throw failure }
            if let failure = state.nextFailure {
                state.nextFailure = nil
                throw failure
            }
            state.nextPort += 1
            let (host, port) = state.place ?? ("192.0.2.1", state.nextPort)
            let endpoint = InstanceEndpoint(id: specification.id, host: host, port: port)
            state.running[specification.id] = endpoint
            state.mostAtOnce = max(state.mostAtOnce, state.running.count)
            state.environments[specification.id] = specification.environment
            state.volumes[specification.id] = specification.volumes
            return endpoint
        }
        log.write("health check passed")
        return endpoint
    }

    public func stop(_ id: ID<Instance>, grace: Int?) async {
        await stops.pass()
        state.withLock { state in
            state.running[id] = nil
            state.stopped.append(id)
        }
    }

    public func stop(_ id: ID<Instance>, grace: Int?, because reason: String) async {
        await stop(id, grace: grace)
        state.withLock { $0.reasons[id] = reason }
    }

    /// What the logs of instances were told of why they were stopped.
    public var reasons: [ID<Instance>: String] { state.withLock { $0.reasons } }

    public func recover(
        keep: Set<ID<Instance>>, logs: Set<ID<Instance>>
    ) async throws(PlatformError) -> RecoveredInstances {
        state.withLock { state in
            var found = RecoveredInstances()
            let known = keep.union(logs)
            found.strays = state.strays + state.running.keys.filter { !known.contains($0) }.map { "i-\($0)" }
            found.losses = state.damages.filter { keep.contains($0.key) }
            state.running = state.running.filter { keep.contains($0.key) && state.damages[$0.key] == nil }
            found.endpoints = state.running
            (state.strays, state.keptLogs) = ([], logs)
            return found
        }
    }

    public func recentOutput(_ id: ID<Instance>, lines: Int) async -> [String] {
        state.withLock { $0.output }.suffix(lines)
    }

    public func restarts() -> AsyncStream<InstanceRestart> {
        let (stream, continuation) = AsyncStream<InstanceRestart>.makeStream()
        state.withLock { $0.restarts = continuation }
        return stream
    }

    public func limitHits() -> AsyncStream<InstanceLimitHit> {
        let (stream, continuation) = AsyncStream<InstanceLimitHit>.makeStream()
        state.withLock { $0.limitHits = continuation }
        return stream
    }

    /// Somebody listens to restarts, and to limits that are reached.
    public var isHeard: Bool { state.withLock { $0.restarts != nil && $0.limitHits != nil } }

    /// An instance has ended and runs again.
    public func restart(_ restart: InstanceRestart) { _ = state.withLock { $0.restarts?.yield(restart) } }

    /// An instance has reached a limit and runs on.
    public func reach(_ hit: InstanceLimitHit) { _ = state.withLock { $0.limitHits?.yield(hit) } }

    public func removeLog(of id: ID<Instance>) async { state.withLock { $0.removedLogs.append(id) } }

    /// Instances whose logs were removed.
    public var removedLogs: [ID<Instance>] { state.withLock { $0.removedLogs } }
    /// Stopped instances whose logs the last start of the server asked to keep.
    public var keptLogs: Set<ID<Instance>> { state.withLock { $0.keptLogs } }
}
