/// What a hostname leads to.
public enum RouteTarget: Sendable, Hashable {
    /// A container.
    case instance(InstanceEndpoint)
    /// Files of a release.
    case site(release: ID<Release>, StaticSite)
    /// A service of this process behind a Unix socket: the API, git, the dashboard.
    case service(name: String, socketPath: String)
    /// The site is known and cannot be served.
    case placeholder(Placeholder)

    public enum Placeholder: Sendable, Hashable {
        /// Nothing was deployed yet; the page says how to push. The text is the repository's address.
        case awaitingFirstDeploy(repositoryURL: String)
        /// What runs here answers nobody.
        case worker
        /// The version before has been stopped and the new one is not ready: requests wait.
        case switching
        /// The release is there and its instance is not running yet, or not any more.
        case starting
        /// Nobody asked for a while, and the instance was stopped: a request has it started again and waits for that.
        case asleep(ID<Channel>)
        /// The instance was stopped, since it takes more of the disk than it may.
        case suspended
    }
}

/// What became of a target's requests when it was replaced.
public struct DrainReport: Sendable, Hashable {
    /// Requests that were still open when the time was over; they were cut.
    public let cut: Int

    public init(cut: Int) { self.cut = cut }
}

/// Tells the router where hostnames lead. A switch loses no request: one that has begun stays with the target that it
/// began on.
public protocol RoutePublisher: Sendable {
    /// Makes `hostname` (lower case, without port) lead to `target` at once. Returns the target that it replaced.
    @discardableResult
    func publish(_ target: RouteTarget, at hostname: String) -> RouteTarget?
    /// Publishes many at once, as one snapshot.
    func publish(_ targets: [String: RouteTarget])
    /// Forgets the hostname. Returns the target that it led to.
    @discardableResult
    func withdraw(_ hostname: String) -> RouteTarget?
    /// Waits until no request is open on an instance that is no longer published, or `seconds` are over; then cuts
    /// what is left and closes the pooled connections to it.
    /// - Parameter keepsLongLived: WebSockets and event streams, which never end by themselves, get longer.
    func drain(_ instance: ID<Instance>, seconds: Int, keepsLongLived: Bool) async -> DrainReport
    /// Where the hostname leads.
    func target(of hostname: String) -> RouteTarget?
    /// Begins to count what comes to `hostname`, whatever it leads to, until `endMeasuring`.
    func beginMeasuring(_ hostname: String)
    /// What was counted since `beginMeasuring` or the last `takeFigures`.
    func figures(of hostname: String) -> TrafficFigures
    /// The same, and counts anew from nothing.
    func takeFigures(of hostname: String) -> TrafficFigures
    func endMeasuring(_ hostname: String)
    /// What is asked of an instance; `nil` when nothing leads to it.
    func activity(of instance: ID<Instance>) -> InstanceActivity?
    /// Says who is told of each request that waits for a channel which is asleep. Called on event loops: it must not wait.
    func onWake(_ wake: @escaping @Sendable (ID<Channel>) -> Void)
    /// Answers the requests that wait at `hostname`: what they wait for did not start.
    func refuseHeld(at hostname: String)
}

/// The requests of an instance. Two that are equal say that none came or ended between them.
public struct InstanceActivity: Sendable, Hashable {
    /// WebSockets and event streams too.
    public var open: Int
    /// How many have begun, modulo 2^32.
    public var begun: Int

    public init(open: Int, begun: Int) {
        self.open = open
        self.begun = begun
    }
}

extension RoutePublisher {
    public func drain(_ instance: ID<Instance>, seconds: Int) async -> DrainReport {
        await drain(instance, seconds: seconds, keepsLongLived: true)
    }
}
