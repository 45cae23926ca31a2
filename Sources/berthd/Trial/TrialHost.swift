import Blocking
import Builder
import Control
import Core
import Foundation
import Git
import Glibc
import Logging
import Runner

/// What a trial has on the machine: a temporary data folder, a network and a runner of its own.
struct TrialHost {
    let folder: DataFolder
    let repositories: RepositoryStore
    let runner: ContainerRunner
    let builder: ReleaseBuilder
    let rootfs: RootfsStore

    /// Makes all of it, or leaves nothing behind.
    static func make(_ catalog: TemplateCatalog, logger: Logger) async throws -> TrialHost {
        let name = "berth-try-\(ID<DataFolder>().hex.prefix(8))"
        let folder = DataFolder(root: FileManager.default.temporaryDirectory.appendingPathComponent(name).path)
        guard mkdir(folder.root, 0o700) == 0 else {
            throw PlatformError(.unavailable, "\(folder.root) cannot be made: \(String(cString: strerror(errno)))")
        }
        do {
            try folder.prepare()
            let repositories = try RepositoryStore(
                configuration: RepositoryConfiguration(root: folder.repositories),
                pool: BlockingPool(label: "git", width: 2))
            try DataFolder.prepareRuntimeRoot()
            let runner = try await runner(folder, logger: logger)
            let rootfs = RootfsStore(directory: folder.rootfs, node: try folder.node(), logger: logger)
            var configuration = BuilderConfiguration(
                releases: folder.releases, dependencies: folder.dependencies, caches: folder.caches)
            configuration.volumes = folder.volumes
            configuration.instanceCaps = ControlConfiguration().instanceCaps
            let builder = ReleaseBuilder(
                configuration: configuration,
                repository: repositories, runner: runner, catalog: catalog,
                rootfs: rootfs,
                pool: BlockingPool(label: "builder", width: 2), logger: logger)
            return TrialHost(
                folder: folder, repositories: repositories, runner: runner, builder: builder, rootfs: rootfs)
        } catch {
            try? FileManager.default.removeItem(atPath: folder.root)
            throw error
        }
    }

    /// Stops every container and removes everything. Throws when the temporary folder does not go.
    func remove() async throws {
        await rootfs.close()
        await runner.removeAll()
        try FileManager.default.removeItem(atPath: folder.root)
    }

    /// A runner whose network is up, in a range that no interface had.
    private static func runner(_ folder: DataFolder, logger: Logger) async throws -> ContainerRunner {
        let node = try folder.node()
        var conflict: any Error = PlatformError(.conflict, "no range of addresses is free for the containers")
        for number in (0...255).shuffled() {
            guard let subnet = IPv4Subnet("10.199.\(number).0/24") else { continue }
            var configuration = RunnerConfiguration(
                node: node, runtimeDirectory: try folder.runtimeDirectory(), logDirectory: folder.instanceLogs,
                bridge: "berth-\(node)", subnet: subnet, readyNetworks: 0)
            configuration.rootfsDirectory = folder.rootfs
            let network = ContainerNetwork(configuration: configuration, logger: logger)
            do throws(PlatformError) {
                try await network.prepare()
                // Another trial that chose the same range meanwhile is seen now.
                try await network.prepare()
                return try ContainerRunner(configuration: configuration, network: network, logger: logger)
            } catch {
                await network.remove()
                try? FileManager.default.removeItem(atPath: configuration.runtimeDirectory)
                guard error.code == .conflict else { throw error }
                conflict = error
            }
        }
        throw conflict
    }
}
