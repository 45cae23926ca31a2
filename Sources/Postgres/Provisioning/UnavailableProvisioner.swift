import Core

/// The provisioner of the degraded mode.
public struct UnavailableProvisioner: DatabaseProvisioner {
    public init() {}

    public func probe() async throws(PlatformError) { throw Self.error }
    public func refresh(_ identities: [DatabaseIdentity]) async throws(PlatformError) { throw Self.error }
    public func missing(_ identities: [DatabaseIdentity]) async throws(PlatformError) -> [DatabaseIdentity] {
        throw Self.error
    }
    public func endpoint() async throws(PlatformError) -> DatabaseEndpoint { throw Self.error }
    public func provision(_ identity: DatabaseIdentity, password: String) async throws(PlatformError) {
        throw Self.error
    }
    public func drop(_ identity: DatabaseIdentity) async throws(PlatformError) { throw Self.error }

    public func reset(_ identity: DatabaseIdentity) async throws(PlatformError) { throw Self.error }
    public func figures(_ identity: DatabaseIdentity) async throws(PlatformError) -> DatabaseFigures {
        throw Self.error
    }
    public func storage(database: String) async throws(PlatformError) -> DatabaseStorage { throw Self.error }
    public func dump(_ identity: DatabaseIdentity, password: String) async throws(PlatformError) -> any DatabaseDump {
        throw Self.error
    }

    private static var error: PlatformError { PlatformError(.databaseUnavailable, "Postgres is switched off") }
}
