import Core
import Foundation
import Glibc
import Synchronization

/// Runs the steps of a build in containers, one after another.
struct StepRunner: Sendable {
    /// What every step finds, below its template's and the app's own variables. `/tmp` is in memory and goes with the
    /// step, so caches that tools keep in the home folder do not end up in the release.
    static let baseEnvironment = ["PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8"]

    let runner: any ContainerTaskRunner
    let configuration: BuilderConfiguration
    let request: BuildRequest
    /// Absolute path on the host of what the steps see at `/app`.
    let directory: String
    let log: any DeployLogSink
    /// Absolute path on the host of a folder that is made for what must not see the app's files.
    let elsewhere: String
    /// Absolute path on the host of what the steps see at `ContainerTask.cachePath`; `nil` for nothing.
    var cache: String?
    /// Key of the file system that the steps have in place of the host's; `nil` for the host's.
    var rootfs: String?
    /// When the build as a whole must have ended.
    let deadline: ContinuousClock.Instant
    /// What the release command sees of the channel's volumes. A build has none: it may be thrown away.
    var volumes: [VolumeMount] = []

    /// Throws `.buildFailed` with one line when the step did not exit with 0.
    func run(_ step: BuildStep) async throws(PlatformError) {
        if let note = step.note { log.write(note) }
        log.write("running \(step.name)\(step.isOffline == true ? " without network" : "")...")
        let task = task(step, in: directory, variables: request.environment, outputLimit: configuration.outputLimit)
        let clock = ContinuousClock()
        let start = clock.now
        let exit = try await output(of: task)
        let seconds = Self.seconds(clock.now - start)
        try Self.checkCancellation()
        guard let failure = failure(exit, of: step, task: task) else {
            log.write("\(step.name) finished (\(seconds))")
            return
        }
        log.write("\(failure) (after \(seconds))")
        throw PlatformError(.buildFailed, failure)
    }

    /// What a program prints when it is asked for its version; `nil` when it does not answer. It runs where the steps
    /// do, without the app's variables and files: some programs let a file of the folder that they are in answer for them.
    func versionOutput(of program: String) async throws(PlatformError) -> String? {
        let output = Mutex<[UInt8]>([])
        let step = BuildStep(
            name: "version", arguments: [program, "--version"], environment: [:], requires: [], timeLimit: 30)
        guard mkdir(elsewhere, 0o755) == 0 || errno == EEXIST else {
            throw FileError("make folder", elsewhere).platformError("a folder for a build could not be made")
        }
        defer { rmdir(elsewhere) }
        let task = task(step, in: elsewhere, variables: [:], outputLimit: 64 * 1024)
        let exit = try await runner.run(task) { bytes in output.withLock { $0 += bytes } }
        try Self.checkCancellation()
        return exit == .exited(0) ? String(decoding: output.withLock { $0 }, as: UTF8.self) : nil
    }

    static func checkCancellation() throws(PlatformError) {
        guard !Task.isCancelled else { throw PlatformError(.cancelled, "the build was cancelled") }
    }

    private func task(
        _ step: BuildStep, in directory: String, variables: [String: String], outputLimit: Int
    ) -> ContainerTask {
        // A retry of a deploy may have the same release: the name must still be new.
        let unique = UUID().uuidString.prefix(8).lowercased()
        return ContainerTask(
            id: ContainerTask.id(for: request.deploy, unique: unique), channel: request.channel.id,
            directory: directory, arguments: step.arguments,
            environment: Self.baseEnvironment.merging(step.environment) { $1 }.merging(variables) { $1 },
            account: request.channel.account, limits: configuration.limits,
            timeLimit: max(1, min(step.timeLimit, configuration.stepTimeLimit, timeLeft)), outputLimit: outputLimit,
            workingDirectory: step.directory ?? "", owner: request.app.ownerID,
            disk: DiskLimit(bytes: configuration.maximumBytes, entries: configuration.maximumEntries),
            cache: cache, hasNetwork: step.isOffline != true, rootfs: rootfs,
            volumes: step.name == PlanResolver.releaseStep ? volumes : [],
            volumeLimit: volumeLimit)
    }

