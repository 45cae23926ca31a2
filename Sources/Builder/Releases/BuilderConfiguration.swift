import Core

/// Where releases are kept and what a build may use.
public struct BuilderConfiguration: Sendable {
    /// Absolute path of the folder that holds a folder for each release; made when it is missing.
    public var releases: String
    /// Absolute path of the folder that keeps installed dependencies; made when it is needed.
    public var dependencies: String
    /// Absolute path of the folder that keeps what builds leave to later ones; made when it is needed. Below it nothing else
    /// is kept.
    public var caches: String
    /// Absolute path of the folder that holds the channels' volumes; `nil` where there are none.
    public var volumes: String?
    /// What a container of a build may use.
    public var limits = ContainerLimits(
        memory: 1 << 30, milliCPU: 2000, processes: 512, temporary: 512 << 20)
    /// Seconds that a step may take, whatever its template says.
    public var stepTimeLimit = 900
    /// Seconds that all steps of a build may take together.
    public var timeLimit = 1800
    /// Bytes of output that a step may write.
    public var outputLimit = 16 << 20
    /// Files and folders that a release may have.
    public var maximumEntries = 500_000
    /// Bytes on disk that a release may have.
    public var maximumBytes = 4 << 30
    /// Bytes on disk that a channel's volumes may have while a release's command runs.
    public var maximumVolumeBytes = 5 << 30
    /// What is laid out and published only as long as the disk keeps more than this.
    public var diskReserve = DiskReserve(bytes: 0)
    /// Tells what the file system of `releases` has left.
    public var diskRoom: DiskRoomSource = { nil }
    /// Absolute path of what containers see as `/`: where programs are looked for that templates require.
    public var containerRoot = "/"
    /// The most that an app may ask for in its `berth.yaml`; `nil` where that is not looked at before it is started.
    public var instanceCaps: ContainerLimits?
    /// How repositories of this server are named in URLs of submodules; `nil` when there are none.
    public var server: PublicAddress?

    public init(releases: String, dependencies: String, caches: String) {
        self.releases = releases
        self.dependencies = dependencies
        self.caches = caches
    }

    /// What the files of a release may come to.
    var allowance: ReleaseAllowance {
        ReleaseAllowance(
            limit: DiskLimit(bytes: maximumBytes, entries: maximumEntries), reserve: diskReserve, room: diskRoom)
    }
}
