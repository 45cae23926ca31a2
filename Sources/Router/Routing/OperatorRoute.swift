import Core
import NIOCore

/// A hostname that the operator leads to a service beside this server.
public struct OperatorRoute: Sendable, Hashable {
    /// Lower case; may begin with `*.` for one label more.
    public let host: String
    /// `http://host:port` or `unix:/path`.
    public let upstream: String
    private let place: Place

    private enum Place: Sendable, Hashable {
        case server(host: String, port: Int)
        case socket(String)
    }

    /// - Parameter domain: of the platform: its own names cannot be led elsewhere.
    /// Throws `.invalid` for what cannot be used, with the reason.
    public init(host: String, upstream: String, domain: String) throws(PlatformError) {
        let name = host.lowercased()
        let bare = name.hasPrefix("*.") ? String(name.dropFirst(2)) : name
        let parsed = Array(bare.utf8).withUnsafeBytes { try? HostName($0) }
        guard parsed?.name == bare, parsed?.port == nil else {
            throw .invalid("the route \(host) is not for a hostname")
        }
        guard ![domain, "api.\(domain)", "git.\(domain)"].contains(name) else {
            throw .invalid("the hostname \(name) is the server's own")
        }
        guard name != "*.\(domain)" else { throw .invalid("the names below \(domain) belong to the apps") }
        self.host = name
        self.upstream = upstream
        place = try Self.place(upstream)
    }

    private static func place(_ upstream: String) throws(PlatformError) -> Place {
        if upstream.hasPrefix("unix:/") { return .socket(String(upstream.dropFirst(5))) }
        let reason = "the upstream \(upstream) must be http://HOST:PORT or unix:/PATH"
        guard upstream.hasPrefix("http://") else { throw .invalid(reason) }
        var rest = upstream.dropFirst(7)
        if rest.last == "/" { rest = rest.dropLast() }
        guard !rest.contains(where: { "/?#@".contains($0) }) else { throw .invalid(reason) }
        var (host, port) = (String(rest), 80)
        if let colon = rest.lastIndex(of: ":"), !rest.hasSuffix("]") {
            guard let number = Int(rest[rest.index(after: colon)...]), (1...65_535).contains(number) else {
                throw .invalid(reason)
            }
            (host, port) = (String(rest[..<colon]), number)
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        guard !host.isEmpty else { throw .invalid(reason) }
        return .server(host: host, port: port)
    }

    /// The upstream has a name, whose address may change.
    var isNamed: Bool {
        guard case .server(let host, let port) = place else { return false }
        return (try? SocketAddress(ipAddress: host, port: port)) == nil
    }

    /// Looks the name up. Blocks. Throws `.invalid` when there is no such host.
    func address() throws(PlatformError) -> SocketAddress {
        do {
            switch place {
            case .socket(let path): return try SocketAddress(unixDomainSocketPath: path)
            case .server(let host, let port): return try SocketAddress.makeAddressResolvingHost(host, port: port)
            }
        } catch {
            throw PlatformError(
                .invalid, "the upstream \(upstream) of \(host) cannot be found", cause: String(describing: error))
        }
    }
}
