/// What a container may use.
public struct ContainerLimits: Sendable, Hashable, Codable {
    /// Bytes, swap included.
    public var memory: Int
    /// Processors, in thousandths.
    public var milliCPU: Int
    public var processes: Int
    /// Size of `/tmp`, in memory, bytes.
    public var temporary: Int

    public init(memory: Int, milliCPU: Int, processes: Int, temporary: Int) {
        self.memory = memory
        self.milliCPU = milliCPU
        self.processes = processes
        self.temporary = temporary
    }
}

/// What an app asks for; `nil` leaves the server's usual limit.
public struct LimitRequest: Sendable, Hashable, Codable {
    /// Bytes.
    public var memory: Int?
    /// Processors, in thousandths.
    public var milliCPU: Int?
    public var processes: Int?

    public init(memory: Int? = nil, milliCPU: Int? = nil, processes: Int? = nil) {
        self.memory = memory
        self.milliCPU = milliCPU
        self.processes = processes
    }
}

extension LimitRequest {
    /// The first limit that is over `caps`, by its key (`limits.memory`), and what is wrong with it, to be read after the key;
    /// `nil` for none.
    public func excess(over caps: ContainerLimits) -> (key: String, problem: String)? {
        func excess(
            _ name: String, _ value: Int?, _ cap: Int, _ shown: (Int) -> String
        ) -> (key: String, problem: String)? {
            guard let value, value > cap else { return nil }
            return ("limits.\(name)", "is \(shown(value)); this server gives at most \(shown(cap))")
        }
        return excess("memory", memory, caps.memory) { "\($0 >> 20) MiB" }
            ?? excess("cpu", milliCPU, caps.milliCPU) { "\(Double($0) / 1000)" }
            ?? excess("processes", processes, caps.processes) { "\($0)" }
    }
}

extension ContainerLimits {
    /// These limits with what the app asks for in their place. Throws `.buildFailed` when that is over `caps`.
    public func replaced(by request: LimitRequest?, caps: ContainerLimits) throws(PlatformError) -> ContainerLimits {
        guard let request else { return self }
        if let excess = request.excess(over: caps) {
            throw PlatformError(.buildFailed, "\(excess.key) \(excess.problem)")
        }
        var limits = self
        limits.memory = request.memory ?? memory
        limits.milliCPU = request.milliCPU ?? milliCPU
        limits.processes = request.processes ?? processes
        return limits
    }
}

/// What a folder may take on disk.
public struct DiskLimit: Sendable, Hashable {
    public var bytes: Int
    /// Files and folders.
    public var entries: Int

    public init(bytes: Int, entries: Int) {
        self.bytes = bytes
        self.entries = entries
    }
}

/// A command that runs to its end in a container: a build step, `install.sh`.
public struct ContainerTask: Sendable {
    /// What a log adds to each line: `[2026-04-22T10:31:00Z] ` and the line's end.
    public static let logEntryBytes = 24
    /// Folders within one another whose files can be counted: a task that nests more ends.
    public static let folderDepth = 256

    /// Unique; part of the container's name.
    public let id: String
    public let channel: ID<Channel>
    /// Absolute path on the host of what the container sees at `/app`, writable.
    public let directory: String
    public let arguments: [String]
    public let environment: [String: String]
    /// User and group id inside and outside.
    public let account: UInt32
    public let limits: ContainerLimits
    /// Wall time, seconds.
    public let timeLimit: Int
    /// Bytes of output as a log keeps them, `logEntryBytes` more for each line; then the task is ended.
    public let outputLimit: Int
    /// Folder below `/app` that the command starts in; empty for `/app` itself.
    public let workingDirectory: String
    /// Whose share of the machine it takes from; `nil` for nobody's.
    public let owner: ID<User>?
    /// What `directory` and `cache` may come to together while the task runs; `nil` for anything.
    public let disk: DiskLimit?
    /// Further writable folders.
    public let volumes: [VolumeMount]
    /// What `volumes` may come to together while the task runs, with what was there before; `nil` for anything.
    public let volumeLimit: DiskLimit?
    /// Absolute path on the host of what the container sees at `cachePath`, writable; `nil` for nothing. Counts for `disk`.
    public let cache: String?
    /// Whether the container reaches anything but itself.
    public let hasNetwork: Bool

    /// Key of the file system (`Rootfs`) that the container has in place of the host's; `nil` for the host's.
    public let rootfs: String?

    /// Where containers of tasks have `cache`.
    public static let cachePath = "/cache"

    public init(
        id: String, channel: ID<Channel>, directory: String, arguments: [String], environment: [String: String],
        account: UInt32, limits: ContainerLimits, timeLimit: Int, outputLimit: Int, workingDirectory: String = "",
        owner: ID<User>? = nil, disk: DiskLimit? = nil, cache: String? = nil, hasNetwork: Bool = true,
        rootfs: String? = nil, volumes: [VolumeMount] = [], volumeLimit: DiskLimit? = nil
    ) {
        self.id = id
        self.channel = channel
        self.directory = directory
        self.arguments = arguments
        self.environment = environment
        self.account = account
        self.limits = limits
        self.timeLimit = timeLimit
        self.outputLimit = outputLimit
        self.workingDirectory = workingDirectory
        self.owner = owner
        self.disk = disk
        self.cache = cache
        self.hasNetwork = hasNetwork
        self.rootfs = rootfs
        self.volumes = volumes
        self.volumeLimit = volumeLimit
    }
}

/// How a task ended.
public enum ContainerTaskExit: Sendable, Hashable {
    case exited(Int32)
    case killed(signal: Int32)
    case outOfMemory
    /// Within its own limit: all tasks of its owner together were over theirs.
    case outOfSharedMemory
    case timedOut
    case tooMuchOutput
    /// It went on making processes at its limit.
    case tooManyProcesses
    /// Its folder has more bytes than `ContainerTask.disk` allows.
    case tooMuchDisk
    /// Its folder has more files than `ContainerTask.disk` allows.
    case tooManyFiles
    /// Its folder has more than `ContainerTask.folderDepth` folders within one another.
    case tooDeep
    /// Its volumes have more than `ContainerTask.volumeLimit` allows.
    case tooMuchInVolumes
    /// The server's disk is down to what it keeps for itself, and no other task had more on it.
    case diskReserve
}

/// Runs tasks in containers of the same kind as instances.
public protocol ContainerTaskRunner: Sendable {
    /// Runs `task` to its end; `output` gets stdout and stderr as they come, in order, one call at a time. Whatever the
    /// task left running is killed. Cancelling the caller's task ends the container.
    func run(
        _ task: ContainerTask, output: @escaping @Sendable ([UInt8]) -> Void
    ) async throws(PlatformError) -> ContainerTaskExit
}
