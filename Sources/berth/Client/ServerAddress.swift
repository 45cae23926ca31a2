import Foundation

/// Where a server's API is: scheme, host and port, nothing else.
struct ServerAddress: Codable, Sendable, Hashable {
    let scheme: String
    let host: String
    /// `nil` when it is the scheme's default.
    let port: Int?

    /// Takes `http://api.localhost:8080` or `https://api.example.org/`. A name without a scheme means https, on
    /// loopback http.
    init(_ text: String) throws {
        let isComplete = text.contains("://")
        guard let components = URLComponents(string: isComplete ? text : "https://\(text)"),
            let scheme = components.scheme?.lowercased(), scheme == "http" || scheme == "https",
            let host = components.host?.lowercased(), !host.isEmpty,
            components.user == nil, components.password == nil, components.query == nil,
            components.path.isEmpty || components.path == "/"
        else {
            throw ClientError("\(text) is not a server's address; it looks like http://api.localhost:8080")
        }
        self.scheme = isComplete || !Self.isLocal(host) ? scheme : "http"
        self.host = host
        self.port = components.port
    }

    /// Without a trailing slash.
    var url: String { "\(scheme)://\(authority)" }
    /// Host, and port unless it is the default: git's spelling of a host in a credential.
    var authority: String { port.map { "\(host):\($0)" } ?? host }
    var isLocal: Bool { Self.isLocal(host) }

    /// The site's address on this server.
    func site(_ hostname: String) -> String { "\(scheme)://\(hostname)\(port.map { ":\($0)" } ?? "")" }

    /// The address with its first label `own` replaced by `other`; `nil` when it begins otherwise.
    func sibling(_ other: String, of own: String) -> ServerAddress? {
        guard host.hasPrefix("\(own).") else { return nil }
        return ServerAddress(scheme: scheme, host: "\(other).\(host.dropFirst(own.count + 1))", port: port)
    }

    private init(scheme: String, host: String, port: Int?) {
        self.scheme = scheme
        self.host = host
        self.port = port
    }

    private static func isLocal(_ host: String) -> Bool { host == "localhost" || host.hasSuffix(".localhost") }
}
