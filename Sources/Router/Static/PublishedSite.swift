import Core

/// A site as it is served under a hostname.
final class PublishedSite: Sendable {
    /// Files of a replaced release whose names say that they never change: pages that are open in browsers still ask for
    /// them.
    struct Former: Sendable {
        let site: PublishedSite
        let until: ContinuousClock.Instant
    }

    /// Replaced releases that are looked into; a site that is deployed once a minute has this many in an hour.
    static let maximumFormer = 64

    let release: ID<Release>
    let site: StaticSite
    let redirects: RedirectIndex
    /// Newest first.
    let former: [Former]
    let hasImmutableFiles: Bool

    init(release: ID<Release>, site: StaticSite, former: [Former] = []) {
        self.release = release
        self.site = site
        self.former = former
        redirects = RedirectIndex(site.redirects)
        hasImmutableFiles = site.files.values.contains(where: \.isImmutable)
    }

    /// What answers after `old` was replaced by `site`: of each release only what the newer ones do not have.
    static func former(
        after old: PublishedSite, by site: StaticSite, now: ContinuousClock.Instant, keep: Duration
    ) -> [Former] {
        let kept = old.former.filter { $0.until > now }
        guard let left = old.leaving(site) else { return kept }
        return Array(([Former(site: left, until: now + keep)] + kept).prefix(maximumFormer))
    }

    /// The hashed files that a newer release does not have; `nil` when there are none.
    private func leaving(_ newer: StaticSite) -> PublishedSite? {
        guard hasImmutableFiles else { return nil }
        let files = site.files.filter { $0.value.isImmutable && newer.files[$0.key] == nil }
        guard !files.isEmpty else { return nil }
        return PublishedSite(release: release, site: StaticSite(root: site.root, twins: site.twins, files: files))
    }

    /// The indices of the header rules that hold for a path.
    func headerRules(_ path: String) -> [Int] {
        site.headers.isEmpty ? [] : site.headers.indices.filter { site.headers[$0].pattern.match(path) != nil }
    }
}

/// The rules of `_redirects`, those without anything variable found by their path.
struct RedirectIndex: Sendable {
    private let rules: [SiteRedirect]
    /// By decoded path without slashes at its end, in order.
    private let literal: [StaticSite.Name: [Int]]
    private let dynamic: [Int]

    var isEmpty: Bool { rules.isEmpty }

    init(_ rules: [SiteRedirect]) {
        self.rules = rules
        var literal: [StaticSite.Name: [Int]] = [:]
        var dynamic: [Int] = []
        for (index, rule) in rules.enumerated() {
            if rule.pattern.isLiteral, let name = Self.name(rule.pattern) {
                literal[name, default: []].append(index)
            } else {
                dynamic.append(index)
            }
        }
        self.literal = literal
        self.dynamic = dynamic
    }

    private static func name(_ pattern: SitePattern) -> StaticSite.Name? {
        let parts = pattern.segments.map { if case .text(let text) = $0 { text } else { "" } }
        return StaticSite.Name(parts.joined(separator: "/"))
    }

    /// The first rule that holds, and where it leads.
    /// - Parameters:
    ///   - name: the decoded path without slashes around it.
    ///   - isThere: a file answers under the path.
    func first(
        name: String, path: String, query: String, isThere: Bool
    ) -> (rule: SiteRedirect, target: String)? {
        guard !rules.isEmpty else { return nil }
        let exact = literal[StaticSite.Name(name)] ?? []
        var (next, other) = (0, 0)
        while next < exact.count || other < dynamic.count {
            let index: Int
            if next < exact.count, other >= dynamic.count || exact[next] < dynamic[other] {
                index = exact[next]
                next += 1
            } else {
                index = dynamic[other]
                other += 1
            }
            let rule = rules[index]
            guard rule.isForced || !isThere, let target = rule.target(path: path, query: query) else { continue }
            return (rule, target)
        }
        return nil
    }
}
