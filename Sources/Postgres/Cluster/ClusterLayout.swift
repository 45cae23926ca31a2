/// Where the parts of a cluster are on the host.
struct ClusterLayout: Sendable {
    /// Owned by the cluster's user, mode 0700.
    let root: String
    /// The superuser's password and the port: both belong to the cluster and must not get lost.
    let secrets: String
    let log: String
    /// Where `root` is mounted when the cluster's user cannot reach it.
    let mountPoint: String

    init(_ configuration: ClusterConfiguration) {
        root = "\(configuration.dataDirectory)/postgres"
        secrets = "\(configuration.dataDirectory)/secrets"
        log = "\(configuration.dataDirectory)/logs/postgres.log"
        mountPoint = "\(configuration.runtimeDirectory)/postgres"
    }

    // Names below `root`, the same for the server and for the cluster's processes.
    static let data = "data"
    /// The folder while it is being made.
    static let unfinishedData = "data.new"
    static let accessRules = "pg_hba.conf"
    /// For `initdb`, removed after it.
    static let initialPassword = "password"

    var data: String { "\(root)/\(Self.data)" }
    var password: String { "\(secrets)/postgres.password" }
    var port: String { "\(secrets)/postgres.port" }
}
