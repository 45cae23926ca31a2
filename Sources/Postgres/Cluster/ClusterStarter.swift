import Blocking
import Core
import Foundation
import Logging

/// A cluster that accepts connections.
struct RunningCluster: Sendable {
    let postmaster: Postmaster
    let credentials: ClusterCredentials
    /// It was running before this server.
    let isAdopted: Bool
}

/// Brings a cluster up: takes over the one that runs, or makes what is missing and starts it.
struct ClusterStarter: Sendable {
    private let configuration: ClusterConfiguration
    private let layout: ClusterLayout
    private let logger: Logger
    private let blocking = BlockingPool(label: "postgres.cluster", width: 1)
    /// Recovery after a crash may take its time.
    private static let readySeconds = 300.0

    init(_ configuration: ClusterConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        layout = ClusterLayout(configuration)
    }

    private var addresses: [String] { [ClusterSettings.loopback] + configuration.gatewayAddresses }

    func start() async throws -> RunningCluster {
        if let running = try await adopt() { return running }
        let layout = layout
        let configuration = configuration
        let addresses = addresses
        let (initializer, credentials) = try await blocking.run {
            let account = try ClusterAccount.find(configuration.account)
            try ClusterFile.makeDirectory(layout.root)
            let launcher = try ClusterLauncher(layout, account: account)
            let initializer = ClusterInitializer(layout: layout, launcher: launcher, account: account)
            let credentials = try ClusterCredentials.load(layout, addresses: [ClusterSettings.loopback])
            try initializer.prepare(subnets: configuration.containerSubnets)
            return (initializer, credentials)
        }
        let programs = try await blocking.run { try Self.programs(layout) }
        if await !blocking.run({ FileManager.default.fileExists(atPath: layout.data) }) {
            try await initializer.initialize(programs: programs.directory, password: credentials.password)
            logger.info("Postgres cluster is made")
        }
        let present = try await presentAddresses()
        guard await blocking.run({ ClusterAddress.canBind(ClusterSettings.loopback, port: credentials.port) }) else {
            throw PlatformError(
                .databaseUnavailable, "port \(credentials.port) of Postgres is in use by another program")
        }
        let arguments = ClusterSettings.arguments(
            root: initializer.launcher.root, version: programs.version, port: credentials.port,
            addresses: addresses.filter(present.contains), maximumConnections: configuration.maximumConnections)
        let postmaster = try await Postmaster.spawn(
            initializer.launcher.configuration("\(programs.directory)/postgres", arguments), log: layout.log)
        try await waitUntilReady(postmaster)
        return RunningCluster(postmaster: postmaster, credentials: credentials, isAdopted: false)
    }

    /// The cluster that an earlier run of the server left, if it listens where containers will ask.
    private func adopt() async throws -> RunningCluster? {
        let layout = layout
        guard let process = await blocking.run({ PostmasterFile.runningPostmaster(layout) }) else { return nil }
        let postmaster = Postmaster.adopt(process)
        let credentials = try await blocking.run {
            try ClusterCredentials.load(layout, addresses: [ClusterSettings.loopback])
        }
        try await waitUntilReady(postmaster)
        let addresses = addresses
        let isDeaf = await blocking.run {
            addresses.contains {
                ClusterAddress.canBind($0, port: 0) && !ClusterAddress.accepts($0, port: credentials.port)
            }
        }
        guard isDeaf else { return RunningCluster(postmaster: postmaster, credentials: credentials, isAdopted: true) }
        logger.warning("Postgres does not listen on every address and is started again")
        await postmaster.stop()
        return nil
    }

    /// Waits until the postmaster has said that it is ready. Stops it when the caller is cancelled meanwhile.
    private func waitUntilReady(_ postmaster: Postmaster) async throws {
        let deadline = ContinuousClock.now + .seconds(Self.readySeconds)
        let layout = layout
        while ContinuousClock.now < deadline {
            if let file = PostmasterFile.read(layout), file.pid == postmaster.process.pid, file.isReady { return }
            guard postmaster.process.isRunning else {
                throw PlatformError(
                    .databaseUnavailable, "Postgres did not start", cause: ClusterFile.lastLine(layout.log))
            }
            do { try await Task.sleep(for: .milliseconds(5)) } catch {
                await postmaster.stop()
                throw error
            }
        }
        await postmaster.stop()
        throw PlatformError(.databaseUnavailable, "Postgres was not ready within \(Int(Self.readySeconds)) s")
    }

    /// The addresses that the host has, after waiting a while for those that are to come (a bridge that is being made).
    private func presentAddresses() async throws -> Set<String> {
        let addresses = addresses
        let deadline = ContinuousClock.now + .seconds(configuration.addressSeconds)
        while true {
            let present = await blocking.run { addresses.filter { ClusterAddress.canBind($0, port: 0) } }
            if present.count == addresses.count { return Set(present) }
            if ContinuousClock.now >= deadline {
                let missing = addresses.filter { !present.contains($0) }.joined(separator: " ")
                logger.warning(
                    "Postgres starts without addresses that the host lacks", metadata: ["missing": "\(missing)"])
                return Set(present)
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// The installation that made the cluster, or the newest when there is none yet.
    private static func programs(_ layout: ClusterLayout) throws -> (version: Int, directory: String) {
        let installed = PostgresPrograms.installations()
        let kept = ClusterFile.read("\(layout.data)/PG_VERSION")
        let found = kept.map { version in installed.first { String($0.version) == version } } ?? installed.first
        guard let found else {
            let package = kept.map { "postgresql-\($0)" } ?? "postgresql"
            throw PlatformError(.databaseUnavailable, "Postgres is not installed: apt install \(package)")
        }
        return found
    }
}
