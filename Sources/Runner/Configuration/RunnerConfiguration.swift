import Core

/// Everything the runner is told from outside. Plain values; `validate` says what is wrong with them.
public struct RunnerConfiguration: Sendable {
    /// Short name of this server on its machine, 1 to 12 of `a-z0-9`. Names the cgroups (`/berth/<node>`), the firewall
    /// table (`berth_<node>`) and the CNI network, so that two servers on one machine never touch each other's things.
    public var node: String
    /// Absolute path on a tmpfs, at most 60 bytes: bundles (they hold environment values in clear), runtime state,
    /// network namespaces. Gone after a reboot, like the containers.
    public var runtimeDirectory: String
    /// Absolute path; one file an instance.
    public var logDirectory: String
    /// Name of the network bridge, at most 15 bytes.
    public var bridge: String
    /// Addresses of the containers; the first one is the gateway's, on the bridge.
    public var subnet: IPv4Subnet
    /// TCP ports of the gateway address that containers may reach.
    public var reachablePorts: Set<UInt16>
    /// How many network namespaces wait ready made, so that a start need not wait for one.
    public var readyNetworks: Int
    /// Size at which an instance's log file begins anew, bytes.
    public var logSizeLimit: Int
    public var programs: ProgramPaths
    /// What builds reach outside of this host.
    public var buildEgress = EgressPolicy.internet
    /// What instances reach outside of this host.
    public var instanceEgress = EgressPolicy.internet
    /// Connections that each container may begin a second, for long; 0 for any number.
    public var newConnections = 200
    /// IPv4 addresses of the name servers that containers ask, at port 53; the host's own unless others are named.
    public var nameServers = NameServers.ofHost()
    /// What one user's builds may use together.
    public var buildShare = ShareLimits.builds
    /// How builds share the processors with all else on the machine.
    public var buildPriority = BuildPriority.idle
    /// What one user's instances may use together.
    public var instanceShare = ShareLimits.instances
    /// Absolute path of the folder of file systems that were made of packages (`RootfsStore`).
    public var rootfsDirectory = "/nonexistent"
    /// Of the builds that run, the one with most on disk ends when their file system has no more left than this.
    public var diskReserve = DiskReserve(bytes: 0)
    /// Time that a program of the host gets, such as runc or nft: it is killed then, with what it has started.
    public var programLimit = Duration.seconds(30)
    /// Time that a worker must stay up to count as ready, where that is enough.
    public var upTime = Duration.seconds(RunPlan.upSeconds)

    public init(
        node: String = "main", runtimeDirectory: String = "/run/berth/main", logDirectory: String,
        bridge: String = "berth0", subnet: IPv4Subnet = .standard, reachablePorts: Set<UInt16> = [],
        readyNetworks: Int = 2, logSizeLimit: Int = 10 << 20, programs: ProgramPaths = .found()
    ) {
        self.node = node
        self.runtimeDirectory = runtimeDirectory
        self.logDirectory = logDirectory
        self.bridge = bridge
        self.subnet = subnet
        self.reachablePorts = reachablePorts
        self.readyNetworks = readyNetworks
        self.logSizeLimit = logSizeLimit
        self.programs = programs
    }

    /// Throws `.invalid` with the setting and the rule.
    public func validate() throws(PlatformError) {
        let alphanumeric = node.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7a).contains($0) }
        guard (1...12).contains(node.utf8.count), alphanumeric else {
            throw .invalid("node must be 1 to 12 lowercase letters and digits")
        }
        // conmon makes a socket in a folder below; a socket's path has at most 107 bytes (unix(7)).
        guard runtimeDirectory.hasPrefix("/"), runtimeDirectory.utf8.count <= 60 else {
            throw .invalid("the runtime directory must be an absolute path of at most 60 bytes")
        }
        guard logDirectory.hasPrefix("/") else { throw .invalid("the log directory must be an absolute path") }
        let plain = bridge.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x61...0x7a).contains($0) || $0 == UInt8(ascii: "-")
        }
        guard (1...15).contains(bridge.utf8.count), plain, !bridge.hasPrefix("-") else {
            throw .invalid("bridge must be 1 to 15 lowercase letters, digits and hyphens")
        }
        guard nameServers.allSatisfy({ IPv4Subnet.address($0) != nil }) else {
            throw .invalid("name servers must be IPv4 addresses in dotted decimals")
        }
        guard (8...28).contains(subnet.prefix) else { throw .invalid("subnet must have a prefix of 8 to 28 bits") }
    }
}

extension ContainerLimits {
    /// What an instance gets unless its app says otherwise.
    public static let instanceDefault = ContainerLimits(
        memory: 256 << 20, milliCPU: 1000, processes: 256, temporary: 64 << 20)
    /// What a build step gets.
    public static let taskDefault = ContainerLimits(
        memory: 1 << 30, milliCPU: 2000, processes: 512, temporary: 256 << 20)
}
