/// A commit to be made into a release.
public struct BuildRequest: Sendable {
    public let app: App
    public let channel: Channel
    public let deploy: ID<Deploy>
    /// The identifier that the new release will have; also the name of its folder.
    public let release: ID<Release>
    public let commit: CommitID
    /// Everything that `install.sh` and the process see: the app's env values, `XHOST_*`, `DATABASE_*`.
    public let environment: [String: String]
    /// What the channel serves now: unchanged files are taken from it.
    public let previous: Release?
    /// Bytes that the channel's volumes have, as `VolumeStore.size` has them: where that is more than they may, a release line
    /// may still clean up.
    public let volumeBytes: Int
    /// Another app of the same user's, by its name; `nil` when there is none.
    public let sibling: @Sendable (AppName) async throws(PlatformError) -> ID<App>?

    public init(
        app: App, channel: Channel, deploy: ID<Deploy>, release: ID<Release>, commit: CommitID,
        environment: [String: String], previous: Release?, volumeBytes: Int = 0,
        sibling: @escaping @Sendable (AppName) async throws(PlatformError) -> ID<App>? = { _ in nil }
    ) {
        self.app = app
        self.channel = channel
        self.deploy = deploy
        self.release = release
        self.commit = commit
        self.environment = environment
        self.previous = previous
        self.volumeBytes = volumeBytes
        self.sibling = sibling
    }
}

/// A build that succeeded: its files are complete and durable in the release's folder.
public struct BuildResult: Sendable {
    public let plan: RunPlan
    /// Nothing but the checkout wrote into the files, so the next release may link to them.
    public let isPristine: Bool
    /// What the router serves; `nil` unless the plan is `static`.
    public let site: StaticSite?

    public init(plan: RunPlan, isPristine: Bool, site: StaticSite?) {
        self.plan = plan
        self.isPristine = isPristine
        self.site = site
    }
}

/// Makes releases out of commits.
public protocol SourceBuilder: Sendable {
    /// Names of the installed templates, in the catalogue's order.
    var templateNames: [String] { get }
    /// Builds. A fault of what is deployed throws `.buildFailed` with one line that says what failed
    /// (`install.sh exited 1`) after the log said more. Nothing is left behind on an error.
    func build(_ request: BuildRequest, log: any DeployLogSink) async throws(PlatformError) -> BuildResult
    /// Absolute path of a release's files (what a container sees at `/app`).
    func filesDirectory(of release: ID<Release>) -> String
    /// The site of a static release that was built before, read from its manifest on disk.
    func site(of release: ID<Release>) async throws(PlatformError) -> StaticSite
    /// Removes a release's folder; fine when there is none.
    func remove(_ release: ID<Release>) async
    /// Removes what is kept of an app between its builds; fine when there is nothing.
    func forget(_ app: ID<App>) async
    /// Bytes on disk of each of these releases, without the files that it shares with one before it in the list; 0 for one
    /// that is not there.
    func sizes(of releases: [ID<Release>]) async -> [Int]
    /// Every release folder on disk.
    func releasesOnDisk() async -> [ID<Release>]
}
