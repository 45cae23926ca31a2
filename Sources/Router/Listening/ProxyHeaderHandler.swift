import NIOCore

/// Takes the PROXY header off the front of a connection.
final class ProxyHeaderHandler: ChannelInboundHandler, RemovableChannelHandler, TimedConnection {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    var registration = -1
    private(set) var deadline = TickClock.never
    private let worker: Worker
    private let proceed: (ChannelPipeline.SynchronousOperations, String?) throws -> Void
    private var pending = ByteBuffer()
    private var context: ChannelHandlerContext?

    /// - Parameter proceed: adds what comes behind, given the client's address when the header has one.
    init(worker: Worker, _ proceed: @escaping (ChannelPipeline.SynchronousOperations, String?) throws -> Void) {
        self.worker = worker
        self.proceed = proceed
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

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        pending.writeBuffer(&buffer)
        switch pending.withUnsafeReadableBytes({ ProxyHeader.parse($0) }) {
        case .needsMore: break
        case .refused: context.close(promise: nil)
        case .complete(let address, let length):
            pending.moveReaderIndex(forwardBy: length)
            do {
                let pipeline = context.pipeline.syncOperations
                try proceed(pipeline, address)
                if pending.readableBytes > 0 {
                    context.fireChannelRead(wrapInboundOut(pending))
                    context.fireChannelReadComplete()
                }
                pipeline.removeHandler(self, promise: nil)
            } catch {
                context.close(promise: nil)
            }
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed? = event as? ChannelEvent { context.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    // MARK: - TimedConnection

    func deadlinePassed() { context?.close(promise: nil) }
    func closeIfIdle() { context?.close(promise: nil) }
    func cut() { context?.close(promise: nil) }
}

/// Tells HTTP/2 from HTTP/1.1 by the first bytes (RFC 9113 section 3.3).
final class PrefaceHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let worker: Worker
    private let forwarding: ForwardingFields

    init(worker: Worker, forwarding: ForwardingFields) {
        self.worker = worker
        self.forwarding = forwarding
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        let start = HTTP2Frame.preface.prefix(4)
        let isNew = buffer.readableBytesView.prefix(start.count).elementsEqual(start.prefix(buffer.readableBytes))
        let next: any ChannelHandler =
            isNew
            ? HTTP2Connection(worker: worker, forwarding: forwarding, serverName: nil)
            : FrontHandler(worker: worker, forwarding: forwarding)
        do {
            try context.pipeline.syncOperations.addHandler(next, position: .after(self))
            context.fireChannelRead(wrapInboundOut(buffer))
            context.pipeline.syncOperations.removeHandler(self, promise: nil)
        } catch {
            context.close(promise: nil)
        }
    }
}
