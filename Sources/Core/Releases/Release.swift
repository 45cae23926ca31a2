import Foundation

/// What a successful build leaves: commit, files on disk, env snapshot. Immutable, kept for rollback.
public struct Release: Sendable, Hashable {
    public let id: ID<Release>
    public let appID: ID<App>
    public let channelID: ID<Channel>
    public let deployID: ID<Deploy>
    public let commit: CommitID
    public let plan: RunPlan
    /// Nothing but the checkout wrote into its files.
    public let isPristine: Bool
    public let createdAt: Date

    public init(
        id: ID<Release>, appID: ID<App>, channelID: ID<Channel>, deployID: ID<Deploy>, commit: CommitID, plan: RunPlan,
        isPristine: Bool, createdAt: Date
    ) {
        self.id = id
        self.appID = appID
        self.channelID = channelID
        self.deployID = deployID
        self.commit = commit
        self.plan = plan
        self.isPristine = isPristine
        self.createdAt = createdAt
    }
}

/// Where releases are kept. The env snapshot is sealed at rest.
public protocol ReleaseStore: Sendable {
    func insert(_ release: Release, environment: [String: String]) async throws(PlatformError)
    func release(_ id: ID<Release>) async throws(PlatformError) -> Release?
    /// The variables that the release was built with.
    func environment(of id: ID<Release>) async throws(PlatformError) -> [String: String]
    /// The channel's releases, newest first.
    func releases(channel: ID<Channel>) async throws(PlatformError) -> [Release]
    func delete(_ id: ID<Release>) async throws(PlatformError)
    func allReleaseIDs() async throws(PlatformError) -> Set<ID<Release>>
}
