import NIOCore
import NIOSSL
import NIOTLS

/// What a new connection goes through before its first request: the caps, the PROXY header, TLS.
struct ConnectionSetup: Sendable {
    let configuration: RouterConfiguration
    let certificates: CertificateStore?
    let counter: ConnectionCounter

    /// Runs on the connection's event loop. Throws when the connection is not taken.
    func begin(_ channel: StreamChannel, worker: Worker, isSecure: Bool) throws {
        let address = channel.remoteAddress?.ipAddress ?? ""
        let isTrusted = isProxy(address)
        guard configuration.usesProxyProtocol else {
            if !isTrusted { try count(address, channel) }
            if !isSecure, !configuration.acceptsPlainHTTP2 {
                let forwarding = ForwardingFields(address: address, isSecure: false, isTrusted: isTrusted)
                return channel.attach(FrontHandler(worker: worker, forwarding: forwarding))
            }
            return try proceed(
                channel.pipeline.syncOperations, worker, address: address, isTrusted: isTrusted, isSecure: isSecure)
        }
        guard isTrusted || configuration.trustedProxies.isEmpty else {
            throw ChannelError.inappropriateOperationForState
        }
        try channel.pipeline.syncOperations.addHandler(
            ProxyHeaderHandler(worker: worker) { pipeline, client in
                // The proxy holds many connections: its clients are counted.
                if let client { try count(client, channel) }
                // What follows is the client's own, passed through: the proxy has not seen it.
                let isTrusted = client.map(isProxy) ?? false
                try proceed(pipeline, worker, address: client ?? address, isTrusted: isTrusted, isSecure: isSecure)
            })
    }

    private func isProxy(_ address: String) -> Bool { configuration.trustedProxies.contains { $0.contains(address) } }

    /// Throws when the address has as many connections as it may have.
    private func count(_ address: String, _ channel: StreamChannel) throws {
        guard configuration.countsLoopback || !Self.isLoopback(address) else { return }
        let key = ConnectionCounter.key(address)
        guard counter.begin(key, limit: configuration.maximumConnectionsPerAddress) else {
            throw ChannelError.inappropriateOperationForState
        }
        channel.closeFuture.whenComplete { [counter] _ in counter.end(key) }
    }

    private static func isLoopback(_ address: String) -> Bool { address.hasPrefix("127.") || address == "::1" }

    private func proceed(
        _ pipeline: ChannelPipeline.SynchronousOperations, _ worker: Worker, address: String, isTrusted: Bool,
        isSecure: Bool
    ) throws {
        let forwarding = ForwardingFields(address: address, isSecure: isSecure, isTrusted: isTrusted)
        guard isSecure, let certificates else {
            guard configuration.acceptsPlainHTTP2 else {
                return try pipeline.addHandler(FrontHandler(worker: worker, forwarding: forwarding))
            }
            return try pipeline.addHandler(PrefaceHandler(worker: worker, forwarding: forwarding))
        }
        let setup = SecureSetupHandler(worker: worker, forwarding: forwarding)
        let hello = ByteToMessageHandler(
            SNIHandler { result in
                pipeline.eventLoop.makeCompletedFuture {
                    var name: String?
                    if case .hostname(let host) = result { name = host.lowercased() }
                    guard let context = certificates.context(for: name) else {
                        throw NIOSSLError.handshakeFailed(.noError)
                    }
                    setup.serverName = name
                    try pipeline.addHandler(
                        NIOSSLServerHandler(context: context, configuration: .giving), position: .before(setup))
                }
            })
        try pipeline.addHandlers([hello, setup])
    }
}

/// Waits for the end of the TLS handshake, then for what the client chose by ALPN (RFC 7301).
final class SecureSetupHandler: ChannelInboundHandler, RemovableChannelHandler, TimedConnection {
    typealias InboundIn = ByteBuffer

    var registration = -1
    private(set) var deadline = TickClock.never
    /// Lower case; known before the handshake goes on.
    var serverName: String?
    private let worker: Worker
    private let forwarding: ForwardingFields
    private var context: ChannelHandlerContext?

    init(worker: Worker, forwarding: ForwardingFields) {
        self.worker = worker
        self.forwarding = forwarding
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        deadline = worker.clock.deadline(ticks: worker.times.header)
        worker.register(self)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        worker.unregister(self)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case TLSUserEvent.handshakeCompleted(let chosen)? = event as? TLSUserEvent {
            let next: any ChannelHandler =
                chosen == "h2"
                ? HTTP2Connection(worker: worker, forwarding: forwarding, serverName: serverName)
                : FrontHandler(worker: worker, forwarding: forwarding)
            do {
                try context.pipeline.syncOperations.addHandler(next, position: .after(self))
                context.pipeline.syncOperations.removeHandler(self, promise: nil)
            } catch {
                context.close(promise: nil)
            }
            return
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    // MARK: - TimedConnection

    func deadlinePassed() { context?.close(promise: nil) }
    func closeIfIdle() { context?.close(promise: nil) }
    func cut() { context?.close(promise: nil) }
}

extension NIOSSLHandler.Configuration {
    /// Memory for what is encrypted is given back after a large write.
    fileprivate static var giving: Self {
        var configuration = Self()
        configuration.maximumPreservedOutboundBufferCapacity = 64 * 1024
        return configuration
    }
}
