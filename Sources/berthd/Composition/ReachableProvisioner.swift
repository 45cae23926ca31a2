import Blocking
import Core
import Foundation
import Runner

/// Postgres reachable for containers, on this host or elsewhere: the firewall lets them through to it, and to nothing else of
/// its network, once its address is known.
struct ReachableProvisioner: DatabaseProvisioner {
    let provisioner: any DatabaseProvisioner
    let network: ContainerNetwork
    private let blocking = BlockingPool(label: "resolver", width: 1)

    init(provisioner: any DatabaseProvisioner, network: ContainerNetwork) {
        self.provisioner = provisioner
        self.network = network
    }

    /// Instances that were found running get through again as soon as Postgres is there.
    func probe() async throws(PlatformError) {
        try await provisioner.probe()
        _ = try await endpoint()
    }

    func refresh(_ identities: [DatabaseIdentity]) async throws(PlatformError) {
        try await provisioner.refresh(identities)
    }

    func missing(_ identities: [DatabaseIdentity]) async throws(PlatformError) -> [DatabaseIdentity] {
        try await provisioner.missing(identities)
    }

    func endpoint() async throws(PlatformError) -> DatabaseEndpoint {
        let endpoint = try await provisioner.endpoint()
        guard let port = UInt16(exactly: endpoint.port) else { return endpoint }
        if endpoint.host == network.gateway {
            try await network.allow(port: port)
        } else {
            // Containers resolve the name by themselves, to the same addresses.
            let host = endpoint.host
            let addresses = await blocking.run { HostAddresses.ofVersion4(host) }
            guard !addresses.isEmpty else {
                throw PlatformError(.databaseUnavailable, "the Postgres host \(host) has no IPv4 address now")
            }
            // The name may stand for this host, by the address that containers know it by.
            if addresses.contains(network.gateway) { try await network.allow(port: port) }
            try await network.allow(addresses: addresses.filter { $0 != network.gateway }, port: port)
        }
        return endpoint
    }

    func provision(_ identity: DatabaseIdentity, password: String) async throws(PlatformError) {
        try await provisioner.provision(identity, password: password)
    }

    func drop(_ identity: DatabaseIdentity) async throws(PlatformError) { try await provisioner.drop(identity) }

    func reset(_ identity: DatabaseIdentity) async throws(PlatformError) { try await provisioner.reset(identity) }

    func figures(_ identity: DatabaseIdentity) async throws(PlatformError) -> DatabaseFigures {
        try await provisioner.figures(identity)
    }

    func storage(database: String) async throws(PlatformError) -> DatabaseStorage {
        try await provisioner.storage(database: database)
    }

    func dump(_ identity: DatabaseIdentity, password: String) async throws(PlatformError) -> any DatabaseDump {
        try await provisioner.dump(identity, password: password)
    }
}

/// What a host's name stands for at this moment.
enum HostAddresses {
    /// IPv4 addresses in dotted decimals; none when there are none. Blocks.
    static func ofVersion4(_ host: String) -> [String] {
        var hints = addrinfo()
        hints.ai_family = AF_INET
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var addresses: [String] = []
        var next = list
        while let entry = next {
            next = entry.pointee.ai_next
            guard let name = entry.pointee.ai_addr else { continue }
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let isKnown =
                getnameinfo(
                    name, entry.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0, Int32(NI_NUMERICHOST)) == 0
            if isKnown {
                addresses.append(String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
            }
        }
        return addresses
    }
}
