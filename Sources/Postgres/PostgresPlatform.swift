import Core
import Logging

/// Postgres as the configuration wants it: the provisioner, and the cluster that has to be run, if any.
public struct PostgresPlatform: Sendable {
    public let provisioner: any DatabaseProvisioner
    /// To be run as a service; `nil` unless the cluster is our own.
    public let cluster: PostgresCluster?

    /// Throws `.invalid` when the configuration cannot be used. Connects to nothing.
    /// - Parameter extensions: those that every user's database gets.
    public init(
        _ configuration: PostgresConfiguration, extensions: [ExtensionName] = [], logger: Logger
    ) throws(PlatformError) {
        switch configuration {
        case .off:
            provisioner = UnavailableProvisioner()
            cluster = nil
        case .external(let url):
            provisioner = try PostgresProvisioner(externalURL: url, extensions: extensions, logger: logger)
            cluster = nil
        case .cluster(let configuration):
            let cluster = PostgresCluster(configuration, logger: logger)
            provisioner = PostgresProvisioner(cluster: cluster, extensions: extensions, logger: logger)
            self.cluster = cluster
        }
    }
}
