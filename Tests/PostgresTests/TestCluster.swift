import Core
import Foundation
import Logging
import TestSupport
import Testing

@testable import Postgres

/// A real cluster in a folder of its own, run by the service under test.
final class TestCluster: Sendable {
    /// An address that is not the administrator's, as a bridge's is.
    static let gateway = "127.0.0.2"

    let directory: TemporaryDirectory
    let configuration: ClusterConfiguration
    let cluster: PostgresCluster
    let provisioner: PostgresProvisioner
    private let service: Task<Void, any Error>

    /// Starts a cluster below `dataDirectory`, by default directly in a fresh folder.
    init(
        _ directory: TemporaryDirectory, dataDirectory: String? = nil, runtimeDirectory: String? = nil,
        gateways: [String] = [TestCluster.gateway], maximumConnections: Int = 200
    ) {
        self.directory = directory
        configuration = ClusterConfiguration(
            dataDirectory: dataDirectory ?? directory.path("data"),
            runtimeDirectory: runtimeDirectory ?? directory.path("run"), gatewayAddresses: gateways,
            containerSubnets: ["127.0.0.0/8"], maximumConnections: maximumConnections, addressSeconds: 0.1)
        let cluster = PostgresCluster(configuration, logger: Self.logger)
        self.cluster = cluster
        provisioner = PostgresProvisioner(cluster: cluster, logger: Self.logger)
        service = Task { try await cluster.run() }
    }

    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// Runs `body` with a cluster that is ready; stops it whatever happens.
    static func with(
        _ directory: TemporaryDirectory, dataDirectory: String? = nil, runtimeDirectory: String? = nil,
        gateways: [String] = [TestCluster.gateway], maximumConnections: Int = 200,
        _ body: (TestCluster) async throws -> Void
    ) async throws {
        let cluster = TestCluster(
            directory, dataDirectory: dataDirectory, runtimeDirectory: runtimeDirectory, gateways: gateways,
            maximumConnections: maximumConnections)
        let outcome: Result<Void, any Error>
        do {
            try await cluster.cluster.waitUntilReady()
            outcome = .success(try await body(cluster))
        } catch {
            outcome = .failure(error)
        }
        await cluster.stop()
        try outcome.get()
    }

    func stop() async {
        provisioner.close()
        service.cancel()
        _ = await service.result
    }

    var layout: ClusterLayout { ClusterLayout(configuration) }

    var postmaster: ProcessIdentity {
        get throws { try #require(PostmasterFile.runningPostmaster(layout)) }
    }

    /// Kills it as a crash of its machine does; on return it accepts connections again.
    func crash() async throws {
        let first = try postmaster
        first.signal(SIGKILL)
        try await eventually { !first.isRunning && (try? PostgresConnection(cluster.target()).isAlive) == true }
    }

    /// What a channel's app connects with.
    func target(_ identity: DatabaseIdentity, password: String) throws -> PostgresTarget {
        let endpoint = try cluster.endpoint()
        return PostgresTarget(
            host: endpoint.host, port: endpoint.port, user: identity.role, password: password,
            database: identity.database)
    }

    @discardableResult
    func connect(_ identity: DatabaseIdentity, password: String = "secret") throws -> PostgresConnection {
        try PostgresConnection(target(identity, password: password))
    }

    /// The administrator's URL, as an operator gives it.
    func adminURL(port: Int? = nil) throws -> String {
        let credentials = try ClusterCredentials.load(layout, addresses: [])
        return
            "postgresql://\(ClusterSettings.superuser):\(credentials.password)@127.0.0.1:\(port ?? credentials.port)/postgres"
    }

    /// What the superuser reads in one field.
    @discardableResult
    func ask(_ sql: String, _ parameters: [String] = []) throws -> String? {
        try PostgresConnection(cluster.target()).execute(sql, parameters).text()
    }
}

extension DatabaseIdentity {
    /// The identity of a new channel of `user`.
    static func fresh(user: ID<User> = ID()) -> DatabaseIdentity { DatabaseIdentity(user: user, channel: ID()) }
}

/// Waits until `condition` holds; fails after 60 s.
func eventually(_ condition: () throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(60)
    while try !condition() {
        try #require(ContinuousClock.now < deadline, "the condition did not come true")
        await Task.yield()
        usleep(5000)
    }
}

extension PostgresProvisioner {
    /// As on a server that somebody else runs, by its URL, though it is on this machine's loopback, where no container could
    /// reach it.
    convenience init(
        loopbackURL url: String, extensions: [ExtensionName] = [], limits: ProvisionerLimits = ProvisionerLimits()
    ) {
        self.init(extensions: extensions, limits: limits, logger: TestCluster.logger) { () throws(PlatformError) in
            (PostgresTarget(url: url), DatabaseEndpoint(host: "192.0.2.1", port: 5432))
        }
    }
}

/// Asks until there is an answer; fails after 60 s.
func eventuallyValue<Value>(_ value: () async throws -> Value?) async throws -> Value {
    let deadline = ContinuousClock.now + .seconds(60)
    while true {
        if let value = try await value() { return value }
        try #require(ContinuousClock.now < deadline, "no value came")
        usleep(20_000)
    }
}
