import Core
import Foundation
import Glibc
import Logging
import TestSupport
import Testing

@testable import Runner

/// A runner of its own on a bridge and a subnet of its own, with a folder for an app. `close` leaves nothing behind.
final class RunnerFixture: Sendable {
    let directory: TemporaryDirectory
    let configuration: RunnerConfiguration
    let network: ContainerNetwork
    let runner: ContainerRunner
    static let account: UInt32 = 41_234

    /// Subnets 10.200 to 10.249: apart from the default and, by the process' number, from other test processes.
    init(
        slot: Int = 0, reachablePorts: Set<UInt16> = [],
        configure: (inout RunnerConfiguration) throws -> Void = { _ in }
    ) async throws {
        directory = try TemporaryDirectory("runner")
        let number = (Int(getpid()) * 7 + slot) % 12_000
        let subnet = try #require(IPv4Subnet("10.\(200 + number / 250).\(number % 250).0/24"))
        let node = "t\(number)"
        var configuration = RunnerConfiguration(
            node: node, runtimeDirectory: directory.path("run"), logDirectory: directory.path("logs"),
            bridge: "bt\(number)", subnet: subnet, reachablePorts: reachablePorts, readyNetworks: 1)
        try configure(&configuration)
        self.configuration = configuration
        network = ContainerNetwork(configuration: configuration, logger: Self.logger)
        runner = try ContainerRunner(configuration: configuration, network: network, logger: Self.logger)
        try await network.prepare()
        try FileManager.default.createDirectory(atPath: app, withIntermediateDirectories: true)
        chown(app, Self.account, Self.account)
    }

    static let logger: Logger = {
        var logger = Logger(label: "runner.tests")
        logger.logLevel = ProcessInfo.processInfo.environment["RUNNER_TEST_LOG"] == nil ? .critical : .debug
        return logger
    }()

    var app: String { directory.path("app") }
    var paths: RuntimePaths { RuntimePaths(directory: configuration.runtimeDirectory, node: configuration.node) }

    /// A second object on the same folders, as a restarted server has.
    func restarted() throws -> (runner: ContainerRunner, network: ContainerNetwork) {
        let network = ContainerNetwork(configuration: configuration, logger: Self.logger)
        return (try ContainerRunner(configuration: configuration, network: network, logger: Self.logger), network)
    }

    func write(_ name: String, _ text: String) throws {
        try text.write(toFile: "\(app)/\(name)", atomically: true, encoding: .utf8)
    }

    func specification(
        _ command: [String], id: ID<Instance> = ID(), environment: [String: String] = [:], port: Int = 8080,
        readySeconds: Int = 20, graceSeconds: Int = 5, memory: Int = 256 << 20
    ) -> InstanceSpecification {
        var limits = ContainerLimits.instanceDefault
        limits.memory = memory
        return InstanceSpecification(
            id: id, channel: ID(), release: ID(), directory: app,
            plan: RunPlan(
                kind: .web, command: command, port: port, readySeconds: readySeconds, graceSeconds: graceSeconds),
            environment: environment, account: Self.account, limits: limits)
    }

    /// Starts `node -e`'s equivalent of a file that is written first.
    func startNode(
        _ script: String, id: ID<Instance> = ID(), environment: [String: String] = [:],
        log: any DeployLogSink = RecordingLogSink()
    ) async throws -> InstanceEndpoint {
        try write("\(id).js", script)
        return try await runner.start(
            specification(["node", "\(id).js"], id: id, environment: environment), log: log)
    }

    func task(
        _ script: String, id: String = UUID().uuidString, environment: [String: String] = [:], timeLimit: Int = 30,
        outputLimit: Int = 1 << 20, memory: Int = 256 << 20, processes: Int = 64, owner: ID<User>? = nil,
        disk: DiskLimit? = nil, cache: String? = nil, hasNetwork: Bool = true, rootfs: String? = nil,
        volumes: [VolumeMount] = [], volumeLimit: DiskLimit? = nil
    ) -> ContainerTask {
        ContainerTask(
            id: id, channel: ID(), directory: app, arguments: ["/bin/bash", "-c", script], environment: environment,
            account: Self.account,
            limits: ContainerLimits(memory: memory, milliCPU: 2000, processes: processes, temporary: 16 << 20),
            timeLimit: timeLimit, outputLimit: outputLimit, owner: owner, disk: disk, cache: cache,
            hasNetwork: hasNetwork, rootfs: rootfs, volumes: volumes, volumeLimit: volumeLimit)
    }

    /// Runs a script to its end and returns how it ended with all it wrote.
    func run(_ task: ContainerTask) async throws -> (exit: ContainerTaskExit, output: String) {
        let output = ByteCollector()
        let exit = try await runner.run(task) { output.append($0) }
        return (exit, output.text)
    }

    func run(_ script: String) async throws -> (exit: ContainerTaskExit, output: String) { try await run(task(script)) }

    func output(_ script: String) async throws -> String { try await run(task(script)).output }

    func exit(_ script: String) async throws -> ContainerTaskExit { try await run(task(script)).exit }

    func pid(of id: ID<Instance>) throws -> Int32 {
        try #require(ProcessIdentity(pidFile: paths.pidFile(InstanceRecord.name(id)))).pid
    }

    func close() async { await runner.removeAll() }
}

/// Makes a fixture, lends it, and cleans up whatever happens.
func withRunner<Result>(
    slot: Int = 0, reachablePorts: Set<UInt16> = [],
    configure: (inout RunnerConfiguration) throws -> Void = { _ in },
    _ body: (RunnerFixture) async throws -> Result
) async throws -> Result {
    let fixture = try await RunnerFixture(slot: slot, reachablePorts: reachablePorts, configure: configure)
    do {
        let result = try await body(fixture)
        await fixture.close()
        return result
    } catch {
        await fixture.close()
        throw error
    }
}
