import Core
import Foundation
import Glibc
import Logging

/// Makes, starts and removes containers with runc, under conmon where they outlive the server.
struct ContainerRuntime: Sendable {
    let programs: ProgramPaths
    let paths: RuntimePaths
    let groups: ControlGroups
    let tree: GroupTree
    let commands: HostCommands
    let logger: Logger
    private let root: RootFilesystem
    private let seccomp: OCISpecification.Seccomp
    private let nameServers: [String]
    private let openFiles: UInt64
    private let rootfsDirectory: String

    init(configuration: RunnerConfiguration, logger: Logger) throws(PlatformError) {
        try configuration.validate()
        programs = configuration.programs
        try programs.check()
        paths = RuntimePaths(directory: configuration.runtimeDirectory, node: configuration.node)
        groups = ControlGroups()
        tree = GroupTree(
            groups: groups, paths: paths, builds: configuration.buildShare, instances: configuration.instanceShare,
            buildPriority: configuration.buildPriority)
        commands = HostCommands(logger: logger, limit: configuration.programLimit)
        self.logger = logger
        root = RootFilesystem(skeleton: paths.skeleton)
        rootfsDirectory = configuration.rootfsDirectory
        nameServers = configuration.nameServers
        let profile = try SeccompProfile(FileManager.default.contents(atPath: programs.seccompProfile) ?? Data())
        seccomp = profile.resolved(machine: Self.machine())
        var limit = rlimit()
        openFiles = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 ? UInt64(limit.rlim_max) : 1024
        try HostFiles.makeDirectory(paths.directory)
        // Another mode than ours may be there from an operator's `mkdir`; bundles hold environment values.
        guard chmod(paths.directory, 0o700) == 0 else { throw HostFiles.failure("chmod", paths.directory) }
        for folder in [paths.containers, paths.state, paths.exits, paths.sockets] {
            try HostFiles.makeDirectory(folder)
        }
        try root.prepare()
        tree.prepare()
    }

    /// What differs between containers.
    struct Description: Sendable {
        var name: String
        /// `nil` for no network but loopback.
        var lease: NetworkLease?
        var hostname: String
        var app: String
        var isAppWritable: Bool
        /// Host path of what is writable at `ContainerTask.cachePath`; `nil` for nothing.
        var cache: String?
        var volumes: [VolumeMount] = []
        var account: UInt32
        var arguments: [String]
        var environment: [String: String]
        /// Below `/app`.
        var workingDirectory: String
        var limits: ContainerLimits
        /// Whose share of the machine it takes from.
        var owner: ID<User>?
        /// Bytes that one file may have; `nil` for any number.
        var fileSize: Int?
        /// Key of the file system that it has in place of the host's.
        var rootfs: String?
    }

    /// Writes the bundle of a container.
    func writeBundle(_ description: Description) throws(PlatformError) {
        let directory = paths.bundle(description.name)
        var packages: String?
        if let key = description.rootfs { packages = try folder(ofPackages: key) }
        let shared = packages == nil ? RootFilesystem.presentConfiguration() : []
        // Somebody may have taken a part away: a mount needs its place.
        if packages == nil { try root.prepare() }
        try HostFiles.makeDirectory(directory)
        let group = tree.enter(description.name, owner: description.owner)
        try HostFiles.write(group, to: paths.groupFile(description.name))
        try root.writeConfiguration(
            to: directory + "/etc", account: description.account, hostname: description.hostname,
            address: description.lease?.address, nameServers: nameServers, shared: shared)
        let bundle = OCIBundle(
            directory: directory, skeleton: packages ?? paths.skeleton,
            initProgram: packages == nil ? nil : programs.tini, sharedConfiguration: shared, groups: groups,
            groupPath: group, seccomp: seccomp, hostname: description.hostname,
            network: description.lease?.path, app: description.app, isAppWritable: description.isAppWritable,
            cache: description.cache, volumes: description.volumes, account: description.account,
            arguments: [packages == nil ? programs.tini : RootfsFolder.initProgram, "-g", "--"] + description.arguments,
            environment: description.environment,
            workingDirectory: description.workingDirectory, limits: tree.fit(description.limits, of: description.name),
            openFiles: openFiles,
            fileSize: description.fileSize, oomScoreAdjustment: ContainerKind(name: description.name).oomScoreAdjustment
        )
        try HostFiles.write(bundle.encoded(), to: directory + "/config.json")
    }

    /// Path of a file system of packages. Throws `.buildFailed` when it is not there: releases outlive what an operator
    /// removes.
    private func folder(ofPackages key: String) throws(PlatformError) -> String {
        let path = RootfsStore.path(key, in: rootfsDirectory)
        guard !key.isEmpty, key.utf8.allSatisfy({ 0x30...0x39 ~= $0 || 0x61...0x66 ~= $0 }), HostFiles.exists(path)
        else {
            throw PlatformError(
                .buildFailed,
                "the packages that this release was built with are not installed any more: change a file of "
                    + "the app and deploy it again")
        }
        return path
    }

