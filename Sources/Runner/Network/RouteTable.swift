/// The host's IPv4 routes (proc_pid_net(5), `/proc/net/route`).
enum RouteTable {
    /// The interface, other than `bridge`, that already leads to a part of `subnet`. The default route does not count.
    static func conflict(with subnet: IPv4Subnet, bridge: String, in table: String) -> String? {
        for line in table.split(separator: "\n").dropFirst() {
            let fields = line.split(whereSeparator: { $0 == "\t" || $0 == " " })
            guard fields.count > 7, fields[0] != bridge, let destination = UInt32(fields[1], radix: 16),
                let mask = UInt32(fields[7], radix: 16), mask != 0
            else { continue }
            let range = IPv4Subnet(base: destination.byteSwapped, prefix: mask.nonzeroBitCount)
            if range.overlaps(subnet) { return String(fields[0]) }
        }
        return nil
    }
}
