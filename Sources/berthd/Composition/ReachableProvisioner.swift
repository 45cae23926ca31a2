import Core
import Runner

/// Postgres on this host, reachable for containers: the firewall lets them through to its port once that is known.
struct ReachableProvisioner: DatabaseProvisioner {
    let provisioner: any DatabaseProvisioner
    let network: ContainerNetwork

    func endpoint() async throws(PlatformError) -> DatabaseEndpoint {
        let endpoint = try await provisioner.endpoint()
        if endpoint.host == network.gateway, let port = UInt16(exactly: endpoint.port) {
            try await network.allow(port: port)
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
