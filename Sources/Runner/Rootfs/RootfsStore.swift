import Blocking
import Core
import Foundation
import Glibc
import Logging
import ServiceLifecycle
import Subprocess
import SystemPackage

/// Keeps file systems that were made of packages, below one folder: `<directory>/<key>`, each complete. They are made by
/// mmdebstrap(1), once, from where the host's own packages come from.
public actor RootfsStore: RootfsProvider, Service {
    /// The program that makes them. Only needed where a template names packages.
    public static let program = "/usr/bin/mmdebstrap"

    /// Seconds that making one may take.
    private static let timeLimit = 1200
    private static let outputLimit = 4 << 20
    /// Lines of the program's output that a deploy's log gets when it failed.
    private static let lastLines = 12
    private static let lookInterval = Duration.milliseconds(50)

    let directory: String
    let logger: Logger
    private let program: String
    /// That of what is being made; `nil` for none.
    private let group: ProgramGroup?
    private let pool = BlockingPool(label: "rootfs", width: 1)
    /// Those that are being made.
    private var running: [String: Task<Void, Never>] = [:]
    private var isClosed = false
    /// Why the last attempt failed, for those who waited for it.
    private var failures: [String: Failure] = [:]

    private struct Failure: Error {
        let error: PlatformError
        /// What the program said last.
        var output: [String] = []
    }

    /// Ends what an earlier server was making and removes what it had begun. Blocks.
    /// - Parameters:
    ///   - directory: absolute path; made when it is needed.
    ///   - node: the server's name on the machine, as the runner's; `nil` for one that leaves nothing to a later server.
    ///   - program: absolute path of mmdebstrap(1).
    public init(directory: String, node: String?, program: String = RootfsStore.program, logger: Logger) {
        self.directory = directory
        self.program = program
        self.logger = logger
        group = node.map { ProgramGroup(path: RuntimePaths(directory: "", node: $0).packages) }
        group?.empty()
        for name in HostFiles.names(in: directory) where name.hasPrefix(Self.unfinished) {
            HostFiles.remove("\(directory)/\(name)")
        }
    }

    private static let unfinished = ".new-"

    /// Where a file system of this key is, or would be.
    nonisolated static func path(_ key: String, in directory: String) -> String { "\(directory)/\(key)" }

    public func prepare(_ rootfs: Rootfs, log: any DeployLogSink) async throws(PlatformError) -> String {
        guard Rootfs.isKey(rootfs.key) else {
            throw PlatformError(.internal, "a file system of packages has no proper key")
        }
        let path = Self.path(rootfs.key, in: directory)
        if HostFiles.exists(path) { return path }
        guard !isClosed else { throw PlatformError(.unavailable, "this server is shutting down") }
        if running[rootfs.key] != nil {
            log.write("waiting for the packages that another deploy installs...")
        } else {
            log.write("installing packages, once: \(rootfs.packages.joined(separator: " "))...")
            failures[rootfs.key] = nil
            // Whatever becomes of this deploy: others may wait for it, and the next one needs it.
            running[rootfs.key] = Task { await self.make(rootfs, path: path) }
        }
        let clock = ContinuousClock()
        let begun = clock.now
        while running[rootfs.key] != nil {
            guard (try? await Task.sleep(for: Self.lookInterval)) != nil else {
                throw PlatformError(.cancelled, "the deploy was cancelled while packages were installed")
            }
        }
        if let failure = failures[rootfs.key] {
            for line in failure.output { log.write("  \(line)") }
            throw failure.error
        }
        log.write("packages installed (\((clock.now - begun).milliseconds / 1000) s)")
        return path
    }

    func isBeingMade(_ key: String) -> Bool { running[key] != nil }

    /// Takes a file system away under the name of an unfinished one first, so that nobody finds half of it.
    func remove(_ key: String) async {
        let old = "\(directory)/\(Self.unfinished)\(UUID().uuidString.lowercased())"
        guard rename(Self.path(key, in: directory), old) == 0 else { return }
        await pool.run { () throws(Never) in HostFiles.remove(old) }
    }

    /// Waits for a graceful shutdown, then ends what is being made.
    public func run() async throws {
        try? await gracefulShutdown()
        await close()
    }

    /// Ends what is being made and removes it. Nothing is made afterwards.
    public func close() async {
        isClosed = true
        for task in running.values { task.cancel() }
        for task in Array(running.values) { await task.value }
        group?.removeEmpty()
    }

    private func make(_ rootfs: Rootfs, path: String) async {
        let new = "\(directory)/\(Self.unfinished)\(UUID().uuidString.lowercased())"
        do {
            guard HostFiles.exists(program) else {
                throw PlatformError(
                    .unavailable,
                    "this server has no mmdebstrap, which installs packages for templates; its operator can install it")
            }
            try HostFiles.makeDirectory(directory)
            try await install(rootfs, to: new)
            try await pool.run { [directory] () throws(PlatformError) in
                try RootfsFolder(path: new).complete()
                guard rename(new, path) == 0 else { throw HostFiles.failure("rename", new) }
                Self.sync(directory)
            }
            logger.info("packages installed", metadata: ["rootfs": "\(rootfs.key)"])
        } catch {
            logger.error("packages not installed", metadata: ["rootfs": "\(rootfs.key)", "error": "\(error)"])
            failures[rootfs.key] =
                error as? Failure
                ?? Failure(error: error as? PlatformError ?? .internal("packages could not be installed", cause: error))
        }
        await pool.run { () throws(Never) in
            for path in [new, new + ".d"] { HostFiles.remove(path) }
        }
        running[rootfs.key] = nil
    }

    private func install(_ rootfs: Rootfs, to new: String) async throws {
        let sources = try writeSources(rootfs.suite, to: new + ".d")
        let packages = rootfs.packages.joined(separator: ",")
        // In namespaces of its own: what it mounts and starts ends with it, whatever happens. And in a group, where the next
        // server finds it: it outlives one that is killed.
        let command =
            [
                "/usr/bin/unshare", "--mount", "--pid", "--fork", "--kill-child",
                "--mount-proc", "--propagation", "private", program, "--mode=root", "--variant=essential",
                "--format=directory", "--include=\(packages)",
                "--aptopt=APT::Install-Recommends \"false\"", "--dpkgopt=path-exclude=/usr/share/doc/*",
                "--dpkgopt=path-exclude=/usr/share/man/*", rootfs.suite, new,
            ] + sources
        let result = try await Self.run(group?.command(command) ?? command)
        guard let result, result.isFine else {
            let output = (result?.output ?? "").split(whereSeparator: \.isNewline)
            let reason = result == nil ? "within \(Self.timeLimit) s" : "by this server"
            throw Failure(
                error: PlatformError(
                    .buildFailed,
                    "the packages \(rootfs.packages.joined(separator: ", ")) could not be installed \(reason)"),
                output: output.suffix(Self.lastLines).map(String.init))
        }
    }

    /// Runs a program, and kills it when the task is cancelled. `nil` when it was killed because its time was over.
    private static func run(_ command: [String]) async throws -> (isFine: Bool, output: String)? {
        try await withThrowingTaskGroup(of: (isFine: Bool, output: String)?.self) { group in
            group.addTask {
                let result = try await Subprocess.run(
                    .path(FilePath(command[0])), arguments: Arguments(Array(command.dropFirst())),
                    environment: HostCommands.subprocessEnvironment([:]), workingDirectory: FilePath("/"),
                    input: .none, output: .string(limit: outputLimit), error: .string(limit: outputLimit))
                return (result.terminationStatus.isSuccess, result.standardOutput + result.standardError)
            }
            group.addTask {
                try await Task.sleep(for: .seconds(timeLimit))
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }

    /// Paths of files with the host's own sources of this suite.
    private func writeSources(_ suite: String, to folder: String) throws(PlatformError) -> [String] {
        var sources = DebianSources(suite: suite)
        let parts = "/etc/apt/sources.list.d"
        for path in ["/etc/apt/sources.list"] + HostFiles.names(in: parts).map({ "\(parts)/\($0)" }) {
            guard let text = HostFiles.text(path) else { continue }
            if path.hasSuffix(".list") { sources.addList(text) }
            if path.hasSuffix(".sources") { sources.addStanzas(text) }
        }
        try HostFiles.makeDirectory(folder)
        var written: [String] = []
        for (name, text) in [("suite.list", sources.list), ("suite.sources", sources.sources)] {
            guard let text else { continue }
            try HostFiles.write(text, to: "\(folder)/\(name)")
            written.append("\(folder)/\(name)")
        }
        guard !written.isEmpty else {
            throw PlatformError(
                .unavailable, "this server's apt has no source for \(suite); its operator can add one")
        }
        return written
    }

    private static func sync(_ directory: String) {
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        Glibc.close(descriptor)
    }
}
