import Foundation

/// A network namespace behind a link of the host, with an HTTP server on every address that answers with the address
/// that it saw, over TCP, and in a datagram to every datagram. Plays what lies outside the machine. Needs root, `ip` and
/// `node`.
public final class OutsideNetwork: Sendable {
    /// The host's end of the link (a documentation range, RFC 5737).
    public static let hostAddress = "203.0.113.1"

    /// The first one lies in the link's own network. IPv6 ones are written `network::host`.
    public let addresses: [String]
    /// TCP and UDP ports that are answered on.
    public let ports: [Int]
    public var port: Int { ports[0] }
    private let namespace: String
    private let server: ChildProcess

    public init(addresses: [String], ports: [Int] = [8099]) async throws {
        self.addresses = addresses
        self.ports = ports
        namespace = "bo\(getpid())"
        let (link, peer) = (namespace, namespace + "p")
        let (old, new) = (addresses.filter { !$0.contains(":") }, addresses.filter { $0.contains(":") })
        try await Self.ip("netns", "add", namespace)
        try await Self.ip("link", "add", link, "type", "veth", "peer", "name", peer, "netns", namespace)
        try await Self.ip("addr", "add", "\(Self.hostAddress)/24", "dev", link)
        try await Self.ip("link", "set", link, "up")
        for device in ["lo", peer] { try await Self.ip("-n", namespace, "link", "set", device, "up") }
        for (index, address) in old.enumerated() {
            try await Self.ip("-n", namespace, "addr", "add", "\(address)/\(index == 0 ? 24 : 32)", "dev", peer)
            if index > 0 { try await Self.ip("route", "add", "\(address)/32", "via", old[0], "dev", link) }
        }
        for address in new {
            try await Self.ip("-n", namespace, "addr", "add", "\(address)/64", "dev", peer, "nodad")
            // An address of the host in the same network: from a link-local one nothing further is reached.
            let network = address.components(separatedBy: "::")[0]
            try await Self.ip("addr", "add", "\(network)::1/64", "dev", link, "nodad")
        }
        let script = """
            for (const port of \(ports)) require('http').createServer((request, response) =>
                response.end(request.socket.remoteAddress.replace('::ffff:', ''))).listen(port);
            // A socket an address: who is asked at one is not answered from another.
            for (const address of \(addresses)) for (const port of \(ports)) {
                const socket = require('dgram').createSocket(address.includes(':') ? 'udp6' : 'udp4');
                socket.on('message', (message, from) => socket.send(from.address, from.port, from.address));
                socket.bind(port, address);
            }
            """
        server = try ChildProcess(
            ["ip", "netns", "exec", namespace, "node", "-e", script], environment: Self.environment)
    }

    public func stop() async {
        kill(server.processID, SIGKILL)
        _ = await server.end()
        try? await Self.ip("netns", "delete", namespace)
    }

    private static let environment = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]

    private static func ip(_ arguments: String...) async throws {
        let status = try await ChildProcess(["ip"] + arguments, environment: environment).end()
        guard status == 0 else {
            throw ChildProcess.Failure(description: "ip \(arguments.joined(separator: " ")): exited \(status)")
        }
    }
}

/// Makes a network outside, lends it, and takes it away whatever happens.
public func withOutsideNetwork<Result>(
    addresses: [String], ports: [Int] = [8099], _ body: (OutsideNetwork) async throws -> Result
) async throws -> Result {
    let outside = try await OutsideNetwork(addresses: addresses, ports: ports)
    do {
        let result = try await body(outside)
        await outside.stop()
        return result
    } catch {
        await outside.stop()
        throw error
    }
}
