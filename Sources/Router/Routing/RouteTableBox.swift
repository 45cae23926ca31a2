import Core
import NIOCore
import Synchronization

/// Holds the table of routes and swaps it. Give the same box to whoever publishes and to `ProxyService`.
///
/// A request claims its target and is counted on it under the same lock as a swap takes, so whoever drains an instance
/// after a swap sees every request that was ever given to it.
public final class RouteTableBox: RoutePublisher {
    private struct State {
        var table = RouteTable()
        /// Shared by all hostnames that lead to the same place, and kept until drained.
        var instances: [ID<Instance>: (endpoint: InstanceEndpoint, upstream: Upstream)] = [:]
        var services: [String: Upstream] = [:]
        /// Of hostnames that are measured.
        var meters: [String: TrafficMeter] = [:]
        /// The operator's own routes, by hostname.
        var operators: [String: Upstream] = [:]
        var hasWildcards = false
        var workers: [WorkerHandle] = []
        /// Is told of requests for channels that are asleep.
        var wake: (@Sendable (ID<Core.Channel>) -> Void)?
    }

    private let state = Mutex(State())
    /// Counts every change: who remembers what a hostname led to compares it.
    private let changes = Atomic<Int>(0)
    let held = HeldRequests()
    let siteCache: SiteCache
    private let formerFiles: Duration
    let formerStore: FormerFiles?
    private let longLivedDrain: Duration

    /// - Parameters:
    ///   - siteCacheBytes: how much of the static files' content is kept in memory.
    ///   - formerFiles: how long hashed files of a replaced release are still answered.
    ///   - formerFilesPath: a file that remembers those over a restart; `nil` for none.
    ///   - longLivedDrain: how long WebSockets and event streams may go on when the other requests of a replaced instance
    ///     have ended or were cut.
    public init(
        siteCacheBytes: Int = 64 * 1024 * 1024, formerFiles: Duration = .seconds(3600),
        formerFilesPath: String? = nil, longLivedDrain: Duration = .seconds(570)
    ) {
        self.longLivedDrain = longLivedDrain
        siteCache = SiteCache(capacity: siteCacheBytes)
        self.formerFiles = formerFiles
        formerStore = formerFilesPath.map { FormerFiles(path: $0) }
    }

    /// Read before a look-up that is remembered.
    var version: Int { changes.load(ordering: .acquiring) }

    // MARK: - RoutePublisher

    @discardableResult
    public func publish(_ target: RouteTarget, at hostname: String) -> RouteTarget? {
        let old = state.withLock { state in
            let route = RouteTable.Route(target: target, entry: entry(target, at: hostname, &state))
            defer { changed() }
            return state.table.routes.updateValue(route, forKey: hostname)?.target
        }
        forgetReplacedFiles(old)
        tellHeld(at: hostname, replaced: old)
        return old
    }

    public func publish(_ targets: [String: RouteTarget]) {
        let old = state.withLock { state in
            var old: [(hostname: String, target: RouteTarget)] = []
            for (hostname, target) in targets {
                let route = RouteTable.Route(target: target, entry: entry(target, at: hostname, &state))
                if let replaced = state.table.routes.updateValue(route, forKey: hostname) {
                    old.append((hostname, replaced.target))
                }
            }
            changed()
            return old
        }
        for (hostname, target) in old {
            forgetReplacedFiles(target)
            tellHeld(at: hostname, replaced: target)
        }
    }

    @discardableResult
    public func withdraw(_ hostname: String) -> RouteTarget? {
        let old = state.withLock { state in
            defer { changed() }
            return state.table.routes.removeValue(forKey: hostname)?.target
        }
        forgetReplacedFiles(old)
        tellHeld(at: hostname, replaced: old)
        return old
    }

    public func target(of hostname: String) -> RouteTarget? { state.withLock { $0.table.routes[hostname]?.target } }

    public func drain(_ instance: ID<Instance>, seconds: Int, keepsLongLived: Bool) async -> DrainReport {
        let (upstream, workers) = state.withLock { ($0.instances[instance]?.upstream, $0.workers) }
        guard let upstream else { return DrainReport(cut: 0) }
        var isDone = await upstream.requests.waitForNone(.seconds(max(0, seconds)))
        var cutShort = 0
        // WebSockets and event streams never end by themselves: they get longer. Whoever waits for nothing means it.
        if !isDone, seconds > 0, keepsLongLived, !state.withLock({ $0.table.isPublished(instance) }) {
            for worker in workers { cutShort += await worker.cutShortLived(upstream) }
            isDone = await upstream.requests.waitForNone(longLivedDrain)
        }
        let isForgotten = state.withLock { state in
            // A rollback may have published it again meanwhile: then its requests are nobody's to cut.
            guard !state.table.isPublished(instance) else { return false }
            if state.instances[instance]?.upstream === upstream { state.instances[instance] = nil }
            return true
        }
        guard isForgotten else { return DrainReport(cut: cutShort) }
        let cut = cutShort + (isDone ? 0 : upstream.requests.count)
        for worker in workers { await worker.retire(upstream) }
        return DrainReport(cut: cut)
    }

    // MARK: - The data path

