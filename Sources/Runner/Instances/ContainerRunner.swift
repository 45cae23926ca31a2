import Blocking
import Core
import Foundation
import Logging
import ServiceLifecycle
import Synchronization

/// Runs instances and tasks in containers: runc, conmon and a network of our own, without a daemon.
///
/// Instances live on when the server ends. A restarted server calls `recover` before anything else, and `run` to
/// restart what crashes.
public final class ContainerRunner: InstanceRunner, Service {
    let configuration: RunnerConfiguration
    let network: ContainerNetwork
    let runtime: ContainerRuntime
    let logger: Logger
    /// Where what tasks have written is counted.
    let diskPool = BlockingPool(label: "disk", width: 1)
    let diskWriters: DiskWriters
    /// What instances use; looked at while `run` runs.
    public let meter: ControlGroupMeter
    let supervisors = Mutex<[ID<Instance>: InstanceSupervisor]>([:])
    /// Names of the tasks that run.
    let tasks = Mutex<Set<String>>([])
    /// Who wants to know of restarts, and of limits that are reached.
    private let restartListener = Mutex<AsyncStream<InstanceRestart>.Continuation?>(nil)
    private let limitListener = Mutex<AsyncStream<InstanceLimitHit>.Continuation?>(nil)

    /// How often `run` looks for ended instances.
    private static let watchInterval = Duration.milliseconds(100)
    /// Every so many looks also for processes that ended without their conmon telling.
    private static let thoroughness = 50
    /// Every so many looks also at what builds get of the processors, and at the limits of instances: once a second.
    private static let weighing = 10
    /// Lines of output that a deploy's log takes while it waits for the app.
    private static let earlyOutputLimit = 500
    private static let failureOutput = 20

    /// Prepares the runtime folder. Throws `.unsupported` when a program is missing (with what to install), `.invalid`
    /// when the configuration is wrong. `network` must be prepared before the first start.
    public init(
        configuration: RunnerConfiguration, network: ContainerNetwork, logger: Logger
    ) throws(PlatformError) {
        self.configuration = configuration
        self.network = network
        self.logger = logger
        diskWriters = DiskWriters(reserve: configuration.diskReserve)
        runtime = try ContainerRuntime(configuration: configuration, logger: logger)
        meter = ControlGroupMeter(groups: runtime.groups)
        try HostFiles.makeDirectory(configuration.logDirectory)
    }

    public func start(
        _ specification: InstanceSpecification, log: any DeployLogSink
    ) async throws(PlatformError) -> InstanceEndpoint {
        try Self.check(specification)
        log.write("starting container...")
        let clock = ContinuousClock()
        let begun = clock.now
        let lease = try await network.lease(for: .instance)
        let supervisor = makeSupervisor(InstanceRecord(specification: specification, lease: lease))
        let isNew = supervisors.withLock { supervisors in
            guard supervisors[specification.id] == nil else { return false }
            supervisors[specification.id] = supervisor
            return true
        }
        guard isNew else {
            await network.release(lease)
            throw PlatformError(.conflict, "the instance runs already")
        }
        do throws(PlatformError) {
            try runtime.writeBundle(description(of: specification, lease: lease))
            let prepared = clock.now
            try await supervisor.bringUp()
            let started = clock.now
            try await waitUntilReady(supervisor, specification: specification, host: lease.address, log: log)
            try await supervisor.markReady()
            log.write("health check passed")
            logger.info(
                "instance started",
                metadata: [
                    "instance": "\(specification.id)", "channel": "\(specification.channel)",
                    "prepare_ms": "\((prepared - begun).milliseconds)",
                    "container_ms": "\((started - prepared).milliseconds)",
                    "ready_ms": "\((clock.now - started).milliseconds)",
                ])
        } catch {
            await stop(specification.id, grace: 0)
            replenishNetwork()
            throw error
        }
        replenishNetwork()
        return await supervisor.endpoint
    }

    public func stop(_ id: ID<Instance>, grace: Int?) async { await stop(id, grace: grace, reason: nil) }

    public func stop(_ id: ID<Instance>, grace: Int?, because reason: String) async {
        await stop(id, grace: grace, reason: reason)
    }

    private func stop(_ id: ID<Instance>, grace: Int?, reason: String?) async {
        guard let supervisor = supervisors.withLock({ $0[id] }) else { return }
        await supervisor.takeDown(grace: grace, because: reason)
        supervisors.withLock { if $0[id] === supervisor { $0[id] = nil } }
        logger.info("instance stopped", metadata: ["instance": "\(id)"])
    }

    public func recentOutput(_ id: ID<Instance>, lines: Int) async -> [String] {
        ContainerLog(path: logPath(id)).tail(lines)
    }

    public func restarts() -> AsyncStream<InstanceRestart> {
        let (stream, continuation) = AsyncStream<InstanceRestart>.makeStream(bufferingPolicy: .bufferingNewest(1000))
        restartListener.withLock { $0 = continuation }
        return stream
    }

    public func limitHits() -> AsyncStream<InstanceLimitHit> {
        let (stream, continuation) = AsyncStream<InstanceLimitHit>.makeStream(bufferingPolicy: .bufferingNewest(1000))
        limitListener.withLock { $0 = continuation }
        return stream
    }

