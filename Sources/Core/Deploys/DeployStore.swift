import Foundation

/// Where deploys are kept. Each call is one transaction, durable when it returns.
public protocol DeployStore: Sendable {
    /// Adds queued deploys. Older ones still queued on the same channels end as failed, `Deploy.superseded`; they are returned.
    func enqueue(_ deploys: [Deploy], at date: Date) async throws(PlatformError) -> [Deploy]
    /// Writes down what a push will set off once its refs have moved. Until `release` these deploys are not queued, seen
    /// by no other call than `held`, and supersede nothing. Throws `.conflict` when a channel is gone.
    func hold(_ deploys: [Deploy]) async throws(PlatformError)
    /// Every held deploy, oldest first.
    func held() async throws(PlatformError) -> [Deploy]
    /// Queues held deploys as `enqueue` does and returns those that it superseded. What is not held (any more), or whose
    /// channel is gone, is left out.
    func release(_ ids: [ID<Deploy>], at date: Date) async throws(PlatformError) -> [Deploy]
    /// Removes held deploys, whose refs did not move.
    func discard(_ ids: [ID<Deploy>]) async throws(PlatformError)
    func deploy(_ id: ID<Deploy>) async throws(PlatformError) -> Deploy?
    func deploy(_ id: ID<Deploy>, channel: ID<Channel>) async throws(PlatformError) -> Deploy?
    /// The channel's deploys, newest first.
    func deploys(channel: ID<Channel>, limit: Int) async throws(PlatformError) -> [Deploy]
    /// The app's deploys, or those of one of its channels, newest first: at most `limit` of those before `cursor`, which
    /// an earlier page gave.
    func page(
        app: ID<App>, channel: ID<Channel>?, before cursor: DeployPage.Cursor?, limit: Int
    ) async throws(PlatformError) -> DeployPage
    /// The oldest queued deploy of a channel.
    func nextQueued(channel: ID<Channel>) async throws(PlatformError) -> Deploy?
    /// Every deploy that has not ended, oldest first.
    func unfinished() async throws(PlatformError) -> [Deploy]
    /// queued → running, with the commit that was resolved; counts the attempt. Nil when it is not queued any more.
    func start(_ id: ID<Deploy>, commit: CommitID?, at date: Date) async throws(PlatformError) -> Deploy?
    /// Notes the commit that a running deploy resolved to.
    func resolved(_ id: ID<Deploy>, commit: CommitID) async throws(PlatformError)
    /// running → queued, after a restart of the server.
    func requeue(_ id: ID<Deploy>) async throws(PlatformError)
    /// running → success: the release becomes what the channel serves and `instance` (if any) is the live one; the
    /// channel's other instances become draining, and one that is asleep is forgotten. Also settles what pushers are shown of the ref,
    /// and keeps the figures so far (`nil` leaves what is kept).
    /// Throws `.conflict` when the channel is gone or the deploy is not running.
    func succeed(
        _ id: ID<Deploy>, release: ID<Release>, instance: ID<Instance>?, report: DeployReport?, at date: Date
    ) async throws(PlatformError)
    /// A running deploy has switched and is looked at: the release becomes what the channel serves and `instance` (if any)
    /// the live one, as with `succeed`, and the deploy notes the release and the figures so far. It stays running.
    /// Throws `.conflict` when the channel is gone or the deploy is not running.
    func switched(
        _ id: ID<Deploy>, release: ID<Release>, instance: ID<Instance>?, report: DeployReport?
    ) async throws(PlatformError)
    /// Undoes `switched` and fails the deploy with a reason, as `fail` does: the channel serves `former` again, with
    /// `instance` (if any) as the live one. Throws `.conflict` when the channel is gone or the deploy is not running.
    func goBack(
        _ id: ID<Deploy>, to former: ID<Release>, instance: ID<Instance>?, reason: String, at date: Date
    ) async throws(PlatformError)
    /// Keeps the figures of a deploy; fine when it is gone.
    func note(_ report: DeployReport, of id: ID<Deploy>) async throws(PlatformError)
    /// The figures that were kept; `nil` when there are none.
    func report(of id: ID<Deploy>) async throws(PlatformError) -> DeployReport?
    /// queued or running → failed with a reason. Also settles what pushers are shown of the ref. No-op when it has ended.
    /// Returns the deploy as it is then; `nil` when it is gone.
    @discardableResult
    func fail(_ id: ID<Deploy>, reason: String, at date: Date) async throws(PlatformError) -> Deploy?
    /// queued → failed, as `fail` does; false when it is not queued.
    func failQueued(_ id: ID<Deploy>, reason: String, at date: Date) async throws(PlatformError) -> Bool
    /// Removes deploys that have ended; others stay.
    func forget(_ ids: [ID<Deploy>]) async throws(PlatformError)
    /// Branches of the app whose newest deploys failed, by full ref.
    func failedTips(app: ID<App>) async throws(PlatformError) -> [FailedTip]
    /// True when no deploy of this app ever succeeded or failed or is waiting: its first push may rebind `prod`.
    func hasNone(app: ID<App>) async throws(PlatformError) -> Bool
}

extension DeployStore {
    /// Without figures.
    public func succeed(
        _ id: ID<Deploy>, release: ID<Release>, instance: ID<Instance>?, at date: Date
    ) async throws(PlatformError) {
        try await succeed(id, release: release, instance: instance, report: nil, at: date)
    }

    /// Without figures.
    public func switched(
        _ id: ID<Deploy>, release: ID<Release>, instance: ID<Instance>?
    ) async throws(PlatformError) {
        try await switched(id, release: release, instance: instance, report: nil)
    }
}

/// A part of a list of deploys.
public struct DeployPage: Sendable, Hashable {
    /// A place in the order of creation, which stays what it is when deploys come and go.
    public typealias Cursor = Int64

    public let deploys: [Deploy]
    /// Where the next page begins; `nil` on the last one.
    public let next: Cursor?

    public init(deploys: [Deploy], next: Cursor?) {
        self.deploys = deploys
        self.next = next
    }
}

extension Deploy {
    /// Why `DeployStore.enqueue` ends a deploy.
    public static let superseded = "superseded by a newer deploy"
}

/// A branch whose newest commit failed to deploy.
public struct FailedTip: Sendable, Hashable {
    public let ref: String
    /// The commit that failed: as long as the ref has this value, pushers are shown `lastGood` instead.
    public let commit: CommitID
    /// The last commit of this ref whose deploys all succeeded.
    public let lastGood: CommitID?

    public init(ref: String, commit: CommitID, lastGood: CommitID?) {
        self.ref = ref
        self.commit = commit
        self.lastGood = lastGood
    }
}
