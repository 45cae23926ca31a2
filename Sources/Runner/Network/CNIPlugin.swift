import Core
import Foundation

/// Calls the `bridge` and `host-local` plugins (CNI specification 1.0.0, "Execution protocol").
struct CNIPlugin: Sendable {
    static let version = "1.0.0"
    /// The interface's name inside a container.
    static let interface = "eth0"

    let plugins: String
    /// The network's name in CNI's terms; also the folder of its reservations.
    let network: String
    let bridge: String
    let subnet: IPv4Subnet
    /// Where host-local keeps its reservations.
    let reservations: String
    let commands: HostCommands

    struct Attachment: Sendable, Hashable {
        let address: String
        let hostInterface: String
    }

    /// ADD: makes a link between the namespace and the bridge and gives it an address.
    func add(name: String, namespace: String) async throws(PlatformError) -> Attachment {
        let result = try await call("ADD", name: name, namespace: namespace)
        return try Self.attachment(in: Data(result.utf8), bridge: bridge)
    }

    /// DEL: takes link and address back. Fine when they are gone (CNI specification, "DEL").
    /// - Parameter namespace: `nil` when it cannot be reached any more: only the address is taken back then.
    func delete(name: String, namespace: String?) async throws(PlatformError) {
        _ = try await call("DEL", name: name, namespace: namespace ?? "")
    }

    /// The configuration that the plugin reads.
    func configuration() throws(PlatformError) -> String {
        let value = Configuration(
            cniVersion: Self.version, name: network, type: "bridge", bridge: bridge,
            ipam: .init(
                type: "host-local", dataDir: reservations,
                ranges: [[.init(subnet: subnet.description, gateway: subnet.gateway)]],
                routes: [.init(dst: "0.0.0.0/0")]))
        do {
            return String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
        } catch {
            throw .internal("a network could not be described", cause: error)
        }
    }

    /// Reads a success result of ADD.
    static func attachment(in data: Data, bridge: String) throws(PlatformError) -> Attachment {
        guard let result = try? JSONDecoder().decode(Success.self, from: data),
            let address = result.ips.first?.address.split(separator: "/").first.map(String.init),
            let interface = result.interfaces.first(where: { ($0.sandbox ?? "").isEmpty && $0.name != bridge })
        else {
            throw PlatformError(
                .internal, "a container's network could not be made",
                cause: "unexpected result of the bridge plugin: \(String(decoding: data.prefix(1000), as: UTF8.self))")
        }
        return Attachment(address: address, hostInterface: interface.name)
    }

    private func call(_ command: String, name: String, namespace: String) async throws(PlatformError) -> String {
        try await commands.succeed(
            "\(plugins)/bridge", [], input: configuration(),
            environment: [
                "CNI_COMMAND": command, "CNI_CONTAINERID": name, "CNI_NETNS": namespace,
                "CNI_IFNAME": Self.interface, "CNI_PATH": plugins,
            ]
        ).output
    }

    private struct Configuration: Encodable {
        struct Range: Encodable { let subnet: String, gateway: String }
        struct Route: Encodable { let dst: String }
        struct AddressManagement: Encodable {
            let type: String
            let dataDir: String
            let ranges: [[Range]]
            let routes: [Route]
        }
        let cniVersion: String
        let name: String
        let type: String
        let bridge: String
        let ipam: AddressManagement
    }

    private struct Success: Decodable {
        struct Interface: Decodable { let name: String, sandbox: String? }
        struct Address: Decodable { let address: String }
        let interfaces: [Interface]
        let ips: [Address]
    }
}
