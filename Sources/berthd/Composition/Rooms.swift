import Blocking
import Builder
import Control
import Core
import Foundation
import Git
import GitServer
import Hooks
import Hummingbird
import Logging
import Postgres
import Router
import Runner
import Store

/// The adapters behind Core's ports, opened.
struct Rooms {
    let platform: Platform
    let network: ContainerNetwork
    let runner: ContainerRunner
    let rootfs: RootfsStore
    let rootfsCollection: RootfsCollection
    /// `nil` where users may take any room.
    let userDisk: UserDiskCount?
    /// What the operator's hooks run in.
    let hooks: ProgramGroup
    let postgres: PostgresPlatform?
    let routes: RouteTableBox
    let repositories: RepositoryStore
    let gitConfiguration: GitServerConfiguration
    let routerConfiguration: RouterConfiguration
    let logger: Logger

    static func open(_ settings: Settings, folder: DataFolder, logger: Logger) async throws -> Rooms {
        try folder.prepareRuntime(settings)
        let database = try await SQLiteDatabase.open(dataDirectory: folder.root)
        var git = RepositoryConfiguration(root: folder.repositories)
        var gitServer = GitServerConfiguration(version: BerthVersion.text)
        settings.git.apply(to: &gitServer, &git.receive)
        git.indexHelper = IndexHelper(
            program: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
        git.diskRoom = { [path = folder.repositories, reserve = settings.shares.diskReserve << 20] in
            FileSystemRoom.at(path).map { $0.free - reserve }
        }
        let repositories = try RepositoryStore(
            configuration: git,
            pool: BlockingPool(label: "git", width: 8))
        await repositories.sweep()

        var configured = ShareSettings.Targets(
            runner: try RunnerSettings.configuration(settings, folder: folder),
            builder: BuilderConfiguration(
                releases: folder.releases, dependencies: folder.dependencies, caches: folder.caches),
            control: ControlConfiguration())
        settings.shares.apply(to: &configured)
        let instanceMemory = settings.instanceMemory << 20
        configured.control.instanceLimits.memory = instanceMemory
        configured.control.instanceCaps.memory = max(configured.control.instanceCaps.memory, instanceMemory)
        configured.builder.instanceCaps = configured.control.instanceCaps
        configured.builder.server = try settings.address
        configured.builder.volumes = folder.volumes
        configured.builder.diskRoom = { FileSystemRoom.at(folder.releases) }
        let runnerConfiguration = configured.runner
        let network = ContainerNetwork(configuration: runnerConfiguration, logger: logger.labelled("berth.network"))
        let runner = try ContainerRunner(
            configuration: runnerConfiguration, network: network, logger: logger.labelled("berth.runner"))
        let rootfs = RootfsStore(
            directory: folder.rootfs, node: runnerConfiguration.node, logger: logger.labelled("berth.rootfs"))
        let builder = ReleaseBuilder(
            configuration: configured.builder, repository: repositories, runner: runner,
            catalog: try TemplateCatalog(builtIn: settings.builtInTemplates, operatorFolder: settings.templates),
            rootfs: rootfs,
            pool: BlockingPool(label: "builder", width: 4), logger: logger.labelled("berth.builder"))
        let postgres = try postgres(settings, folder: folder, network: network, logger: logger)
        let routes = RouteTableBox(formerFilesPath: folder.formerFiles)

        var control = configured.control
        control.drainSeconds = settings.drainSeconds
        control.watchTime = .seconds(settings.watchSeconds)
        control.buildSlots = settings.buildSlots
        control.reconcileInterval = .seconds(settings.reconcileSeconds)
        var router = RouterConfiguration()
        let handedBodies = HandedBodies()
        router.handedBodies = handedBodies
        gitServer.handedBodies = handedBodies
        router.host = settings.listen.host
        router.port = settings.listen.port
        router.workers = settings.workers
        router.domain = settings.domain
        settings.router.apply(to: &router)
        router.drain = .seconds(settings.shutdownSeconds / 2)
        // No request is told to come again while the gap that it waits in may still end well.
        router.switchTimeout = control.longestGap

        let hooks = ProgramGroup.hooks(node: runnerConfiguration.node)
        // What a server that was killed was running.
        hooks.empty()
        var hookConfiguration = HooksConfiguration(folder: settings.hooks)
        hookConfiguration.command = { hooks.command($0) }

        let userDisk = control.userDiskBytes.map { _ in
            // The reconciler's rounds look at much less.
            UserDiskCount(
                database: database, folder: folder, interval: .seconds(settings.reconcileSeconds * 10),
                logger: logger.labelled("berth.disk"))
        }

        let platform = Platform(
            users: SQLiteUserStore(database), tokens: SQLiteTokenStore(database),
            invites: SQLiteInviteStore(database), apps: SQLiteAppStore(database),
            channels: SQLiteChannelStore(database), deploys: SQLiteDeployStore(database),
            releases: SQLiteReleaseStore(database), instances: SQLiteInstanceStore(database),
            environment: SQLiteEnvironmentStore(database), databases: SQLiteDatabaseStore(database),
            statistics: SQLiteStatisticsStore(database), events: SQLiteEventStore(database),
            deployLogs: try FileDeployLogStore(dataDirectory: folder.root),
            repository: repositories,
            builder: builder,
            volumes: FolderVolumes(directory: folder.volumes, pool: BlockingPool(label: "volumes", width: 1)),
            runner: runner, meter: runner.meter, routes: routes,
            provisioner: postgres.map { ReachableProvisioner(provisioner: $0.provisioner, network: network) },
            hooks: OperatorHooks(configuration: hookConfiguration, logger: logger.labelled("berth.hooks")),
            dataVersion: { database.currentVersion }, diskRoom: { FileSystemRoom.at(folder.releases) },
            // The folder is made with the first volume; an operator may have it on a disk of its own.
            volumeRoom: { FileSystemRoom.at(folder.volumes) ?? FileSystemRoom.at(folder.root) },
            userDisk: { user in userDisk?.use(of: user) },
            address: try settings.address, configuration: control, pass: CrashFile(path: settings.crashFile).pass,
            now: { Date() },
            logger: logger.labelled("berth.control"))
        let collection = RootfsCollection(
            store: rootfs, releases: platform.releases, templates: builder.rootfsKeys,
            logger: logger.labelled("berth.rootfs"))
        return Rooms(
            platform: platform, network: network, runner: runner, rootfs: rootfs, rootfsCollection: collection,
            userDisk: userDisk, hooks: hooks, postgres: postgres, routes: routes, repositories: repositories,
            gitConfiguration: gitServer, routerConfiguration: router, logger: logger)
    }

    private static func postgres(
        _ settings: Settings, folder: DataFolder, network: ContainerNetwork, logger: Logger
    ) throws -> PostgresPlatform? {
        let logger = logger.labelled("berth.postgres")
        let extensions = try settings.postgresExtensions.map { (name) throws(PlatformError) in try ExtensionName(name) }
        switch settings.postgres {
        case "off": return nil
        case "own":
            let configuration = ClusterConfiguration(
                dataDirectory: folder.root, runtimeDirectory: try folder.postgresRuntimeDirectory(settings),
                gatewayAddresses: [network.gateway], containerSubnets: [settings.subnet])
            return try PostgresPlatform(.cluster(configuration), extensions: extensions, logger: logger)
        default:
            guard settings.postgres.hasPrefix("postgres://") || settings.postgres.hasPrefix("postgresql://") else {
                throw ConfigurationMistake("postgres", "must be own, off, or a postgresql:// URL")
            }
            return try PostgresPlatform(.external(url: settings.postgres), extensions: extensions, logger: logger)
        }
    }
}
