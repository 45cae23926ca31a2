/// IPv4 routes of a network namespace (proc_pid_net(5), `/proc/<pid>/net/route`).
enum RouteTable {
    struct Route: Sendable, Hashable {
        let interface: String
        /// 0 for the default route.
        let destination: UInt32
        let mask: UInt32
        /// 0 for none.
        let gateway: UInt32
    }

    /// The host's own table.
    static var host: String { HostFiles.text("/proc/net/route") ?? "" }

    static func routes(in table: String) -> [Route] {
        table.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(whereSeparator: { $0 == "\t" || $0 == " " })
            guard fields.count > 7, let destination = UInt32(fields[1], radix: 16),
                let gateway = UInt32(fields[2], radix: 16), let mask = UInt32(fields[7], radix: 16)
            else { return nil }
            return Route(
                interface: String(fields[0]), destination: destination.byteSwapped, mask: mask.byteSwapped,
                gateway: gateway.byteSwapped)
        }
    }

    /// The interface, other than `bridge`, that already leads to a part of `subnet`. The default route does not count.
    static func conflict(with subnet: IPv4Subnet, bridge: String, in table: String) -> String? {
        routes(in: table).first { route in
            route.interface != bridge && route.mask != 0
                && IPv4Subnet(base: route.destination, prefix: route.mask.nonzeroBitCount).overlaps(subnet)
        }?.interface
    }
}
