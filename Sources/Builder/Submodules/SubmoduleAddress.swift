import Core

/// What a submodule's URL means on this server.
enum SubmoduleAddress: Hashable {
    /// A repository of this server, by the user and the app that its address names.
    case app(user: String, name: String)
    /// Elsewhere, over HTTPS.
    case web(String)
    case refused

    /// - Parameters:
    ///   - url: as `.gitmodules` has it.
    ///   - parent: the repository that the file is in.
    ///   - server: how this server is reached; `nil` when there is none.
    init(_ url: String, in parent: (user: String, app: String), server: PublicAddress?) {
        if url.hasPrefix("./") || url.hasPrefix("../") {
            self = Self.relative(url[...], to: [parent.user, parent.app + ".git"])
        } else if let (host, path) = Self.parts(of: url, scheme: "https") ?? Self.parts(of: url, scheme: "http"),
            host == server?.gitHost
        {
            self = Self.app(path.split(separator: "/", omittingEmptySubsequences: false)[...])
        } else if let (host, path) = Self.parts(of: url, scheme: "https"), !host.isEmpty, !path.isEmpty {
            self = .web(url)
        } else {
            self = .refused
        }
    }

    /// Parts are taken away from the end of the repository's own address (gitmodules(5), `submodule.<name>.url`).
    private static func relative(_ url: Substring, to base: [String]) -> SubmoduleAddress {
        var (url, base) = (url, base[...])
        while true {
            if url.hasPrefix("../") {
                guard base.popLast() != nil else { return .refused }
                url = url.dropFirst(3)
            } else if url.hasPrefix("./") {
                url = url.dropFirst(2)
            } else {
                break
            }
        }
        let parts = base.map { Substring($0) } + url.split(separator: "/", omittingEmptySubsequences: false)
        return app(parts[...])
    }

    private static func app(_ parts: ArraySlice<Substring>) -> SubmoduleAddress {
        let parts = parts.last == "" ? parts.dropLast() : parts
        guard parts.count == 2, let user = parts.first, let name = parts.last, !user.isEmpty, !name.isEmpty else {
            return .refused
        }
        return .app(user: String(user), name: String(name.hasSuffix(".git") ? name.dropLast(4) : name))
    }

    /// Host in lower case without user and port, and the path after its first `/`.
    private static func parts(of url: String, scheme: String) -> (host: String, path: Substring)? {
        guard url.lowercased().hasPrefix("\(scheme)://") else { return nil }
        let rest = url.dropFirst(scheme.count + 3)
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let host = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        let path = rest.dropFirst(authority.count)
        guard path.first == "/" else { return nil }
        return (host.prefix { $0 != ":" }.lowercased(), path.dropFirst())
    }
}
