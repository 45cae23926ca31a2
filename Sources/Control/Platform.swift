import Core
import Logging

/// What Control works with: the ports, each behind its adapter, and how the world reaches us.
public struct Platform: Sendable {
    public let users: any UserStore
    public let tokens: any TokenStore
    public let invites: any InviteStore
    public let apps: any AppStore
    public let channels: any ChannelStore
    public let deploys: any DeployStore
    public let releases: any ReleaseStore
    public let instances: any InstanceStore
    public let environment: any EnvironmentStore
    public let databases: any DatabaseStore
    public let statistics: any StatisticsStore
    public let events: any EventStore
    public let deployLogs: any DeployLogStore
    public let repository: any SourceRepository
    public let builder: any SourceBuilder
    public let volumes: any VolumeStore
    public let runner: any InstanceRunner
    public let meter: any InstanceMeter
    public let routes: any RoutePublisher
    /// `nil` when Postgres is switched off.
    public let provisioner: (any DatabaseProvisioner)?
    /// The operator's programs; `nil` for none.
    public let hooks: (any HookRunner)?
    /// Tells whether anything was committed to the stores.
    public let dataVersion: DataVersionSource
    /// Tells the room on the disk that releases are made on.
    public let diskRoom: DiskRoomSource
    /// Tells the room on the disk that volumes are on.
    public let volumeRoom: DiskRoomSource
    public let userDisk: UserDiskSource
    public let address: PublicAddress
    public let configuration: ControlConfiguration
    /// Told of the moments at which a test may end the server.
    public let pass: CheckpointObserver
    public let now: WallClock
    public let logger: Logger

    public init(
        users: any UserStore, tokens: any TokenStore, invites: any InviteStore, apps: any AppStore,
        channels: any ChannelStore, deploys: any DeployStore, releases: any ReleaseStore,
        instances: any InstanceStore, environment: any EnvironmentStore, databases: any DatabaseStore,
        statistics: any StatisticsStore, events: any EventStore, deployLogs: any DeployLogStore,
        repository: any SourceRepository,
        builder: any SourceBuilder, volumes: any VolumeStore, runner: any InstanceRunner, meter: any InstanceMeter,
        routes: any RoutePublisher,
        provisioner: (any DatabaseProvisioner)?, hooks: (any HookRunner)? = nil,
        dataVersion: @escaping DataVersionSource = { nil }, diskRoom: @escaping DiskRoomSource = { nil },
        volumeRoom: @escaping DiskRoomSource = { nil }, userDisk: @escaping UserDiskSource = { _ in nil },
        address: PublicAddress, configuration: ControlConfiguration, pass: @escaping CheckpointObserver = { _ in },
        now: @escaping WallClock, logger: Logger
    ) {
        self.users = users
        self.tokens = tokens
        self.invites = invites
        self.apps = apps
        self.channels = channels
        self.deploys = deploys
        self.releases = releases
        self.instances = instances
        self.environment = environment
        self.databases = databases
        self.statistics = statistics
        self.events = events
        self.deployLogs = deployLogs
        self.repository = repository
        self.builder = builder
        self.volumes = volumes
        self.runner = runner
        self.meter = meter
        self.routes = routes
        self.provisioner = provisioner
        self.hooks = hooks
        self.dataVersion = dataVersion
        self.diskRoom = diskRoom
        self.volumeRoom = volumeRoom
        self.userDisk = userDisk
        self.address = address
        self.configuration = configuration
        self.pass = pass
        self.now = now
        self.logger = logger
    }
}

