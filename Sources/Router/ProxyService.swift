import Core
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

/// The router: takes every connection from outside and passes each request to where its hostname leads.
public final class ProxyService: Service {
    private struct Running {
        let group: SocketLoopGroup
        let threads: NIOThreadPool
        let lookups: NIOThreadPool
        let listeners: [ListeningSocket]
        let secureListeners: [ListeningSocket]
        let workers: [WorkerHandle]
        let tasks: [RepeatedTask]
        let accessLog: AccessLog?
    }

    /// Of all event loops together.
    private static let lookupThreads = 4

    private let configuration: RouterConfiguration
    private let routes: RouteTableBox
    private let logger: Logger
    private let running = Mutex<Running?>(nil)

    /// - Parameter routes: the box that the routes are published to.
    public init(configuration: RouterConfiguration, routes: RouteTableBox, logger: Logger) {
        self.configuration = configuration
        self.routes = routes
        self.logger = logger
    }

    /// The port that is listened on, `nil` when it is not.
    public var port: Int? { running.withLock { $0?.listeners.first?.address.port } }

    /// The port that TLS is spoken on, `nil` when it is not.
    public var securePort: Int? { running.withLock { $0?.secureListeners.first?.address.port } }

    /// The threads that read files, while it runs.
    var fileThreads: NIOThreadPool? { running.withLock { $0?.threads } }

    /// Listens until graceful shutdown, then lets open requests finish, at most for the configured time.
    public func run() async throws {
        try await start()
        do {
            try await gracefulShutdown()
            await shutdown(within: configuration.drain)
        } catch {
            await shutdown(within: .zero)
        }
    }

    /// Opens the listeners; requests are answered when it returns. Fine when it has been started before. Throws `.invalid`
    /// for an address that is none or certificates that cannot be used, `.unavailable` when an address cannot be listened
    /// on.
    public func start() async throws(PlatformError) {
        guard running.withLock({ $0 == nil }) else { return }
        let address = try Listener.address(configuration.host, configuration.port)
        let secure = try configuration.secure.map { (secure) throws(PlatformError) in
            try Listener.address(secure.host, secure.port)
        }
        let group: SocketLoopGroup
        do { group = try await SocketLoopGroup(count: configuration.workers) } catch {
            throw PlatformError(.unavailable, "the router cannot start its threads", cause: String(describing: error))
        }
        let threads = NIOThreadPool(numberOfThreads: max(1, configuration.fileThreads))
        let lookups = NIOThreadPool(numberOfThreads: Self.lookupThreads)
        threads.start()
        lookups.start()
        do {
            let certificates = try await certificates(threads)
            try await setOperatorRoutes(threads)
            let accessLog = try configuration.accessLog.map { (path) throws(PlatformError) in
                try AccessLog(path: path, logger: logger)
            }
            let workers = try await makeWorkers(group, threads, lookups, accessLog)
            let setup = ConnectionSetup(
                configuration: configuration, certificates: certificates, counter: ConnectionCounter())
            let listener = Listener(workers: workers, setup: setup, configuration: configuration)
            let plain = try await listener.open(address, isSecure: false)
            var encrypted: [ListeningSocket] = []
            if let secure { encrypted = try await listener.open(secure, isSecure: true) }
            routes.attach(workers)
            let tasks = [
                certificates.flatMap { reload($0, on: group, threads) }, resolveAgain(on: group, threads),
            ].compactMap { $0 }
            running.withLock {
                $0 = Running(
                    group: group, threads: threads, lookups: lookups, listeners: plain, secureListeners: encrypted,
                    workers: workers, tasks: tasks, accessLog: accessLog)
            }
        } catch {
            try? await threads.shutdownGracefully()
            try? await lookups.shutdownGracefully()
            await group.shutdown()
            if let error = error as? PlatformError { throw error }
            throw PlatformError(
                .unavailable, "the router cannot listen on \(configuration.host):\(configuration.port)",
                cause: String(describing: error))
        }
        logger.info(
            "router listens",
            metadata: ["host": "\(configuration.host)", "port": "\(port ?? 0)", "tls": "\(securePort ?? 0)"])
    }

