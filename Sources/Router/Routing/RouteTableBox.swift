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
        var workers: [WorkerHandle] = []
    }

    private let state = Mutex(State())
    let siteCache: SiteCache

    /// - Parameter siteCacheBytes: how much of the static files' content is kept in memory.
    public init(siteCacheBytes: Int = 64 * 1024 * 1024) { siteCache = SiteCache(capacity: siteCacheBytes) }

    // MARK: - RoutePublisher

    @discardableResult
    public func publish(_ target: RouteTarget, at hostname: String) -> RouteTarget? {
        let old = state.withLock { state in
            let route = RouteTable.Route(target: target, entry: Self.entry(target, &state))
            return state.table.routes.updateValue(route, forKey: hostname)?.target
        }
        forgetReplacedFiles(old)
        return old
    }

    public func publish(_ targets: [String: RouteTarget]) {
        let old = state.withLock { state in
            var table = state.table
            var old: [RouteTarget] = []
            for (hostname, target) in targets {
                let route = RouteTable.Route(target: target, entry: Self.entry(target, &state))
                if let replaced = table.routes.updateValue(route, forKey: hostname) { old.append(replaced.target) }
            }
            state.table = table
            return old
        }
        for target in old { forgetReplacedFiles(target) }
    }

    @discardableResult
    public func withdraw(_ hostname: String) -> RouteTarget? {
        let old = state.withLock { $0.table.routes.removeValue(forKey: hostname)?.target }
        forgetReplacedFiles(old)
        return old
    }

    public func drain(_ instance: ID<Instance>, seconds: Int) async -> DrainReport {
        let (upstream, workers) = state.withLock { ($0.instances[instance]?.upstream, $0.workers) }
        guard let upstream else { return DrainReport(cut: 0) }
        let isDone = await upstream.requests.waitForNone(.seconds(max(0, seconds)))
        let isForgotten = state.withLock { state in
            // A rollback may have published it again meanwhile: then its requests are nobody's to cut.
            guard !state.table.isPublished(instance) else { return false }
            if state.instances[instance]?.upstream === upstream { state.instances[instance] = nil }
            return true
        }
        guard isForgotten else { return DrainReport(cut: 0) }
        let cut = isDone ? 0 : upstream.requests.count
        for worker in workers { await worker.retire(upstream) }
        return DrainReport(cut: cut)
    }

    // MARK: - The data path

    /// Looks the name up; a request for an upstream is counted on it, and whoever claimed it calls `requests.end()` once.
    func claim(_ hostname: String) -> RouteEntry? {
        state.withLock { state in
            guard let entry = state.table.routes[hostname]?.entry else { return nil }
            if case .upstream(let upstream) = entry { upstream.requests.begin() }
            return entry
        }
    }

    // MARK: - Workers

    func attach(_ workers: [WorkerHandle]) { state.withLock { $0.workers = workers } }

    // MARK: - Private

    private func forgetReplacedFiles(_ old: RouteTarget?) {
        guard case .site(let release, _)? = old else { return }
        let isServed = state.withLock { $0.table.releases.contains(release) }
        if !isServed { siteCache.remove(release) }
    }

    private static func entry(_ target: RouteTarget, _ state: inout State) -> RouteEntry {
        switch target {
        case .placeholder(let placeholder): return .placeholder(placeholder)
        case .site(let release, let site): return .site(release: release, site)
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
