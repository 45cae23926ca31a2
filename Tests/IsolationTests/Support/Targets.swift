import Foundation
import ServerTestSupport

/// What the probe is told to try: connections, by name, and paths of the host.
struct Targets: Sendable {
    let connections: [(name: String, host: String, port: Int)]
    let paths: [String]

    init(_ berthd: Berthd, neighbour: String, hostPort: Int) throws {
        let gateway = Self.text(berthd.gateway)
        var connections: [(name: String, host: String, port: Int)] = [
            ("neighbour", neighbour, 8080), ("loopback", "127.0.0.1", hostPort), ("gateway", gateway, hostPort),
            ("router", gateway, berthd.port), ("ssh", gateway, 22),
        ]
        for (index, address) in Self.hostAddresses().enumerated() where address != gateway {
            connections.append(("host\(index)", address, hostPort))
        }
        let outside = ["internet", "private10", "private172", "private192", "shared", "metadata4", "metadata6"]
        for (name, address) in zip(outside, Stage.outsideAddresses) {
            connections.append((name, address, Stage.webPort))
        }
        connections.append(("mail", Stage.outsideAddresses[0], Stage.mailPort))
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
    var connectionList: String { connections.map { "\($0.name) \($0.host) \($0.port)\n" }.joined() }

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