    /// Requests are written to a file.
    public var keepsAccessLog: Bool { configuration.accessLog.map { $0 != "-" } ?? false }

    /// Goes on in a new access log: whoever moves the file away says so by this, or by the move alone.
    public func reopenAccessLog() { running.withLock { $0?.accessLog }?.reopen() }

    private func setOperatorRoutes(_ threads: NIOThreadPool) async throws {
        let list = configuration.routes
        guard !list.isEmpty else { return }
        let found = try await threads.runIfActive {
            try list.map { ($0.host, try $0.address()) }
        }
        routes.setOperatorRoutes(Dictionary(found) { $1 })
    }

    /// Looks the names of the operator's upstreams up again now and then. One that is not found keeps its address.
    private func resolveAgain(on group: SocketLoopGroup, _ threads: NIOThreadPool) -> RepeatedTask? {
        let list = configuration.routes.filter(\.isNamed)
        guard !list.isEmpty else { return nil }
        let interval = TimeAmount(configuration.resolveInterval)
        return group.first.scheduleRepeatedTask(initialDelay: interval, delay: interval) { [routes] _ in
            threads.submit { _ in
                let found = list.compactMap { route in (try? route.address()).map { (route.host, $0) } }
                routes.updateOperatorRoutes(Dictionary(found) { $1 })
            }
        }
    }

    private func certificates(_ threads: NIOThreadPool) async throws -> CertificateStore? {
        guard let folder = configuration.secure?.certificates else { return nil }
        return try await threads.runIfActive { [logger] in try CertificateStore(folder: folder, logger: logger) }
    }

    /// Looks for changed certificates now and then.
    private func reload(
        _ certificates: CertificateStore, on group: SocketLoopGroup, _ threads: NIOThreadPool
    ) -> RepeatedTask? {
        guard let interval = configuration.secure.map({ TimeAmount($0.reloadInterval) }) else { return nil }
        return group.first.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
            threads.submit { _ in _ = certificates.reload() }
        }
    }

    /// Stops accepting, lets open requests finish for at most `limit`, then closes everything.
    public func shutdown(within limit: Duration) async {
        let stopping = running.withLock { running in
            defer { running = nil }
            return running
        }
        guard let stopping else { return }
        for task in stopping.tasks { task.cancel() }
        for listener in stopping.listeners + stopping.secureListeners { await listener.close() }
        var cut = 0
        let closing = stopping.workers.map { handle in
            handle.eventLoop.flatSubmit { handle.worker.value.close(within: limit) }
        }
        for future in closing { cut += (try? await future.get()) ?? 0 }
        routes.attach([])
        if let accessLog = stopping.accessLog {
            for handle in stopping.workers {
                try? await handle.eventLoop.submit { handle.worker.value.flushLog() }.get()
            }
            await accessLog.finish()
        }
        await stopping.group.shutdown()
        try? await stopping.threads.shutdownGracefully()
        try? await stopping.lookups.shutdownGracefully()
        logger.info("router stopped", metadata: ["cut": "\(cut)"])
    }

    private func makeWorkers(
        _ group: SocketLoopGroup, _ threads: NIOThreadPool, _ lookups: NIOThreadPool,
        _ accessLog: AccessLog?
    ) async throws -> [WorkerHandle] {
        let files = SiteFiles(
            cache: routes.siteCache, pool: threads, maximumCached: configuration.maximumCachedFile)
        var workers: [WorkerHandle] = []
        for eventLoop in group.loops {
            let bound = try await eventLoop.submit { [configuration, routes, logger] in
                NIOLoopBound(
                    Worker(
                        eventLoop: eventLoop, configuration: configuration, routes: routes, files: files,
                        lookups: lookups, accessLog: accessLog, logger: logger), eventLoop: eventLoop)
            }.get()
            workers.append(WorkerHandle(worker: bound, eventLoop: eventLoop))
        }
        return workers
    }
}
