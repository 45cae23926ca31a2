import Core
import Foundation
import Glibc
import Logging
import Subprocess
import Synchronization
import SystemPackage

extension ContainerRunner: ContainerTaskRunner {
    /// How often a running task is looked at for its limits.
    private static let watchInterval = Duration.milliseconds(20)
    /// Every so many looks also at its processes.
    private static let thoroughness = 5
    /// A program that is refused a process gives up or waits; one that goes on is a fork bomb.
    private static let refusalLimit = 1000
    /// Both streams become one before runc copies them, so that their order is kept, and what the command leaves running is
    /// told of. The script is constant. Itself and tini are always there; a process without a command line has ended.
    private static let joinedStreams = [
        "/bin/sh", "-c",
        """
        exec 2>&1
        "$@"
        status=$?
        left=-2
        for process in /proc/[0-9]*; do
            command=
            { IFS= read -r command <"$process/cmdline"; } 2>/dev/null
            if [ -n "$command" ]; then left=$((left + 1)); fi
        done
        if [ "$left" -gt 0 ]; then echo "berth: processes still running at the end: $left; they are ended"; fi
        exit "$status"
        """, "sh",
    ]

    public func run(
        _ task: ContainerTask, output: @escaping @Sendable ([UInt8]) -> Void
    ) async throws(PlatformError) -> ContainerTaskExit {
        try Self.check(task)
        let ending = TaskEnding()
        // The work is a task of its own: it ends in order and cleans up, whatever becomes of the caller.
        let work = Task { () async -> Result<ContainerTaskExit, PlatformError> in
            do throws(PlatformError) {
                return .success(try await self.perform(task, ending: ending, output: output))
            } catch {
                return .failure(error)
            }
        }
        return try await withTaskCancellationHandler {
            await work.value
        } onCancel: {
            ending.set(.cancelled)
        }.get()
    }

