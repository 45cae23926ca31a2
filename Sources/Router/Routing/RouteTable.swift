import Core

/// Where one hostname leads, in the form that the data path uses.
enum RouteEntry: Sendable {
    case upstream(Upstream)
    case site(PublishedSite)
    case placeholder(RouteTarget.Placeholder)
    /// The target's address cannot be used.
    case unusable
}

/// All routes at one moment.
struct RouteTable: Sendable {
    struct Route: Sendable {
        let target: RouteTarget
        let entry: RouteEntry
    }

    /// By hostname: lower case, no port, no trailing dot.
    var routes: [String: Route] = [:]

    func isPublished(_ instance: ID<Instance>) -> Bool {
        routes.values.contains { route in
            if case .instance(let endpoint) = route.target { endpoint.id == instance } else { false }
        }
    }

    /// The releases whose files are served.
    var releases: Set<ID<Release>> {
        Set(
            routes.values.compactMap { route in
                if case .site(let release, _) = route.target { release } else { nil }
            })
    }
}
