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

/// A command that runs to its end in a container: a build step, `install.sh`.
public struct ContainerTask: Sendable {
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
    /// Bytes of output, then the task is ended.
    public let outputLimit: Int

    public init(
        id: String, channel: ID<Channel>, directory: String, arguments: [String], environment: [String: String],
        account: UInt32, limits: ContainerLimits, timeLimit: Int, outputLimit: Int
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
    }
}

/// How a task ended.
public enum ContainerTaskExit: Sendable, Hashable {
    case exited(Int32)
    case killed(signal: Int32)
    case outOfMemory
    case timedOut
    case tooMuchOutput
}

/// Runs tasks in containers of the same kind as instances.
public protocol ContainerTaskRunner: Sendable {
    /// Runs `task` to its end; `output` gets stdout and stderr as they come, in order, one call at a time. Whatever the
    /// task left running is killed. Cancelling the caller's task ends the container.
    func run(
        _ task: ContainerTask, output: @escaping @Sendable ([UInt8]) -> Void
    ) async throws(PlatformError) -> ContainerTaskExit
}