    /// Makes the container under a conmon of its own and returns its first process, which waits for `start`.
    func create(_ name: String, log: String, logSizeLimit: Int) async throws(PlatformError) -> ProcessIdentity {
        let bundle = paths.bundle(name)
        HostFiles.remove(paths.exit(name))
        HostFiles.remove(paths.pidFile(name))
        let conmon = [
            programs.conmon, "--cid", name, "--cuuid", name, "--name", name, "--runtime", programs.runc,
            "--runtime-arg", "--root", "--runtime-arg", paths.state, "--bundle", bundle,
            "--container-pidfile", paths.pidFile(name), "--conmon-pidfile", paths.conmonPIDFile(name),
            "--log-path", "k8s-file:\(log)", "--log-size-max", String(logSizeLimit),
            "--exit-dir", paths.exits, "--socket-dir-path", paths.sockets, "--no-sync-log",
        ]
        // conmon tells on a descriptor that it is given how the creation went, after the process that was started here
        // has ended: into a file, then. The shell opens it; its script is constant.
        let answerFile = bundle + "/created"
        HostFiles.remove(answerFile)
        // In the bundle's folder: conmon marks there that memory ran out.
        try await commands.succeed(
            programs.shell, ["-c", "exec \"$@\" 3>\"$0\"", answerFile] + conmon, environment: ["_OCI_SYNCPIPE": "3"],
            folder: bundle, name: "conmon")
        let answer = try await firstLine(of: answerFile)
        guard let report = try? JSONDecoder().decode(CreationReport.self, from: Data(answer.utf8)), report.pid > 0,
            let process = ProcessIdentity(pid: report.pid)
        else {
            throw PlatformError(
                .internal, "a container could not be made", cause: "conmon: \(answer.prefix(2000))")
        }
        return process
    }

    /// Path of the container's control group, below the groups' root.
    func group(of name: String) -> String {
        HostFiles.text(paths.groupFile(name)) ?? "\(paths.group)/\(name)"
    }

    /// Lets a made container's process begin.
    func start(_ name: String, process: ProcessIdentity) async throws(PlatformError) {
        if await StartGate(path: "\(paths.state)/\(name)/exec.fifo").open(process) { return }
        try await commands.succeed(programs.runc, ["--root", paths.state, "start", name])
    }

    /// Keeps what watches a container within its limits. Only now that it runs: what makes it is not to be slow.
    func limitMonitor(of name: String) {
        if let conmon = ProcessIdentity(pidFile: paths.conmonPIDFile(name)) {
            tree.enter(monitor: conmon.pid, of: name)
        }
    }

    /// Kills what is left of a container and removes it and its group. Its bundle and network stay.
    func delete(_ name: String) async {
        if HostFiles.exists("\(paths.state)/\(name)") {
            let result = try? await commands.run(programs.runc, ["--root", paths.state, "delete", "--force", name])
            if result?.status != 0 {
                logger.warning(
                    "container not deleted cleanly",
                    metadata: ["container": "\(name)", "error": "\(result?.errors.prefix(500) ?? "")"])
            }
        }
        await groups.remove(group(of: name))
        // It writes the exit status before it ends, and nothing after.
        if let conmon = ProcessIdentity(pidFile: paths.conmonPIDFile(name)), await !conmon.ends(within: .seconds(2)) {
            conmon.signal(SIGKILL)
            _ = await conmon.ends(within: .seconds(2))
        }
        if ContainerKind(name: name) == .instance { groups.removeEmpty(paths.monitor(name)) }
        HostFiles.remove("\(paths.state)/\(name)")
        HostFiles.remove("\(paths.sockets)/\(name)")
        HostFiles.remove(paths.exit(name))
    }

    /// How the container's process ended; `nil` while it runs, and while its conmon has yet to tell. Only before `delete`.
    func exit(of name: String, process: ProcessIdentity?, limits: ContainerLimits) -> ContainerExit? {
        if !HostFiles.exists(paths.exit(name)), let process, process.isAlive || isWatched(name) { return nil }
        // Read last: a conmon that was alive a moment ago may have written it since.
        let status = HostFiles.text(paths.exit(name)).flatMap { Int32($0.filter { $0.isNumber }) }
        guard status != 0, let kill = groups.outOfMemoryKill(group(of: name)) else {
            return ContainerExit(status: status)
        }
        return ContainerExit(status: status, outOfMemory: kill, memoryLimit: limits.memory)
    }

    /// The container has begun as that process, and a conmon takes its output and its exit status.
    func runs(_ name: String, as process: ProcessIdentity?) -> Bool {
        // runc keeps the pipe there until the container is started.
        process?.isAlive == true && isWatched(name) && !HostFiles.exists("\(paths.state)/\(name)/exec.fifo")
    }

    /// The conmon of a container keeps watching it.
    func isWatched(_ name: String) -> Bool {
        ProcessIdentity(pidFile: paths.conmonPIDFile(name))?.isAlive ?? false
    }

    private struct CreationReport: Decodable {
        let pid: Int32
    }

    private func firstLine(of path: String) async throws(PlatformError) -> String {
        let deadline = ContinuousClock.now + commands.limit
        while ContinuousClock.now < deadline {
            if let text = HostFiles.text(path), text.hasSuffix("\n") { return text }
            try? await Task.sleep(for: .milliseconds(1))
        }
        throw PlatformError(.timeout, "runc did not make a container within \(commands.limit.components.seconds) s")
    }

    private static func machine() -> String {
        var name = utsname()
        guard uname(&name) == 0 else { return "" }
        return withUnsafeBytes(of: &name.machine) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}
