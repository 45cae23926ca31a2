import Core

/// Decides what answers a path of a site: a file of its manifest, a rule of its `_redirects`, or a page for what is not
/// there.
enum SiteResolver {
    /// A file and the release that it is from.
    struct Found: Sendable {
        let site: PublishedSite
        let name: StaticSite.Name
        let file: StaticSite.File
        /// 200, or 404 for the site's page for what is not there.
        var status = 200
    }

    enum Answer {
        case file(Found)
        case redirect(status: Int, location: String)
        /// An https URL whose answer is ours.
        case origin(String)
        case notFound
    }

    /// - Parameters:
    ///   - target: path and query as in the request line.
    ///   - now: to forget replaced releases.
    static func resolve(
        _ target: UnsafeRawBufferPointer, in site: PublishedSite, now: @autoclosure () -> ContinuousClock.Instant
    ) -> Answer {
        let path = UnsafeRawBufferPointer(rebasing: target.prefix { $0 != UInt8(ascii: "?") })
        guard let name = SitePath.decode(path) else { return missing(in: site) }
        let found = SitePath.find(name, in: site.site)
        if !site.redirects.isEmpty, let answer = rule(target, path, name, isThere: found != nil, in: site) {
            return answer
        }
        switch found {
        case .file(let name, let file)?: return .file(Found(site: site, name: name, file: file))
        case .directory?:
            let query = String(decoding: target[path.count...], as: UTF8.self)
            return .redirect(status: 301, location: String(decoding: path, as: UTF8.self) + "/" + query)
        case nil: break
        }
        if !site.former.isEmpty {
            let now = now()
            for former in site.former where former.until > now {
                guard let file = former.site.site.files[StaticSite.Name(name)], file.isImmutable else { continue }
                return .file(Found(site: former.site, name: StaticSite.Name(name), file: file))
            }
        }
        return missing(in: site)
    }

    private static func rule(
        _ target: UnsafeRawBufferPointer, _ path: UnsafeRawBufferPointer, _ name: String, isThere: Bool,
        in site: PublishedSite
    ) -> Answer? {
        let text = String(decoding: path, as: UTF8.self)
        let query = String(decoding: target.dropFirst(path.count + 1), as: UTF8.self)
        let bare = name.utf8.last == ByteClass.slash ? String(name.dropLast()) : name
        guard let hit = site.redirects.first(name: bare, path: text, query: query, isThere: isThere) else { return nil }
        if hit.rule.isRedirect {
            // A path with two slashes in front would name another server (RFC 3986 section 4.2); to browsers a backslash is
            // a slash (URL Standard, section 4.4), and a query that was captured may hold one.
            guard !hit.target.hasPrefix("//"), !hit.target.hasPrefix("/\\") else { return missing(in: site) }
            return .redirect(status: hit.rule.status, location: hit.target)
        }
        guard hit.target.first == "/" else { return .origin(hit.target) }
        var answer = inside(hit.target, in: site)
        if hit.rule.status == 404, case .file(var found) = answer {
            found.status = 404
            answer = .file(found)
        }
        return answer
    }

    /// What is published under a path, without looking at rules again.
    private static func inside(_ target: String, in site: PublishedSite) -> Answer {
        let path = Array(target.utf8.prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") })
        let name = path.withUnsafeBytes { SitePath.decode($0) }
        guard let name else { return missing(in: site) }
        switch SitePath.find(name, in: site.site) {
        case .file(let name, let file)?: return .file(Found(site: site, name: name, file: file))
        case .directory?:
            let index = StaticSite.Name(name + "/index.html")
            guard let file = site.site.files[index] else { return missing(in: site) }
            return .file(Found(site: site, name: index, file: file))
        case nil: return missing(in: site)
        }
    }

    /// `200.html` answers for every path (an app that routes in the browser), else `404.html` says that there is nothing.
    private static func missing(in site: PublishedSite) -> Answer {
        if let file = site.site.files["200.html"] { return .file(Found(site: site, name: "200.html", file: file)) }
        if let file = site.site.files["404.html"] {
            return .file(Found(site: site, name: "404.html", file: file, status: 404))
        }
        return .notFound
    }
}
