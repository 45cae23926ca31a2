import Foundation
import ServerTestSupport

/// What the probe is told to try: connections, by name, and paths of the host.
struct Targets: Sendable {
    /// A service that answers the host.
    struct Connection: Sendable {
        enum Transport: String, Sendable { case tcp, udp }

        let name: String
        let host: String
        let port: Int
        var transport = Transport.tcp

        /// Whether it answers the host now.
        func isReached() async throws -> Bool {
            let script =
                switch transport {
                case .tcp: "exec 3<>/dev/tcp/$0/$1"
                case .udp: "exec 3<>/dev/udp/$0/$1 && printf '?' >&3 && read -r -n 1 -t 2 -u 3"
                }
            return try await run(["bash", "-c", script, host, "\(port)"]).status == 0
        }
    }

    let connections: [Connection]
    let paths: [String]

    /// - Parameters:
    ///   - neighbour: another app's instance.
    ///   - hostPort: a TCP port on all addresses of the host.
    ///   - hostDatagramPort: a UDP port, the same.
    init(_ berthd: Berthd, neighbour: String, hostPort: Int, hostDatagramPort: Int) throws {
        let gateway = Self.text(berthd.gateway)
        var connections = [
            Connection(name: "neighbour", host: neighbour, port: 8080),
            Connection(name: "router", host: gateway, port: berthd.port),
            Connection(name: "database", host: gateway, port: try Self.databasePort(berthd)),
            Connection(name: "mail", host: Stage.outsideAddresses[0], port: Stage.mailPort),
        ]
        func add(_ name: String, _ host: String, port: Int, datagramPort: Int) {
            connections.append(Connection(name: name, host: host, port: port))
            connections.append(Connection(name: "udp-\(name)", host: host, port: datagramPort, transport: .udp))
        }
        add("loopback", "127.0.0.1", port: hostPort, datagramPort: hostDatagramPort)
        add("gateway", gateway, port: hostPort, datagramPort: hostDatagramPort)
        for (number, address) in Self.hostAddresses().filter({ $0 != gateway }).enumerated() {
            add("host\(number)", address, port: hostPort, datagramPort: hostDatagramPort)
        }
        let outside = ["internet", "private10", "private172", "private192", "shared", "metadata4", "metadata6"]
        for (name, address) in zip(outside, Stage.outsideAddresses) {
            add(name, address, port: Stage.webPort, datagramPort: Stage.webPort)
        }
        self.connections = connections
        paths =
            ["", "/berth.sqlite", "/secrets/store.key", "/repos", "/releases", "/run/api.sock"].map { berthd.data + $0 }
            + [
                try berthd.runtimeFolder(), "/run/berth", "/run/docker.sock", "/run/containerd", "/run/podman",
                "/var/run/docker.sock", "/run/postgresql", "/run/systemd", "/run/dbus", "/etc/shadow", "/etc/ssh",
                "/etc/berth", "/root/.ssh", "/dev/kmsg", "/dev/mem", "/dev/vda", "/dev/fuse", "/dev/net/tun",
                "/dev/vsock",
                "/sys/kernel", "/sys/class/net", "/proc/1/root/etc/shadow",
            ]
    }

    /// One connection a line.
    var connectionList: String {
        connections.map { "\($0.transport.rawValue) \($0.name) \($0.host) \($0.port)\n" }.joined()
    }

    /// What an app could ping, were it let: without its own loopback.
    var pinged: [String] { Set(connections.map(\.host)).filter { $0 != "127.0.0.1" }.sorted() }

    /// Names of the connections to addresses of the host other than the gateway's.
    var hostNames: [String] {
        connections.map(\.name).filter { $0.hasPrefix("host") || $0.hasPrefix("udp-host") }
    }

    /// Throws for the first one that does not answer the host.
    func expectAnswers() async throws {
        for connection in connections {
            try await eventually("\(connection.name) answers the host") { try await connection.isReached() }
        }
    }

    private static func databasePort(_ berthd: Berthd) throws -> Int {
        let path = "\(berthd.data)/secrets/postgres.port"
        let text = try String(contentsOfFile: path, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        guard let port = Int(text) else { throw HTTPFailure(description: "\(path) holds no port: \(text)") }
        return port
    }

    /// This machine's IPv4 addresses outside loopback.
    private static func hostAddresses() -> [String] {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return [] }
        defer { freeifaddrs(list) }
        let addresses = sequence(first: list, next: { $0?.pointee.ifa_next }).compactMap { item -> UInt32? in
            guard let address = item?.pointee.ifa_addr, address.pointee.sa_family == sa_family_t(AF_INET) else {
                return nil
            }
            return address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                UInt32(bigEndian: $0.pointee.sin_addr.s_addr)
            }
        }
        return Set(addresses).filter { $0 >> 24 != 127 }.sorted().map(text)
    }

    private static func text(_ address: UInt32) -> String {
        [24, 16, 8, 0].map { String(address >> $0 & 0xff) }.joined(separator: ".")
    }
}
