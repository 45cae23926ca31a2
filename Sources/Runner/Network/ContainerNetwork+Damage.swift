/// What somebody else has taken away of a container's network.
extension ContainerNetwork {
    /// What a container's network lacks, for people; `nil` for nothing.
    /// - Parameter process: one that is in it; its routes are looked at while it is alive.
    nonisolated func damage(of lease: NetworkLease, process: ProcessIdentity?) -> String? {
        let link = "/sys/class/net/\(configuration.bridge)/brif/\(lease.hostInterface)"
        guard HostFiles.exists(link) else { return "its link is gone" }
        guard Self.isUp(lease.hostInterface) else { return "its link is down" }
        guard HostFiles.text("\(link)/isolated")?.first == "1" else { return "its link is not apart from the others" }
        guard MountTable.isNamespace(lease.path) else { return "the mount of its network is gone" }
        guard let process, let table = HostFiles.text("/proc/\(process.pid)/net/route"), process.isAlive else {
            return nil
        }
        let routes = RouteTable.routes(in: table).filter { $0.interface == CNIPlugin.interface }
        guard routes.contains(where: { leadsToSubnet($0) }) else { return "its address is gone" }
        let gateway = IPv4Subnet.address(gateway)
        guard routes.contains(where: { $0.mask == 0 && $0.gateway == gateway }) else {
            return "its default route is gone"
        }
        return nil
    }

    /// It leads from an interface to all containers.
    nonisolated func leadsToSubnet(_ route: RouteTable.Route) -> Bool {
        let subnet = configuration.subnet
        return route.gateway == 0 && route.mask.nonzeroBitCount == subnet.prefix && route.destination == subnet.base
    }

    /// As it was told to be, whether or not there is somebody at the other end (`IFF_UP`, netdevice(7)).
    static func isUp(_ interface: String) -> Bool {
        let flags = HostFiles.text("/sys/class/net/\(interface)/flags")?.dropFirst(2).prefix { $0.isHexDigit }
        return flags.flatMap { UInt32($0, radix: 16) }.map { $0 & 1 == 1 } ?? false
    }
}