    public func removeLog(of id: ID<Instance>) async {
        guard supervisors.withLock({ $0[id] == nil }) else { return }
        ContainerLog(path: logPath(id)).remove()
    }

    /// Restarts instances that crash and mends the firewall, until a graceful shutdown. Ends then; the instances run on.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                var round = 0
                while (try? await Task.sleep(for: Self.watchInterval)) != nil {
                    round += 1
                    // What the kernel tells of is looked at right away, and now and then without it.
                    let hasChanged = self.network.firewall.hasChanged() ?? false
                    if hasChanged || round % Self.thoroughness == 0 {
                        group.addTask { await self.network.firewall.mend() }
                    }
                    if round % Self.weighing == 0 {
                        self.runtime.tree.weighBuilds(areRunning: !self.tasks.withLock { $0.isEmpty })
                    }
                    let supervisors = self.supervisors.withLock { $0 }
                    let isThorough = round % Self.thoroughness == 1
                    if isThorough {
                        let groups = supervisors.map { ($0.key, self.runtime.group(of: $0.value.name)) }
                        self.meter.look(at: Dictionary(uniqueKeysWithValues: groups))
                    }
                    if round % Self.weighing == 1 {
                        for supervisor in supervisors.values { group.addTask { await supervisor.lookAtLimits() } }
                    }
                    let ended = isThorough ? [] : Set(HostFiles.names(in: self.runtime.paths.exits))
                    for (id, supervisor) in supervisors
                    where isThorough || ended.contains(InstanceRecord.name(id)) {
                        group.addTask { await supervisor.restartIfEnded() }
                    }
                }
            }
        }
    }

    /// Makes network namespaces for the next starts, in the background.
    func replenishNetwork() {
        Task { [network] in await network.replenish() }
    }

    func makeSupervisor(_ record: InstanceRecord) -> InstanceSupervisor {
        InstanceSupervisor(
            record: record, runtime: runtime, network: network, log: ContainerLog(path: logPath(record.id)),
            logSizeLimit: configuration.logSizeLimit, logger: logger,
            restarted: { [weak self] restart in _ = self?.restartListener.withLock { $0?.yield(restart) } },
            limited: { [weak self] hit in _ = self?.limitListener.withLock { $0?.yield(hit) } })
    }

    func logPath(_ id: ID<Instance>) -> String { "\(configuration.logDirectory)/\(id).log" }

    private static func check(_ specification: InstanceSpecification) throws(PlatformError) {
        guard !specification.plan.command.isEmpty else { throw .invalid("the template names no command to run") }
        guard (1...65_535).contains(specification.plan.port) else { throw .invalid("port must be 1 to 65535") }
        let path = specification.plan.healthPath
        // It becomes part of a request line.
        guard path.hasPrefix("/"), path.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw .invalid("the health path must begin with / and hold visible ASCII characters only")
        }
    }

    private func description(
        of specification: InstanceSpecification, lease: NetworkLease
    ) -> ContainerRuntime.Description {
        let plan = specification.plan
        var environment = plan.environment.merging(specification.environment, uniquingKeysWith: { $1 })
        if plan.isAnnounced { environment[RunPlan.readyFileVariable] = RunPlan.readyFile }
        if plan.kind != .worker { environment[plan.portVariable] = String(plan.port) }
        return ContainerRuntime.Description(
            name: InstanceRecord.name(specification.id), lease: lease, hostname: "app",
            app: specification.directory, isAppWritable: false, volumes: specification.volumes,
            account: specification.account, arguments: plan.command, environment: environment,
            workingDirectory: plan.directory ?? "", limits: specification.limits, owner: specification.owner,
            fileSize: specification.fileSize, rootfs: plan.rootfs)
    }

    private func waitUntilReady(
        _ supervisor: InstanceSupervisor, specification: InstanceSpecification, host: String, log: any DeployLogSink
    ) async throws(PlatformError) {
        let plan = specification.plan
        if plan.isAnnounced {
            return try await waitUntilUp(supervisor, specification: specification, log: log)
        }
        let target = ReadinessTarget(
            port: plan.port, path: plan.probedPath, variable: plan.portVariable,
            seconds: plan.readySeconds)
        let check = ReadinessCheck(host: host, target: target)
        let follower = OutputFollower(log: supervisor.log, sink: log, limit: Self.earlyOutputLimit)
        let process = await supervisor.process
        let (name, runtime) = (supervisor.name, runtime)
        let result = await check.run(
            exit: { runtime.exit(of: name, process: process, limits: specification.limits) },
            follow: { follower.follow() })
        follower.follow()
        var exit: ContainerExit?
        switch result {
        case .ready: return
        case .cancelled: throw PlatformError(.cancelled, "the deploy was cancelled while the app started")
        case .exited(let end): exit = end
        case .timedOut: break
        }
        let report = ReadinessReport(
            plan: target, lastSeen: check.lastSeen, attempts: check.attempts,
            sockets: process.map { ListeningSocket.all(ofProcess: $0.pid) } ?? [],
            output: supervisor.log.tail(Self.failureOutput), exit: exit)
        for line in report.lines { log.write(line) }
        throw PlatformError(.buildFailed, report.reason)
    }
}