    private static func check(_ task: ContainerTask) throws(PlatformError) {
        let isPlain = task.id.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5a).contains($0) || (0x61...0x7a).contains($0)
                || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
        }
        guard (1...100).contains(task.id.utf8.count), isPlain else {
            throw .invalid("a task's id must be 1 to 100 letters, digits, hyphens and underscores")
        }
        guard !task.arguments.isEmpty else { throw .invalid("a task needs a command") }
    }

    private func perform(
        _ task: ContainerTask, ending: TaskEnding, output: @escaping @Sendable ([UInt8]) -> Void
    ) async throws(PlatformError) -> ContainerTaskExit {
        let name = "t-\(task.id)"
        guard !HostFiles.exists(runtime.paths.bundle(name)), tasks.withLock({ $0.insert(name).inserted }) else {
            throw PlatformError(.conflict, "a task of this name runs already")
        }
        defer { tasks.withLock { _ = $0.remove(name) } }
        let lease = task.hasNetwork ? try await network.lease(for: .build) : nil
        defer {
            // Nobody waits for the network to be gone; a restart finds what a crash leaves of it.
            Task { [network] in
                if let lease { await network.release(lease) }
                await network.replenish()
            }
        }
        let exit: ContainerTaskExit
        do throws(PlatformError) {
            try runtime.writeBundle(
                ContainerRuntime.Description(
                    name: name, lease: lease, hostname: "build", app: task.directory, isAppWritable: true,
                    cache: task.cache, volumes: task.volumes, account: task.account,
                    arguments: Self.joinedStreams + task.arguments,
                    environment: task.environment, workingDirectory: task.workingDirectory, limits: task.limits,
                    owner: task.owner, fileSize: task.disk?.bytes, rootfs: task.rootfs))
            exit = try await execute(task, name: name, ending: ending, output: output)
        } catch {
            await remove(name, of: task)
            throw error
        }
        await remove(name, of: task)
        return exit
    }

    private func remove(_ name: String, of task: ContainerTask) async {
        await runtime.delete(name)
        runtime.tree.leave(name, owner: task.owner)
        HostFiles.remove(runtime.paths.bundle(name))
    }

    private func execute(
        _ task: ContainerTask, name: String, ending: TaskEnding, output: @escaping @Sendable ([UInt8]) -> Void
    ) async throws(PlatformError) -> ContainerTaskExit {
        let bundle = runtime.paths.bundle(name)
        let log = bundle + "/runc.log"
        let watch = watchDisk(of: task, name: name, ending: ending)
        defer { endWatch(watch, name: name) }
        let status: TerminationStatus
        do {
            let result = try await Subprocess.run(
                .path(FilePath(runtime.programs.runc)),
                arguments: Arguments([
                    "--root", runtime.paths.state, "--log", log, "run", "--keep", "--bundle", bundle,
                    "--pid-file", runtime.paths.pidFile(name), name,
                ]),
                environment: HostCommands.subprocessEnvironment([:]), platformOptions: HostCommands.options,
                input: .none, output: .sequence, error: .discarded
            ) { execution in
                // It leads a group, and is not collected before this has ended.
                let runc = execution.processIdentifier.value
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { await self.enforceLimits(of: task, name: name, runc: runc, ending: ending) }
                    var meter = OutputMeter(limit: task.outputLimit)
                    for try await chunk in execution.standardOutput where !meter.isOver {
                        let bytes = chunk.withUnsafeBytes { Array($0.prefix(meter.take($0))) }
                        output(bytes)
                        // The rest is read and dropped until the container is gone.
                        if meter.isOver { ending.set(.tooMuchOutput) }
                        // Meanwhile the pipe fills, and who writes waits.
                        if meter.pause > .zero { try? await Task.sleep(for: meter.pause) }
                    }
                    group.cancelAll()
                }
            }
            status = result.terminationStatus
        } catch {
            throw .internal("a container could not be started", cause: error)
        }
        let exit = try conclude(task, name: name, status: status, ending: ending, runcLog: log)
        let refused = runtime.groups.refusedProcesses(runtime.group(of: name))
        if refused > 0, exit != .exited(0) {
            output(Array("berth: processes refused at the limit of \(task.limits.processes): \(refused)\n".utf8))
        }
        return exit
    }

    private func conclude(
        _ task: ContainerTask, name: String, status: TerminationStatus, ending: TaskEnding, runcLog: String
    ) throws(PlatformError) -> ContainerTaskExit {
        switch ending.reason {
        case .timedOut: return .timedOut
        case .tooMuchOutput: return .tooMuchOutput
        case .tooManyProcesses: return .tooManyProcesses
        case .tooMuchDisk: return .tooMuchDisk
        case .tooManyFiles: return .tooManyFiles
        case .tooDeep: return .tooDeep
        case .tooMuchInVolumes: return .tooMuchInVolumes
        case .diskReserve: return .diskReserve
        case .cancelled: throw PlatformError(.cancelled, "the task was cancelled")
        case nil: break
        }
        guard HostFiles.exists(runtime.paths.pidFile(name)), case .exited(let code) = status else {
            throw PlatformError(
                .internal, "a container could not be started",
                cause: "runc \(status): \(HostFiles.text(runcLog)?.prefix(2000) ?? "")")
        }
        if code != 0, let kill = runtime.groups.outOfMemoryKill(runtime.group(of: name)) {
            return kill == .ownLimit ? .outOfMemory : .outOfSharedMemory
        }
        if let signal = ContainerExit.signal(code) {
            // One file over the limit of all together.
            return signal == SIGXFSZ && task.disk != nil ? .tooMuchDisk : .killed(signal: signal)
        }
        return .exited(code)
    }

    /// Waits for a limit or another reason to end the task, then kills its first process, and so all of them: they share
    /// a PID namespace (pid_namespaces(7)). A runc that does not end with it gets the time of any program of the host.
    private func enforceLimits(of task: ContainerTask, name: String, runc: pid_t, ending: TaskEnding) async {
        let deadline = ContinuousClock.now + .seconds(task.timeLimit)
        var lastMoment: ContinuousClock.Instant?
        let group = runtime.group(of: name)
        var round = 0
        while (try? await Task.sleep(for: Self.watchInterval)) != nil {
            round += 1
            if ContinuousClock.now >= deadline { ending.set(.timedOut) }
            if round % Self.thoroughness == 0, runtime.groups.refusedProcesses(group) > Self.refusalLimit {
                ending.set(.tooManyProcesses)
            }
            guard ending.reason != nil else { continue }
            ProcessIdentity(pidFile: runtime.paths.pidFile(name))?.signal(SIGKILL)
            let now = ContinuousClock.now
            lastMoment = lastMoment ?? now + configuration.programLimit
            if let lastMoment, now >= lastMoment { kill(-runc, SIGKILL) }
        }
    }
}
