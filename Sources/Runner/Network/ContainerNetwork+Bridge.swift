import Core

/// The bridge, with the host's own address and route on it.
extension ContainerNetwork {
    /// Makes the bridge with its address and the host's route over it, or brings them up to date.
    func makeBridge() async throws(PlatformError) {
        let (bridge, subnet) = (configuration.bridge, configuration.subnet)
        var steps = ""
        if !HostFiles.exists("/sys/class/net/\(bridge)") { steps += "link add name \(bridge) type bridge\n" }
        // The kernel adds the route with a new address, not with one that is there.
        steps += """
            link set dev \(bridge) address \(Self.hardwareAddress(subnet)) up
            address replace \(gateway)/\(subnet.prefix) dev \(bridge)
            route replace \(subnet) dev \(bridge) proto kernel scope link src \(gateway)

            """
        try await commands.succeed(configuration.programs.ip, ["-batch", "-"], input: steps)
        HostFiles.set("/proc/sys/net/ipv6/conf/\(bridge)/disable_ipv6", "1")
        guard HostFiles.set("/proc/sys/net/ipv4/ip_forward", "1") else {
            throw HostFiles.failure("set", "/proc/sys/net/ipv4/ip_forward")
        }
    }

    /// Makes what the networks of all containers need again, where it is gone. Returns what that was, for people; `nil` for
    /// nothing.
    func mendBridge() async throws(PlatformError) -> String? {
        guard isMade, let damage = bridgeDamage else { return nil }
        try await makeBridge()
        return damage
    }

    private nonisolated var bridgeDamage: String? {
        let bridge = configuration.bridge
        guard HostFiles.exists("/sys/class/net/\(bridge)") else { return "the bridge was gone" }
        guard Self.isUp(bridge) else { return "the bridge was down" }
        guard RouteTable.routes(in: RouteTable.host).contains(where: { $0.interface == bridge && leadsToSubnet($0) })
        else { return "the route to the containers was gone" }
        guard HostFiles.text("/proc/sys/net/ipv4/ip_forward")?.first == "1" else {
            return "the machine forwarded nothing"
        }
        return nil
    }

    /// A bridge without one takes the lowest of its links' addresses, which change. Locally administered, from the
    /// gateway's IP address (RFC 7042 section 2.1).
    private static func hardwareAddress(_ subnet: IPv4Subnet) -> String {
        let gateway = subnet.base + 1
        let octets = [24, 16, 8, 0].map { shift in
            let text = String(gateway >> UInt32(shift) & 0xff, radix: 16)
            return text.count == 1 ? "0" + text : text
        }
        return "02:be:" + octets.joined(separator: ":")
    }
}
