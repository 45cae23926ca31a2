import API
import Blocking
import Builder
import Control
import Core
import Dashboard
import Foundation
import Git
import GitServer
import Hummingbird
import Logging
import NIOPosix
import Postgres
import Router
import Runner
import ServiceLifecycle
import Store

/// The whole server, wired by initialisers in one place, and the order in which its parts start and stop.
struct Composition {
    private let services: [ServiceGroupConfiguration.ServiceConfiguration]
    private let settings: Settings
    private let logger: Logger
    private let lock: DataLock

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

        var firstUser: (name: String, token: String)?
        if try await !control.users.hasUsers() {
            let token = try await control.users.add(name: settings.firstUser, isAdmin: true).token
            firstUser = (settings.firstUser, token.plaintext)
        }
        try await control.restore()
        let sockets = ServiceSockets(folder: folder)
        rooms.routes.publish(sockets.targets(settings.address))

        let router = ProxyService(
            configuration: rooms.routerConfiguration, routes: rooms.routes, logger: logger.labelled("berth.router"))
        let ready = ReadyService(
            control: control, router: router, provisioner: rooms.platform.provisioner, settings: settings, firstUser: firstUser, started: started,
            logger: logger)
        return Composition(
            services: try Self.services(rooms, control: control, sockets: sockets, router: router, ready: ready),
            settings: settings, logger: logger, lock: lock)
    }

    /// Runs until SIGTERM or SIGINT, then stops the parts in reverse order: running deploys and open requests get their
    /// time, instances go on.
    func run() async throws {
        var configuration = ServiceGroupConfiguration(
            services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        configuration.maximumGracefulShutdownDuration = .seconds(settings.shutdownSeconds + 10)
        try await ServiceGroup(configuration: configuration).run()
        withExtendedLifetime(lock) {}
    }

    /// What others depend on comes first.
    private static func services(
        _ rooms: Rooms, control: ControlPlane, sockets: ServiceSockets, router: ProxyService, ready: ReadyService
    ) throws -> [ServiceGroupConfiguration.ServiceConfiguration] {
        let group = MultiThreadedEventLoopGroup.singleton
        var services: [any Service] = []
        if let cluster = rooms.postgres?.cluster { services.append(cluster) }
        services.append(rooms.runner)
        services.append(
            PrivateServer(
                socketPath: sockets.api, responder: APIServer(control: control).router().buildResponder(),
                group: group, logger: rooms.logger.labelled("berth.api")))
        services.append(
            PrivateServer(
                socketPath: sockets.git,
                responder: rooms.gitRouter(gate: control.pushes).buildResponder(), group: group,
                logger: rooms.logger.labelled("berth.git")))
        services.append(
            PrivateServer(
                socketPath: sockets.dashboard,
                responder: try DashboardServer(control: control).router().buildResponder(), group: group,
                logger: rooms.logger.labelled("berth.dashboard")))
        services += [router, ready]
        return services.map { ServiceGroupConfiguration.ServiceConfiguration(service: $0) }
    }
}

extension Logger {
    func labelled(_ label: String) -> Logger {
        var logger = Logger(label: label)
        logger.logLevel = logLevel
        return logger
    }
}