    /// Of a channel that has more already a tenth more than that: its release line may be what removes some of it.
    private var volumeLimit: DiskLimit {
        let (limit, used) = (configuration.maximumVolumeBytes, request.volumeBytes)
        // More files than are counted say nothing about bytes.
        guard used < .max else { return DiskLimit(bytes: limit, entries: .max) }
        return DiskLimit(bytes: used > limit ? used + used / 10 : limit, entries: FolderVolumes.usualEntries)
    }

    /// Whole seconds.
    private var timeLeft: Int { max(0, Int((deadline - ContinuousClock.now).components.seconds)) }

    /// Writes the task's lines to the log as they come.
    private func output(of task: ContainerTask) async throws(PlatformError) -> ContainerTaskExit {
        let lines = OutputLines(log: log)
        let result: Result<ContainerTaskExit, PlatformError>
        do throws(PlatformError) {
            result = .success(try await runner.run(task) { lines.append($0) })
        } catch {
            result = .failure(error)
        }
        // A program that was ended may have been in the middle of a line.
        let isCut = if case .success(.exited(_)) = result { false } else { true }
        lines.end(isCut: isCut)
        return try result.get()
    }

    private func failure(_ exit: ContainerTaskExit, of step: BuildStep, task: ContainerTask) -> String? {
        switch exit {
        case .exited(0): nil
        case .exited(let code): "\(step.name) exited \(code)"
        case .killed(let signal): "\(step.name) was killed by signal \(signal)"
        case .outOfMemory:
            "\(step.name) ran out of memory; a build may use \(ByteCount.text(task.limits.memory))"
        case .outOfSharedMemory:
            "\(step.name) ran out of memory: your builds that ran at once used all that they may together; deploy it again alone"
        case .timedOut where task.timeLimit < min(step.timeLimit, configuration.stepTimeLimit):
            "the build did not finish within \(configuration.timeLimit) s; \(step.name) was still running"
        case .timedOut: "\(step.name) did not finish within \(task.timeLimit) s"
        case .tooMuchOutput: "\(step.name) wrote more than \(ByteCount.text(task.outputLimit)) of output"
        case .tooManyProcesses:
            "\(step.name) kept starting processes at the limit of \(task.limits.processes); a build may have so many at once"
        case .tooMuchDisk:
            "\(step.name) wrote more than \(ByteCount.text(configuration.maximumBytes)) to disk; a release may have that much"
        case .tooManyFiles:
            "\(step.name) made more than \(configuration.maximumEntries) files; a release may have that many"
        case .tooDeep:
            "\(step.name) made folders nested more than \(ContainerTask.folderDepth) deep; a release may have them \(ReleaseTree.Limits.depth) deep"
        case .tooMuchInVolumes:
            "\(step.name) was ended: the volumes of this channel have more than \(ByteCount.text(configuration.maximumVolumeBytes)), or more files or deeper folders than are counted; let the app remove some of it, or ask the operator for more (--volume-size)"
        case .diskReserve:
            "\(step.name) was ended: this server's disk is nearly full; its operator can make room"
        }
    }

    /// `1.2 s`.
    static func seconds(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let tenths = Int(seconds) * 10 + Int(attoseconds / 100_000_000_000_000_000)
        return "\(tenths / 10).\(tenths % 10) s"
    }
}

/// Turns a task's output into lines of the log.
private final class OutputLines: Sendable {
    private let log: any DeployLogSink
    private let splitter = Mutex(LineSplitter())

    init(log: any DeployLogSink) { self.log = log }

    func append(_ bytes: [UInt8]) {
        let lines = splitter.withLock { $0.append(bytes) }
        if !lines.isEmpty { log.write(contentsOf: lines) }
    }

    func end(isCut: Bool) {
        log.write(contentsOf: splitter.withLock { $0.end(isCut: isCut) })
    }
}
