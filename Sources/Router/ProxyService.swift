import Core
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

/// The router: takes every connection from outside and passes each request to where its hostname leads.
public final class ProxyService: Service {
    private struct Running {
        let group: MultiThreadedEventLoopGroup
        let threads: NIOThreadPool
        let listener: any NIOCore.Channel
        let workers: [WorkerHandle]
    }

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
    public var port: Int? { running.withLock { $0?.listener.localAddress?.port } }

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

    /// Opens the listener; requests are answered when it returns. Fine when it has been started before. Throws `.invalid`
    /// for an address that is none, `.unavailable` when the address cannot be listened on.
    public func start() async throws(PlatformError) {
        guard running.withLock({ $0 == nil }) else { return }
        let address: SocketAddress
        do {
            address = try SocketAddress(ipAddress: configuration.host, port: configuration.port)
        } catch {
            throw .invalid("the router cannot listen on \"\(configuration.host)\": not an IP address")
        }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: max(1, configuration.workers))
        let threads = NIOThreadPool(numberOfThreads: max(1, configuration.fileThreads))
        threads.start()
        do {
            let workers = try await makeWorkers(group, threads)
            let listener = try await bootstrap(group, workers).bind(to: address).get()
            routes.attach(workers)
            running.withLock {
                $0 = Running(group: group, threads: threads, listener: listener, workers: workers)
            }
        } catch {
            try? await threads.shutdownGracefully()
            try? await group.shutdownGracefully()
            throw PlatformError(
                .unavailable, "the router cannot listen on \(configuration.host):\(configuration.port)",
                cause: String(describing: error))
        }
        logger.info("router listens", metadata: ["host": "\(configuration.host)", "port": "\(port ?? 0)"])
    }

    /// Stops accepting, lets open requests finish for at most `limit`, then closes everything.
    public func shutdown(within limit: Duration) async {
        let stopping = running.withLock { running in
            defer { running = nil }
            return running
        }
        guard let stopping else { return }
        try? await stopping.listener.close().get()
        var cut = 0
        let closing = stopping.workers.map { handle in
            handle.eventLoop.flatSubmit { handle.worker.value.close(within: limit) }
        }
        for future in closing { cut += (try? await future.get()) ?? 0 }
        routes.attach([])
        try? await stopping.group.shutdownGracefully()
        try? await stopping.threads.shutdownGracefully()
        logger.info("router stopped", metadata: ["cut": "\(cut)"])
    }

    private func makeWorkers(
        _ group: MultiThreadedEventLoopGroup, _ threads: NIOThreadPool
    ) async throws -> [WorkerHandle] {
        let files = SiteFiles(
            cache: routes.siteCache, pool: threads, maximumCached: configuration.maximumCachedFile)
        var workers: [WorkerHandle] = []
        for eventLoop in group.makeIterator() {
            let bound = try await eventLoop.submit { [configuration, routes, logger] in
                NIOLoopBound(
                    Worker(
                        eventLoop: eventLoop, configuration: configuration, routes: routes, files: files,
                        logger: logger), eventLoop: eventLoop)
            }.get()
            workers.append(WorkerHandle(worker: bound, eventLoop: eventLoop))
        }
        return workers
    }

    private func bootstrap(_ group: MultiThreadedEventLoopGroup, _ workers: [WorkerHandle]) -> ServerBootstrap {
        let byLoop = Dictionary(
            workers.map { (ObjectIdentifier($0.eventLoop), $0.worker) }, uniquingKeysWith: { first, _ in first })
        return ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 4096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelOption(.recvAllocator, value: ReadSizes.allocator)
            .childChannelOption(.writeBufferWaterMark, value: ReadSizes.waterMark(configuration))
            // A client may stop sending and still wait for its answer.
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let worker = byLoop[ObjectIdentifier(channel.eventLoop)]?.value else {
                        throw ChannelError.inappropriateOperationForState
                    }
                    let forwarding = ForwardingFields(client: channel.remoteAddress, scheme: "http")
                    try channel.pipeline.syncOperations.addHandler(
                        FrontHandler(worker: worker, forwarding: forwarding))
                }
            }
    }
}