    /// Looks the name up; a request for an upstream is counted on it, and whoever claimed it calls `requests.end()` once.
    ///
    /// What the operator set goes first, then what is published under the very name, then the wildcard of one label.
    func claim(_ hostname: String) -> RouteEntry? {
        state.withLock { state in
            guard let entry = Self.find(hostname, state) else { return nil }
            if case .upstream(let upstream) = entry { upstream.requests.begin() }
            return entry
        }
    }

    /// As `claim`, with what counts the hostname's requests, when somebody wants to know.
    func claimMeasured(_ hostname: String) -> (entry: RouteEntry, meter: TrafficMeter?)? {
        state.withLock { state in
            guard let entry = Self.find(hostname, state) else { return nil }
            if case .upstream(let upstream) = entry { upstream.requests.begin() }
            return (entry, state.meters.isEmpty ? nil : state.meters[hostname])
        }
    }

    private static func find(_ hostname: String, _ state: State) -> RouteEntry? {
        if !state.operators.isEmpty, let upstream = state.operators[hostname] { return .upstream(upstream) }
        if let entry = state.table.routes[hostname]?.entry { return entry }
        guard state.hasWildcards, let dot = hostname.utf8.firstIndex(of: UInt8(ascii: ".")) else { return nil }
        let wildcard = "*" + hostname[dot...]
        return state.operators[wildcard].map(RouteEntry.upstream) ?? state.table.routes[wildcard]?.entry
    }

    /// Sets the operator's own routes, in place of those before.
    func setOperatorRoutes(_ routes: [String: SocketAddress]) {
        state.withLock { state in
            state.operators = Dictionary(
                uniqueKeysWithValues: routes.map { ($0.key, Upstream(kind: .beside($0.key), address: $0.value)) })
            changed()
            state.hasWildcards = state.hasWildcards || routes.keys.contains { $0.hasPrefix("*.") }
        }
    }

    /// Leads those hosts elsewhere whose address is another one now. Requests that are open stay where they are.
    func updateOperatorRoutes(_ routes: [String: SocketAddress]) {
        state.withLock { state in
            for (host, address) in routes where state.operators[host].map({ $0.address != address }) == true {
                state.operators[host] = Upstream(kind: .beside(host), address: address)
                changed()
            }
        }
    }

    // MARK: - Measuring

    /// Memories of what a hostname led to end here, so that every request comes to the meter.
    func setMeter(_ meter: TrafficMeter?, at hostname: String) {
        state.withLock { $0.meters[hostname] = meter }
        changed()
    }

    func meter(of hostname: String) -> TrafficMeter? { state.withLock { $0.meters[hostname] } }

    // MARK: - Workers

    func attach(_ workers: [WorkerHandle]) { state.withLock { $0.workers = workers } }

    var attachedWorkers: [WorkerHandle] { state.withLock { $0.workers } }

    // MARK: - What is asleep

    public func onWake(_ wake: @escaping @Sendable (ID<Core.Channel>) -> Void) { state.withLock { $0.wake = wake } }

    func wake(_ channel: ID<Core.Channel>) { state.withLock { $0.wake }?(channel) }

    func upstream(of instance: ID<Instance>) -> Upstream? { state.withLock { $0.instances[instance]?.upstream } }

    // MARK: - Private

    private func changed() { changes.add(1, ordering: .releasing) }

    private func forgetReplacedFiles(_ old: RouteTarget?) {
        guard case .site(let release, _)? = old else { return }
        saveFormerFiles()
        let isServed = state.withLock { $0.table.releases.contains(release) }
        if !isServed { siteCache.remove(release) }
    }

    private func saveFormerFiles() {
        guard let formerStore else { return }
        let sites = state.withLock { state in
            state.table.routes.compactMapValues { route -> [PublishedSite.Former]? in
                if case .site(let site) = route.entry { site.former } else { nil }
            }
        }
        formerStore.save(sites)
    }

    private func entry(_ target: RouteTarget, at hostname: String, _ state: inout State) -> RouteEntry {
        if hostname.hasPrefix("*.") { state.hasWildcards = true }
        switch target {
        case .placeholder(let placeholder): return .placeholder(placeholder)
        case .site(let release, let site):
            var former: [PublishedSite.Former] = []
            if case .site(let old)? = state.table.routes[hostname]?.entry {
                former =
                    old.release == release
                    ? old.former : PublishedSite.former(after: old, by: site, now: .now, keep: formerFiles)
            } else if let formerStore {
                former = formerStore.take(hostname, besides: release)
            }
            return .site(PublishedSite(release: release, site: site, former: former))
        case .instance(let endpoint):
            if let known = state.instances[endpoint.id], known.endpoint == endpoint { return .upstream(known.upstream) }
            guard let address = try? SocketAddress(ipAddress: endpoint.host, port: endpoint.port) else {
                return .unusable
            }
            let upstream = Upstream(kind: .instance(endpoint.id), address: address)
            state.instances[endpoint.id] = (endpoint, upstream)
            return .upstream(upstream)
        case .service(let name, let path):
            guard let address = try? SocketAddress(unixDomainSocketPath: path) else { return .unusable }
            if let known = state.services[name], known.address == address { return .upstream(known) }
            let upstream = Upstream(kind: .service(name), address: address)
            state.services[name] = upstream
            return .upstream(upstream)
        }
    }
}
