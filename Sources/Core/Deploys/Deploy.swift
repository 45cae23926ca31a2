import Foundation

/// One attempt to bring a commit live on a channel.
public struct Deploy: Sendable, Hashable {
    public let id: ID<Deploy>
    public let appID: ID<App>
    public let channelID: ID<Channel>
    /// As asked for: 40 hex digits, a branch name or `HEAD`.
    public let requested: String
    /// The full ref that set it off or that it was asked to follow; `nil` for a bare commit.
    public let ref: String?
    /// Known from the start for a push, resolved when the deploy starts otherwise.
    public var commit: CommitID?
    public var status: DeployStatus
    /// Why it failed, one line, safe to show.
    public var failure: String?
    /// What it brought live. Known from the start for a rollback: that is a deploy of a kept release.
    public var release: ID<Release>?
    /// How often it was started; more than one after a crash of the server.
    public var attempts: Int
    public let createdAt: Date
    public var startedAt: Date?
    public var finishedAt: Date?

    public init(
        id: ID<Deploy> = ID(), appID: ID<App>, channelID: ID<Channel>, requested: String, ref: String?,
        commit: CommitID?, status: DeployStatus = .queued, failure: String? = nil, release: ID<Release>? = nil,
        attempts: Int = 0, createdAt: Date, startedAt: Date? = nil, finishedAt: Date? = nil
    ) {
        self.id = id
        self.appID = appID
        self.channelID = channelID
        self.requested = requested
        self.ref = ref
        self.commit = commit
        self.status = status
        self.failure = failure
        self.release = release
        self.attempts = attempts
        self.createdAt = createdAt
        self.startedAt = startedAt
        self.finishedAt = finishedAt
    }
}

/// A deploy's state on the wire (seed 000, "Deploy status values") and its legal steps.
public enum DeployStatus: String, Sendable, Codable {
    case queued, running, success, failed

    public var isTerminal: Bool { self == .success || self == .failed }

    /// `running → queued` is the restart of the server while the deploy ran.
    public func canBecome(_ next: DeployStatus) -> Bool {
        switch (self, next) {
        case (.queued, .running), (.queued, .failed), (.running, .success), (.running, .failed), (.running, .queued):
            true
        default: false
        }
    }
}
