/// What to run.
public struct InstanceSpecification: Sendable {
    public let id: ID<Instance>
    public let channel: ID<Channel>
    public let release: ID<Release>
    /// Absolute path on the host of what the container sees at `/app`, read-only.
    public let directory: String
    public let plan: RunPlan
    /// The whole environment of the process, port variable not included.
    public let environment: [String: String]
    public let account: UInt32
    public let limits: ContainerLimits
    /// Whose share of the machine it takes from; `nil` for nobody's.
    public let owner: ID<User>?
    /// Writable folders.
    public let volumes: [VolumeMount]
    /// Bytes that one file of a volume may have; `nil` for any number.
    public let fileSize: Int?

    public init(
        id: ID<Instance>, channel: ID<Channel>, release: ID<Release>, directory: String, plan: RunPlan,
        environment: [String: String], account: UInt32, limits: ContainerLimits, owner: ID<User>? = nil,
        volumes: [VolumeMount] = [], fileSize: Int? = nil
    ) {
        self.id = id
        self.channel = channel
        self.release = release
        self.directory = directory
        self.plan = plan
        self.environment = environment
        self.account = account
        self.limits = limits
        self.owner = owner
        self.volumes = volumes
        self.fileSize = fileSize
    }
}

/// Where an instance answers.
public struct InstanceEndpoint: Sendable, Hashable {
    public let id: ID<Instance>
    /// IP address.
    public let host: String
    public let port: Int

    public init(id: ID<Instance>, host: String, port: Int) {
        self.id = id
        self.host = host
        self.port = port
    }
}

/// Runs instances. They outlive the server and are found again by `recover`.
public protocol InstanceRunner: Sendable {
    /// Starts an instance and waits until it is ready: its port accepts and `healthPath` answers below 500, probed
    /// from outside every 20 ms with back-off. Early output and what the probe saw go to `log`. Throws `.buildFailed`
    /// with one line (`the app did not answer on port 8080 within 60 s`) after the log said what was tried, what was
    /// seen, which ports the container listens on and its last 20 lines; nothing is left running then.
    /// From then on a crash is restarted with back-off, at the same address, until `stop`.
    func start(
        _ specification: InstanceSpecification, log: any DeployLogSink
    ) async throws(PlatformError) -> InstanceEndpoint
    /// The plan's stop signal, the grace period, SIGKILL; removes the container, its network and its cgroup. Fine when it is not
    /// there. `grace` in seconds; `nil` takes the plan's own.
    func stop(_ id: ID<Instance>, grace: Int?) async
    /// The same, and the last line of the instance's log says why.
    func stop(_ id: ID<Instance>, grace: Int?, because reason: String) async
    /// After a start of the server: takes the instances in `keep` that still run under supervision again; every other
    /// container, network, cgroup and folder of ours is removed, and every log but theirs and those of `logs`. Who is in
    /// neither is a stranger.
    func recover(
        keep: Set<ID<Instance>>, logs: Set<ID<Instance>>
    ) async throws(PlatformError) -> RecoveredInstances
    /// Looks at an instance that is ready: `nil` when it runs and answers as the readiness probe wants it, else what is
    /// wrong, for people.
    func fault(of id: ID<Instance>) async -> String?
    /// Where an instance answers that is supervised; `nil` for none.
    func endpoint(of id: ID<Instance>) async -> InstanceEndpoint?
    /// Why an instance cannot go on where it is, or come back by itself after a crash: nobody supervises it; its link, a mount,
    /// a route or its bundle are gone. For people; `nil` when it can.
    func damage(of id: ID<Instance>) async -> String?
    /// Bytes of files that an instance has open on the disk of its volumes and that have no name any more: nobody finds them
    /// there. 0 for none, `Int.max` when it has more files open than are looked at.
    func unnamedBytes(of id: ID<Instance>) async -> Int
    /// Makes again what the networks of all instances share, where it is gone. Returns what that was, for people; `nil` for
    /// nothing.
    func mendNetwork() async throws(PlatformError) -> String?
    /// Removes containers of instances and of builds that nobody knows (any more). What is being made is left alone.
    /// Returns what was removed, for people.
    func removeStrays() async -> [String]
    /// The last lines that the instance wrote, then those to come, until the instance is gone or nobody listens.
    func follow(_ id: ID<Instance>, last lines: Int) -> AsyncStream<String>
    /// The last lines that the instance wrote, oldest first, also when it has been stopped.
    func recentOutput(_ id: ID<Instance>, lines: Int) async -> [String]
    /// Each instance that had ended and runs again, from now on; for one who listens.
    func restarts() -> AsyncStream<InstanceRestart>
    /// Each limit that an instance has reached while it runs on, also told in its log, from now on; for one who listens. What
    /// goes on comes once an hour.
    func limitHits() -> AsyncStream<InstanceLimitHit>
    /// Removes what is kept of the output of an instance that has been stopped.
    func removeLog(of id: ID<Instance>) async
}

/// What a start of the server finds of instances.
public struct RecoveredInstances: Sendable {
    /// Where those answer that were taken over.
    public var endpoints: [ID<Instance>: InstanceEndpoint] = [:]
    /// What was missing of others that were to be kept, for people. Of those that are in neither nothing was there.
    public var losses: [ID<Instance>: String] = [:]
    /// Containers that nobody knows and that were removed, for people.
    public var strays: [String] = []

    public init() {}
}

/// An instance that had ended by itself and was started again in its place.
public struct InstanceRestart: Sendable, Hashable {
    public let instance: ID<Instance>
    public let channel: ID<Channel>
    /// How it had ended, for people: `exited with status 1`.
    public let reason: String

    public init(instance: ID<Instance>, channel: ID<Channel>, reason: String) {
        self.instance = instance
        self.channel = channel
        self.reason = reason
    }
}

/// A limit that an instance has reached while it runs on.
public struct InstanceLimitHit: Sendable, Hashable {
    public let instance: ID<Instance>
    public let channel: ID<Channel>
    /// What happened, for people: `was refused 12 processes: it may have 256 at once`.
    public let reason: String

    public init(instance: ID<Instance>, channel: ID<Channel>, reason: String) {
        self.instance = instance
        self.channel = channel
        self.reason = reason
    }
}

extension InstanceRunner {
    /// Keeps the logs of those only that run. Returns where they answer.
    public func recover(keep: Set<ID<Instance>>) async throws(PlatformError) -> [ID<Instance>: InstanceEndpoint] {
        try await recover(keep: keep, logs: []).endpoints
    }
}