/// Settings of the use cases.
public struct ControlConfiguration: Sendable {
    /// Seconds that open requests on a replaced version may go on.
    public var drainSeconds = 30
    /// Releases that a channel keeps, the one it serves included.
    public var keptReleases = 10
    /// Bytes on disk that a channel's releases may take together; the oldest go first, never the one it serves nor the one
    /// before it. `nil` for any number.
    public var releaseBytes: Int?
    /// Instances that a channel keeps the end of the log of when they have been stopped.
    public var keptInstanceLogs = 10
    /// Bytes on disk that a channel's volumes may take together: with more, nothing is deployed to it. Also the most that one
    /// of their files may have.
    public var volumeBytes = 5 << 30
    /// Bytes on disk that all apps of a user may take together: with more, nothing of theirs is built. `nil` for any number.
    public var userDiskBytes: Int?
    /// Ended deploys that a channel keeps with their logs.
    public var keptDeploys = 200
    /// So young ones are kept beside them, ten times as many at most: a day's figures count them.
    public var keptDeploySeconds = 86_400.0
    /// No deploy begins when the disk has less left.
    public var diskReserve = DiskReserve(bytes: 0)
    /// What an instance may use.
    public var instanceLimits = ContainerLimits(
        memory: 512 << 20, milliCPU: 2000, processes: 256, temporary: 64 << 20)
    /// The most that an app may ask for.
    public var instanceCaps = ContainerLimits(
        memory: 2 << 30, milliCPU: 4000, processes: 1024, temporary: 64 << 20)
    /// Memory that a user's instances together are shown to have, bytes, when they have been given less.
    public var userMemory = 256 << 20
    /// How long a new version that is being asked is looked at after the switch, while the old one is kept to go back to.
    public var watchTime = Duration.seconds(3)
    /// Logs that a user may follow at the same time, and that all users together may.
    public var followersPerUser = 32
    public var followers = 512
    /// Builds of all users that run at the same time. From two on there is one more, for users who have none running.
    public var buildSlots = 4
    /// Seconds that open requests get on a new version that did not prove sound.
    public var failedDrainSeconds = 5
    /// What each step of a deploy may take: a build from its turn on, of a switch each thing that is written down. A start
    /// has its own.
    public var stepLimits: [DeployStep.Name: Duration] = [
        .resolve: .seconds(60), .database: .seconds(180), .hooks: .seconds(600), .build: .seconds(3600),
        .switch: .seconds(60),
    ]
    /// How long a build waits for its turn.
    public var buildTurnLimit = Duration.seconds(7200)
    /// How long a deploy waits for what else changes what its channel serves: falling asleep, a wake, a repair.
    public var servingTurnLimit = Duration.seconds(7200)
    /// What one look at a new version after the switch may take.
    public var lookLimit = Duration.seconds(15)
    /// How long a part of a deploy is waited for that was told to end.
    public var stepGrace = Duration.seconds(30)
    /// What a deploy may take in all; `nil` for what all its parts may take, and half an hour.
    public var deployLimit: Duration?
    /// What a start may take beyond the time that the app has to become ready.
    public var startMargin = Duration.seconds(60)
    /// What a stop may take beyond the time that the app has to end.
    public var stopMargin = Duration.seconds(20)
    /// Between two comparisons of what should be with what is.
    public var reconcileInterval = Duration.seconds(30)
    /// Between two looks for instances that nobody asks for.
    public var sleepInterval = Duration.seconds(2)
    /// Apps of one user that are woken at the same time.
    public var wakesPerUser = 8
    /// Between two looks at whether the disk fills.
    public var volumeInterval = Duration.seconds(1)
    /// How often a deploy that a crash of the server interrupted is started again before it is given up.
    public var deployAttempts = 2
    /// Between looks at a store that does not answer.
    public var storeRetry = Backoff(first: .seconds(1), longest: .seconds(30))
    /// Between attempts to start an instance that did not survive a stop of the machine.
    public var instanceRetry = Backoff(first: .seconds(5), longest: .seconds(300))
    /// Pauses before an app that did not come up with a request is started by another one.
    public var wakeRetry = Backoff(first: .seconds(1), longest: .seconds(60))
    /// Between looks for a Postgres that did not answer at the start.
    public var databaseProbe = Backoff(first: .seconds(1), longest: .seconds(15))
    /// Between attempts to make a channel's database.
    public var databaseRetry = Backoff(first: .seconds(2), longest: .seconds(300))

    public init() {}

    /// Bytes that one file of an instance of `plan` may have; `nil` where it has none on disk.
    public func fileSize(of plan: RunPlan) -> Int? { plan.volumes?.isEmpty == false ? volumeBytes : nil }

    /// What an instance of `plan` may use. Throws `.buildFailed` when it asks for more than the server gives.
    public func limits(of plan: RunPlan) throws(PlatformError) -> ContainerLimits {
        try instanceLimits.replaced(by: plan.limits, caps: instanceCaps)
    }
}
