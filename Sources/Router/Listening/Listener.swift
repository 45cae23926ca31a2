import Core
import NIOCore
import NIOPosix

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Opens listening sockets: one for each event loop, between which the kernel shares connections out (SO_REUSEPORT), so that
/// no connection is handed from thread to thread.
struct Listener {
    let group: MultiThreadedEventLoopGroup
    let workers: [WorkerHandle]
    let setup: ConnectionSetup
    let configuration: RouterConfiguration

    /// Throws `.invalid` for what is no IP address.
    static func address(_ host: String, _ port: Int) throws(PlatformError) -> SocketAddress {
        do { return try SocketAddress(ipAddress: host, port: port) } catch {
            throw .invalid("the router cannot listen on \"\(host)\": not an IP address")
        }
    }

    /// How long nothing is accepted after an error: the socket stays readable, and without files or memory for a connection
    /// the next try would fail at once.
    static func pause(after error: IOError) -> TimeAmount? {
        [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(error.errnoCode) ? .seconds(1) : nil
    }

    func open(_ address: SocketAddress, isSecure: Bool) async throws -> [any NIOCore.Channel] {
        var listeners: [any NIOCore.Channel] = []
        do {
            // A shared socket would take an address over that another process listens on: the first one does not, and is
            // shared from then on. None is closed on the way: a program that is being started holds a copy of it until its
            // own image is loaded, and the copy listens.
            listeners.append(try await bind(address, workers[0], isShared: false, isSecure: isSecure))
            guard workers.count > 1 else { return listeners }
            try await listeners[0].setOption(Self.isShared, value: 1).get()
            for worker in workers.dropFirst() {
                let place = listeners[0].localAddress ?? address
                listeners.append(try await bind(place, worker, isShared: true, isSecure: isSecure))
            }
        } catch {
            for listener in listeners { try? await listener.close().get() }
            throw error
        }
        return listeners
    }

    private static let isShared = ChannelOptions.Types.SocketOption(
        level: .socket, name: .init(rawValue: SO_REUSEPORT))

    private func bind(
        _ address: SocketAddress, _ handle: WorkerHandle, isShared: Bool, isSecure: Bool
    ) async throws -> any NIOCore.Channel {
        let (setup, worker, waterMark) = (setup, handle.worker, ReadSizes.waterMark(configuration))
        return try await ServerBootstrap(group: handle.eventLoop)
            .serverChannelOption(.backlog, value: 4096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(Self.isShared, value: isShared ? 1 : 0)
            .serverChannelOption(.maxMessagesPerRead, value: 16)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        AcceptBackoffHandler(shouldForwardIOErrorCaught: false, backoffProvider: Listener.pause))
                }
            }
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    // Here and not as options of the bootstrap, which would be a future each.
                    if let options = channel.syncOptions {
                        try options.setOption(.recvAllocator, value: ReadSizes.allocator)
                        try options.setOption(.maxMessagesPerRead, value: ReadSizes.messages)
                        try options.setOption(.writeBufferWaterMark, value: waterMark)
                        // A client may stop sending and still wait for its answer.
                        try options.setOption(.allowRemoteHalfClosure, value: true)
                    }
                    try setup.begin(channel, worker: worker.value, isSecure: isSecure)
                }
            }
            .bind(to: address).get()
    }
}
