import Core
import Foundation
import Logging

/// The containers' network: a bridge with the gateway's address, a firewall, and for each container a namespace with an
/// address of its own, in which it stays whatever becomes of its processes.
public actor ContainerNetwork {
    /// The host's address on the bridge: containers reach the server's Postgres there.
    public nonisolated let gateway: String

    nonisolated let configuration: RunnerConfiguration
    let commands: HostCommands
    private let plugin: CNIPlugin
    private let logger: Logger
    nonisolated let firewall: ContainerFirewall
    /// What all containers share was made and not removed.
    private(set) var isMade = false
    private var ready: [NetworkLease] = []
    /// Namespaces that are being made or released at this moment.
    private var busy: Set<String> = []
    private var isReplenishing = false
    private var isClosed = false

    public init(configuration: RunnerConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        gateway = configuration.subnet.gateway
        commands = HostCommands(logger: logger, limit: configuration.programLimit)
        firewall = ContainerFirewall(
            rules: FirewallRules(
                node: configuration.node, bridge: configuration.bridge, subnet: configuration.subnet,
                reachablePorts: configuration.reachablePorts, nameServers: configuration.nameServers,
                instanceEgress: configuration.instanceEgress, buildEgress: configuration.buildEgress,
                newConnections: configuration.newConnections),
            programs: configuration.programs, commands: commands, logger: logger)
        plugin = CNIPlugin(
            plugins: configuration.programs.plugins, network: "berth-\(configuration.node)",
            bridge: configuration.bridge, subnet: configuration.subnet,
            reservations: configuration.runtimeDirectory + "/addresses", commands: commands)
    }

    /// Makes the bridge, its address and the firewall, or brings them up to date. Afterwards the gateway's address can
    /// be listened on. Throws `.unsupported` when a program is missing, `.conflict` when another interface of the host
    /// has a part of the subnet.
    public func prepare() async throws(PlatformError) {
        try configuration.validate()
        try configuration.programs.check()
        if let other = RouteTable.conflict(
            with: configuration.subnet, bridge: configuration.bridge, in: RouteTable.host)
        {
            throw PlatformError(.conflict, "subnet \(configuration.subnet) is in use on interface \(other)")
        }
        for folder in [namespaces, plugin.reservations] { try HostFiles.makeDirectory(folder) }
        isClosed = false
        // Before the bridge, so that there is no moment without rules.
        try await firewall.load()
        isMade = true
        try await makeBridge()
    }

    /// Lets containers reach one more TCP port of the gateway.
    public func allow(port: UInt16) async throws(PlatformError) {
        try await firewall.update { _ = $0.reachablePorts.insert(port) }
    }

    /// Lets containers reach TCP services at these IPv4 addresses, in whatever network they are, beside those of earlier
    /// calls. Never addresses of other containers, and never loopback. Throws `.invalid` for what is no such address.
    public func allow(addresses: [String], port: UInt16) async throws(PlatformError) {
        for text in addresses {
            guard let address = IPv4Subnet.address(text), address >> 24 != 127, address != 0,
                !configuration.subnet.contains(text)
            else { throw .invalid("containers cannot be let through to \(text)") }
        }
        let named = addresses.map { ReachableService(address: $0, port: port) }
        try await firewall.update { $0.services.formUnion(named) }
    }

    /// Removes bridge, firewall, namespaces and reservations.
    public func remove() async {
        isClosed = true
        isMade = false
        while !busy.isEmpty || isReplenishing { try? await Task.sleep(for: .milliseconds(5)) }
        ready.removeAll()
        await sweep(keep: [])
        await firewall.remove()
        if HostFiles.exists("/sys/class/net/\(configuration.bridge)") {
            _ = try? await commands.run(configuration.programs.ip, ["link", "delete", "dev", configuration.bridge])
        }
        HostFiles.remove(namespaces)
        HostFiles.remove(plugin.reservations)
    }

    /// A namespace that nobody uses: a ready made one when there is one.
    func lease(for kind: ContainerKind) async throws(PlatformError) -> NetworkLease {
        let lease = if let waiting = await takeReady() { waiting } else { try await make() }
        guard kind == .build else { return lease }
        do throws(PlatformError) {
            // Before anything runs at the address.
            try await firewall.admit(build: lease.address)
        } catch {
            await release(lease)
            throw error
        }
        return lease
    }

    /// One that waited and that nobody has damaged meanwhile.
    private func takeReady() async -> NetworkLease? {
        while let lease = ready.popLast() {
            guard let damage = damage(of: lease, process: nil) else { return lease }
            logger.warning("network namespace dropped", metadata: ["network": "\(lease.name)", "reason": "\(damage)"])
            await release(lease)
        }
        return nil
    }

    /// Makes namespaces until enough wait ready. Best called when nothing urgent runs.
    func replenish() async {
        guard !isReplenishing else { return }
        isReplenishing = true
        defer { isReplenishing = false }
        while !isClosed, ready.count < configuration.readyNetworks {
            do throws(PlatformError) {
                let lease = try await make()
                if isClosed { await release(lease) } else { ready.append(lease) }
            } catch {
                logger.warning("network namespace not made", metadata: ["error": "\(error)"])
                return
            }
        }
    }

    /// Takes a namespace and its address back.
    func release(_ lease: NetworkLease) async {
        do throws(PlatformError) {
            // Before anybody else can have the address.
            try await firewall.dismiss(build: lease.address)
        } catch {
            logger.warning("address of a build not forgotten", metadata: ["error": "\(error)"])
        }
        // Whatever is left of it: somebody may have taken a part away.
        if HostFiles.exists(lease.path) || HostFiles.exists("\(addresses)/\(lease.address)") {
            await release(name: lease.name)
        }
    }

    /// Removes every namespace, address and link of ours that is neither in `keep` nor waiting ready.
    func sweep(keep: [NetworkLease]) async {
        let kept = keep + ready
        let names = Set(kept.map(\.name)).union(busy)
        let strays = HostFiles.names(in: namespaces).filter { !names.contains($0) }
        await withDiscardingTaskGroup { group in
            for name in strays { group.addTask { await self.release(name: name) } }
        }
        // What is half made has an address and a link that cannot be told from strays.
        guard busy.isEmpty else { return }
        let keptAddresses = Set(kept.map(\.address))
        for file in HostFiles.names(in: addresses)
        where IPv4Subnet.address(file) != nil && !keptAddresses.contains(file) {
            HostFiles.remove("\(addresses)/\(file)")
        }
        let interfaces = Set(kept.map(\.hostInterface))
        // An operator may have put a link of another kind on the bridge.
        for interface in HostFiles.names(in: "/sys/class/net/\(configuration.bridge)/brif")
        where interface.hasPrefix("veth") && !interfaces.contains(interface) {
            _ = try? await commands.run(configuration.programs.ip, ["link", "delete", "dev", interface])
        }
    }

    private var namespaces: String { configuration.runtimeDirectory + "/netns" }
    /// A file of each address that is taken.
    private var addresses: String { "\(plugin.reservations)/\(plugin.network)" }

    private func make() async throws(PlatformError) -> NetworkLease {
        let name = "n" + UUID().uuidString.lowercased().prefix(8)
        let path = "\(namespaces)/\(name)"
        busy.insert(name)
        defer { busy.remove(name) }
        do throws(PlatformError) {
            try HostFiles.write("", to: path)
            // A mount of the namespace keeps it without a process in it.
            try await commands.succeed(
                configuration.programs.unshare,
                ["--net=\(path)", "--", configuration.programs.ip, "link", "set", "dev", "lo", "up"])
            let attachment = try await plugin.add(name: name, namespace: path)
            // Links of the bridge that are isolated reach the host, but not one another (bridge(8)). The firewall does
            // not see what stays within a bridge.
            guard HostFiles.set("/sys/class/net/\(attachment.hostInterface)/brport/isolated", "1") else {
                throw HostFiles.failure("isolate", attachment.hostInterface)
            }
            return NetworkLease(
                name: name, path: path, address: attachment.address, hostInterface: attachment.hostInterface)
        } catch {
            await release(name: name)
            throw error
        }
    }

    private func release(name: String) async {
        let path = "\(namespaces)/\(name)"
        let isOuter = busy.insert(name).inserted
        defer { if isOuter { busy.remove(name) } }
        do throws(PlatformError) {
            try await plugin.delete(name: name, namespace: MountTable.isNamespace(path) ? path : nil)
        } catch {
            logger.warning("network not released", metadata: ["network": "\(name)", "error": "\(error)"])
        }
        MountTable.unmount(path)
        HostFiles.remove(path)
    }
}
