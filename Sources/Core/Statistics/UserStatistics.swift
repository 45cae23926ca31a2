import Foundation

/// A user's apps and deploys in figures. What is being deleted does not count.
public struct UserStatistics: Sendable, Hashable {
    public var apps = 0
    public var channels = 0
    /// Channels that serve something.
    public var runningChannels = 0
    /// Deploys asked for within the last hour and the last day.
    public var deploysLastHour = 0
    public var deploysLastDay = 0
    /// How those of the last day ended.
    public var successLastDay = 0
    public var failedLastDay = 0
    /// Channels that ever had a deploy, in the order of their apps, `prod` first.
    public var sites: [SiteStatistics] = []
    /// Instances that serve one of the channels.
    public var instances: [ID<Instance>] = []

    public init() {}
}

/// A channel that ever had a deploy.
public struct SiteStatistics: Sendable, Hashable {
    public let label: SiteLabel
    public let app: AppName
    /// Full ref of the deploy that is live, else of the latest one; `nil` when that was of a bare commit.
    public let ref: String?
    public let binding: GitRefBinding
    public let isRunning: Bool
    public let commit: CommitID?
    public let latestDeploy: ID<Deploy>
    public let latestStatus: DeployStatus

    public init(
        label: SiteLabel, app: AppName, ref: String?, binding: GitRefBinding, isRunning: Bool, commit: CommitID?,
        latestDeploy: ID<Deploy>, latestStatus: DeployStatus
    ) {
        self.label = label
        self.app = app
        self.ref = ref
        self.binding = binding
        self.isRunning = isRunning
        self.commit = commit
        self.latestDeploy = latestDeploy
        self.latestStatus = latestStatus
    }
}

/// Answers questions about many rows at once.
public protocol StatisticsStore: Sendable {
    /// In a fixed number of statements whatever the user owns. What is committed meanwhile may be in a part of the figures and
    /// not in another.
    func statistics(owner: ID<User>, now: Date) async throws(PlatformError) -> UserStatistics
}
