import Core
import Foundation
import Glibc
import Logging

/// One instance's life: brings its container up, sees it end, brings it up again, takes it down.
///
/// Bringing up and taking down run one after the other and to their end, whatever becomes of their callers.
actor InstanceSupervisor {
    nonisolated let name: String
    nonisolated let log: ContainerLog
    /// What an instance is left with that may be a fork bomb, in thousandths of a processor.
    private static let heldMilliCPU = 50
    /// From what ends a process until it is seen to have ended.
    private static let endPatience = Duration.milliseconds(500)

    private var record: InstanceRecord
    private let runtime: ContainerRuntime
    private let network: ContainerNetwork
    private let logSizeLimit: Int
    private let logger: Logger
    private let restarted: @Sendable (InstanceRestart) -> Void
    private let limited: @Sendable (InstanceLimitHit) -> Void
    private var backoff = RestartBackoff()
    private var startedAt = ContinuousClock.now
    private var isStopping = false
    private var isRestarting = false
    private var limitWatch = LimitWatch()
    /// A look at the limits is under way: a later one would come before it.
    private var isLooking = false
    private var isBombTold = false
    /// Left with next to nothing of the processors, until it is known whether it is a fork bomb. `nil`: an earlier server may
    /// have left it so.
    private var isHeld: Bool?
    /// The log's file as it was last looked at: as long as it is open, none that takes its place gets its inode.
    private var watchedLog: HeldFile?
    /// Why the process was killed, in place of how it then ended.
    private var verdict: String?
    private var last: Task<Void, Never>?

    init(
        record: InstanceRecord, runtime: ContainerRuntime, network: ContainerNetwork, log: ContainerLog,
        logSizeLimit: Int, logger: Logger, restarted: @escaping @Sendable (InstanceRestart) -> Void,
        limited: @escaping @Sendable (InstanceLimitHit) -> Void
    ) {
        self.record = record
        self.runtime = runtime
        self.network = network
        self.log = log
        self.logSizeLimit = logSizeLimit
        self.restarted = restarted
        self.limited = limited
        name = InstanceRecord.name(record.id)
        var logger = logger
        logger[metadataKey: "instance"] = "\(record.id)"
        logger[metadataKey: "channel"] = "\(record.channel)"
        self.logger = logger
    }

    var endpoint: InstanceEndpoint { record.endpoint }
    var lease: NetworkLease { record.lease }
    var process: ProcessIdentity? { record.process }
    var plan: RunPlan { record.plan }
    /// Paths of its volumes on the host.
    var volumes: [String] { record.volumes ?? [] }

    /// Makes and starts the container from its bundle. Throws `.cancelled` once `takeDown` was called.
    func bringUp() async throws(PlatformError) {
        let task = Task { [last] in
            await last?.value
            do throws(PlatformError) {
                try await self.performBringUp()
                return Result<Void, PlatformError>.success(())
            } catch {
                return .failure(error)
            }
        }
        last = Task { _ = await task.value }
        try await task.value.get()
    }

    /// From now on a crash is restarted.
    func markReady() throws(PlatformError) {
        guard !isStopping else { throw PlatformError(.cancelled, "the instance was stopped while it started") }
        record.isReady = true
        try record.save(to: runtime.paths.record(name))
    }

    /// What somebody else has taken away of what the container needs, for people; `nil` for nothing.
    func damage() -> String? {
        if let damage = network.damage(of: record.lease, process: record.process) { return damage }
        if !HostFiles.exists(runtime.paths.bundle(name) + "/config.json") { return "its bundle is gone" }
        return record.missingMount.map { "the mount of \($0) is gone" }
    }

    /// How the process ended; `nil` while it runs.
    func exit() -> ContainerExit? {
        runtime.exit(of: name, process: record.process, limits: record.limits)
    }

    /// Restarts the instance if it crashed, with back-off, until it runs, is taken down, or the caller is cancelled.
    func restartIfEnded() async {
        guard record.isReady, !isRestarting else { return }
        isRestarting = true
        defer { isRestarting = false }
        while !isStopping, let exit = exit() {
            let delay = backoff.delay(after: ContinuousClock.now - startedAt)
            let reason = verdict ?? exit.description
            verdict = nil
            logger.warning("instance ended", metadata: ["reason": "\(reason)", "restart_in": "\(delay)"])
            log.append("berth: the app \(reason); restarting in \(delay)", at: Date())
            guard (try? await Task.sleep(for: delay)) != nil, !isStopping else { return }
            do throws(PlatformError) {
                try await bringUp()
                restarted(InstanceRestart(instance: record.id, channel: record.channel, reason: reason))
            } catch {
                guard error.code != .cancelled else { return }
                logger.error("instance not restarted", metadata: ["error": "\(error)"])
                // Nothing runs, so that the loop comes round to the next, longer wait.
            }
        }
    }

    /// Names in the log, and tells, which limits the instance has reached while it runs on. One that starts processes and does
    /// nothing else is killed, and so restarted; from the first look that suspects it its neighbours have the processors.
    func lookAtLimits() async {
        guard !isLooking, !isStopping, !isRestarting, let process = record.process, exit() == nil else { return }
        isLooking = true
        defer { isLooking = false }
        let seen = HeldFile(log.path)
        let counters = LimitCounters(of: runtime.group(of: name), in: runtime.groups, log: log)
        let (now, pace) = (ContinuousClock.now, isHeld == true ? heldPace : 1)
        if limitWatch.isFast(counters, pace: pace, now: now) { hold(true) }
        // What has ended the process itself is told when it is restarted.
        try? await Task.sleep(for: Self.endPatience)
        guard !isStopping, record.process == process, exit() == nil else { return }
        watchedLog = seen
        let hits = limitWatch.look(counters, pace: pace, now: now)
        // Also what is to be killed: a process takes processor time to end.
        if !limitWatch.isSuspect { hold(false) }
        for hit in hits {
            let reason = reason(hit)
            if hit == .forkBomb, record.isReady {
                verdict = "was killed: it \(reason)"
                process.signal(SIGKILL)
                return
            }
            if hit == .forkBomb {
                // Left to what waits for it to be ready.
                guard !isBombTold else { continue }
                isBombTold = true
            }
            logger.warning("instance reached a limit", metadata: ["reason": "\(reason)"])
            log.note("berth: at \(Timestamp.string(from: Date())) the app \(reason)")
            limited(InstanceLimitHit(instance: record.id, channel: record.channel, reason: reason))
        }
    }

    /// What it may have of the processors, in thousandths of one.
    private var milliCPU: Int { runtime.tree.fit(record.limits, of: name).milliCPU }

    /// What it has of that while it is held.
    private var heldPace: Double { min(1, Double(Self.heldMilliCPU) / Double(max(1, milliCPU))) }

    private func hold(_ isHeld: Bool) {
        guard isHeld != self.isHeld else { return }
        let share = isHeld ? min(Self.heldMilliCPU, milliCPU) : milliCPU
        // What the kernel refused is tried again at the next look.
        if runtime.groups.set(.init(milliCPU: share), of: runtime.group(of: name)) { self.isHeld = isHeld }
    }

    /// To follow "the app".
    private func reason(_ hit: LimitWatch.Hit) -> String {
        switch hit {
        case .refusals(let count): return "was refused processes at its limit of \(record.limits.processes): \(count)"
        case .forkBomb: return "kept starting processes at its limit of \(record.limits.processes)"
        case .kills:
            let kill = runtime.groups.outOfMemoryKill(runtime.group(of: name)) ?? .ownLimit
            return "lost a process: \(ContainerExit.reason(kill, limit: record.limits.memory))"
        case .flood:
            return "writes more than its log keeps: there are the last \(logSizeLimit >> 20) MiB of it at most"
        }
    }

    /// The plan's stop signal, `grace` seconds, SIGKILL; then removes container, group, bundle and network, and all but the
    /// end of the log.
    /// - Parameter reason: for the log's last line; `nil` for none.
    func takeDown(grace: Int?, because reason: String? = nil) async {
        isStopping = true
        let seconds = grace ?? record.plan.graceSeconds
        let task = Task { [last] in
            await last?.value
            await self.performTakeDown(grace: .seconds(seconds), because: reason)
        }
        last = task
        await task.value
    }

    private func performBringUp() async throws(PlatformError) {
        guard !isStopping else { throw PlatformError(.cancelled, "the instance was stopped while it started") }
        // What ran before, if this is not the first time.
        if record.process != nil { await runtime.delete(name) }
        // conmon adds to what is there, and counts from nothing what it may write.
        log.shorten()
        let clock = ContinuousClock()
        let begun = clock.now
        let process = try await runtime.create(name, log: log.path, logSizeLimit: logSizeLimit)
        record.process = process
        let created = clock.now
        record.mounts = record.process.flatMap { MountTable.points(of: $0) }
        do throws(PlatformError) {
            // Before it starts: a server that dies now finds the process again.
            try record.save(to: runtime.paths.record(name))
            try await runtime.start(name, process: process)
        } catch {
            // It waits to begin, and would look as if it ran.
            await runtime.delete(name)
            throw error
        }
        startedAt = clock.now
        watchedLog = HeldFile(log.path)
        limitWatch.begin(logEnd: log.end)
        (isBombTold, isHeld) = (false, false)
        runtime.limitMonitor(of: name)
        logger.debug(
            "container started",
            metadata: [
                "create_ms": "\((created - begun).milliseconds)", "start_ms": "\((startedAt - created).milliseconds)",
            ])
    }

    private func performTakeDown(grace: Duration, because reason: String?) async {
        let clock = ContinuousClock()
        let begun = clock.now
        if let process = record.process {
            hold(false)
            process.signal((record.plan.stopSignal ?? .terminate).number)
            if await !process.ends(within: grace) {
                process.signal(SIGKILL)
                _ = await process.ends(within: .seconds(10))
            }
        }
        let ended = clock.now
        await runtime.delete(name)
        runtime.tree.leave(name, owner: record.owner)
        let deleted = clock.now
        await network.release(record.lease)
        HostFiles.remove(runtime.paths.bundle(name))
        if let reason { log.append("berth: \(reason)", at: Date()) }
        log.shorten()
        logger.debug(
            "container removed",
            metadata: [
                "end_ms": "\((ended - begun).milliseconds)", "delete_ms": "\((deleted - ended).milliseconds)",
                "network_ms": "\((clock.now - deleted).milliseconds)",
            ])
    }
}

extension RunPlan.StopSignal {
    var number: Int32 {
        switch self {
        case .terminate: SIGTERM
        case .interrupt: SIGINT
        case .quit: SIGQUIT
        case .hangUp: SIGHUP
        case .user1: SIGUSR1
        case .user2: SIGUSR2
        case .windowChange: SIGWINCH
        }
    }
}

extension Duration {
    /// Whole milliseconds.
    var milliseconds: Int {
        Int(components.seconds) * 1000 + Int(components.attoseconds / 1_000_000_000_000_000)
    }
}
