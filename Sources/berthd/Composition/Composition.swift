import API
import Control
import Core
import Dashboard
import Foundation
import GitServer
import Hummingbird
import Logging
import Postgres
import Router
import Runner
import ServiceLifecycle
import UnixSignals

/// The whole server, wired by initialisers in one place, and the order in which its parts start and stop.
struct Composition {
    private let services: [any Service]
    private let settings: Settings
    private let logger: Logger
    private let lock: DataLock
    private let hooks: ProgramGroup

    /// Opens the state, prepares the containers' network and finds what runs. Nothing listens yet.
    static func make(
        _ settings: Settings, logger: Logger, started: ContinuousClock.Instant
    ) async throws -> Composition {
        let folder = DataFolder(root: settings.data)
        try folder.prepare()
        let lock = try DataLock(folder)
        let rooms = try await Rooms.open(settings, folder: folder, logger: logger)
        let control = ControlPlane(rooms.platform)
        try await rooms.network.prepare()
        let leftovers = try await control.restore()

        let address = rooms.platform.address
        // Made when the listener is open: a start that fails must not use up the token, which is shown once.
        let banner = { @Sendable [name = settings.firstUser] () async throws -> String in
            var firstUser: (name: String, token: String)?
            if try await !control.users.hasUsers() {
                firstUser = (name, try await control.users.add(name: name, isAdmin: true).token.plaintext)
            }
            return Banner(address: address, firstUser: firstUser, took: started.duration(to: .now)).text
        }
        return Composition(
            services: try Self.services(
                rooms, control: control, leftovers: leftovers, settings: settings, folder: folder, banner: banner),
            settings: settings, logger: logger, lock: lock, hooks: rooms.hooks)
    }

    /// Runs until SIGTERM or SIGINT, then stops the parts in reverse order: running deploys and open requests get their
    /// time, instances go on.
    func run() async throws {
        var configuration = ServiceGroupConfiguration(
            // One that fails takes the others down in their order too: a private server that is cancelled while a
            // connection comes in would crash instead.
            services: services.map { .init(service: $0, failureTerminationBehavior: .gracefullyShutdownGroup) },
            gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        configuration.maximumGracefulShutdownDuration = .seconds(settings.shutdownSeconds + 10)
        configuration.maximumCancellationDuration = .seconds(10)
        defer {
            hooks.empty()
            withExtendedLifetime(lock) {}
        }
        try await ServiceGroup(configuration: configuration).run()
    }

    /// What others depend on comes first.
    private static func services(
        _ rooms: Rooms, control: ControlPlane, leftovers: Leftovers, settings: Settings, folder: DataFolder,
        banner: @escaping @Sendable () async throws -> String
    ) throws -> [any Service] {
        let sockets = ServiceSockets(folder: folder)
        rooms.routes.publish(sockets.targets(rooms.platform.address))
        let git = Router(context: BasicRequestContext.self, options: .autoGenerateHeadEndpoints)
        GitRoutes(
            store: rooms.repositories, gate: control.pushes,
            configuration: rooms.gitConfiguration, logger: rooms.logger.labelled("berth.git")
        ).add(to: git)
        let (opened, hasOpened) = AsyncStream<Void>.makeStream()
        let api = APIServer(control: control)
        let privateServers: [any Service] = [
            PrivateServer(
                socketPath: sockets.api, responder: api.router().buildResponder(),
                opened: hasOpened, logger: rooms.logger.labelled("berth.api")),
            PrivateServer(
                socketPath: sockets.git, responder: git.buildResponder(), opened: hasOpened,
                logger: rooms.logger.labelled("berth.git")),
            PrivateServer(
                socketPath: sockets.dashboard,
                responder: try DashboardServer(control: control).router().buildResponder(), opened: hasOpened,
                logger: rooms.logger.labelled("berth.dashboard")),
        ]
        let front = FrontService(
            control: control, leftovers: leftovers,
            router: ProxyService(
                configuration: configuration(rooms, api), routes: rooms.routes,
                logger: rooms.logger.labelled("berth.router")),
            opened: opened, privateServers: privateServers.count, banner: banner,
            logger: rooms.logger.labelled("berth.router"))
        let cluster: [any Service] = rooms.postgres?.cluster.map { [$0] } ?? []
        let maintenance = MaintenanceService(
            store: rooms.repositories, interval: .seconds(settings.maintenanceSeconds),
            logger: rooms.logger.labelled("berth.git"))
        let userDisk: [any Service] = rooms.userDisk.map { [$0] } ?? []
        return cluster + [rooms.runner, rooms.rootfs, rooms.rootfsCollection, maintenance] + userDisk + privateServers
            + [front, ControlService(control: control, grace: .seconds(settings.shutdownSeconds / 2))]
    }

    /// The router may answer for the API what it has answered before; with the level `debug` the API is asked and logs it.
    private static func configuration(_ rooms: Rooms, _ api: APIServer) -> RouterConfiguration {
        var configuration = rooms.routerConfiguration
        guard rooms.logger.logLevel > .debug else { return configuration }
        configuration.knownAnswer = { service, path, credential in
            service == ServiceSockets.apiName ? api.knownAnswer(path: path, credential: credential) : nil
        }
        return configuration
    }
}

extension Logger {
    /// The same level under another label.
    func labelled(_ label: String) -> Logger {
        var logger = Logger(label: label)
        logger.logLevel = logLevel
        return logger
    }
}
