/// Which Postgres the platform uses.
public enum PostgresConfiguration: Sendable {
    /// None: the contract's degraded mode.
    case off
    /// A server that somebody else runs, by its administrator's connection URI. Containers must reach the host that it
    /// names.
    case external(url: String)
    /// Our own cluster below the data folder.
    case cluster(ClusterConfiguration)
}

/// How our own cluster is run.
public struct ClusterConfiguration: Sendable {
    /// The server's data folder, an absolute path: the cluster is in `postgres/`, its superuser's password and its port
    /// in `secrets/`, its log in `logs/postgres.log`. It may lie where the cluster's user cannot go.
    public var dataDirectory: String
    /// A folder of this server's for the time that the machine is up, an absolute path that every user may traverse
    /// (`/run/berth/<node>`). The cluster is mounted below it, in a mount namespace of its own, when need be.
    public var runtimeDirectory: String
    /// Addresses of the host that containers connect to, beside 127.0.0.1. The first is the one that they are told. They
    /// should be there when the cluster starts; it is started without those that do not appear in time.
    public var gatewayAddresses: [String]
    /// Networks that containers connect from, in CIDR notation.
    public var containerSubnets: [String]
    /// The system user that runs the cluster when the server is root.
    public var account: String
    /// Connections of all users together.
    public var maximumConnections: Int
    /// Seconds that a start waits for `gatewayAddresses`.
    public var addressSeconds: Double

    public init(
        dataDirectory: String, runtimeDirectory: String, gatewayAddresses: [String] = [],
        containerSubnets: [String] = [], account: String = "postgres", maximumConnections: Int = 200,
        addressSeconds: Double = 5
    ) {
        self.dataDirectory = dataDirectory
        self.runtimeDirectory = runtimeDirectory
        self.gatewayAddresses = gatewayAddresses
        self.containerSubnets = containerSubnets
        self.account = account
        self.maximumConnections = maximumConnections
        self.addressSeconds = addressSeconds
    }
}
