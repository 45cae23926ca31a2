import NIOCore

/// A client's connection: reads requests, one at a time, and sees that each is answered.
///
/// Everything runs on the connection's event loop, as does the upstream connection that it talks to. The other files of
/// this type hold the steps: taking heads, passing on, answering from files, closing.
final class FrontHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    enum Phase: Equatable {
        /// Between requests, or in the middle of a head.
        case head
        /// Claimed; waits for a connection to the upstream.
        case connecting
        /// The head went to the upstream.
        case exchanging
        /// Our own answer waits for a file.
        case answering
        /// Upgraded: bytes go both ways as they are.
        case glued
        /// The last answer is written; what the client still sends is thrown away until it stops.
        case lingering
        case closed
    }

    let worker: Worker
    /// Lines that tell upstreams who the client is; the same for every request of the connection.
    let forwarding: ForwardingFields
    var phase = Phase.head
    var context: ChannelHandlerContext?
    /// Received and not yet dealt with.
    var pending = ByteBuffer()
    var parser: RequestHeadParser
    var hosts = HostMemory()
    var exchange: Exchange?
    var upstream: UpstreamHandler?
    var attempt: UpstreamAttempt?
    /// The tick at which `deadlinePassed` is called.
    var deadline = TickClock.never
    /// Place in the worker's list.
    var registration = -1
    /// The client sends no more.
    var isInputClosed = false
    /// The last byte for the client has been handed to the kernel.
    var isOutputDone = false
    /// The deadline is that of the head that has begun to come.
    var isHeadTimed = false
    private var isReadHeld = false
    private var needsFlush = false

    /// What may wait here from a client that sends requests ahead of the answers.
    static let maximumAhead = 64 * 1024

    init(worker: Worker, forwarding: ForwardingFields) {
        self.worker = worker
        self.forwarding = forwarding
        let configuration = worker.configuration
        parser = RequestHeadParser(
            limits: .init(
                requestLine: configuration.maximumRequestLine, head: configuration.maximumHead,
                fields: configuration.maximumHeaderFields))
    }

    // MARK: - The channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        worker.register(self)
        armIdleDeadline()
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        switch phase {
        case .head:
            keep(&buffer)
            readHeads()
        case .exchanging where exchange?.isRequestComplete == false:
            keep(&buffer)
            passOnBody()
        case .glued: upstream?.write(buffer)
        case .connecting, .exchanging, .answering: keep(&buffer)
        case .lingering, .closed: break
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        upstream?.flushIfNeeded()
        flushIfNeeded()
    }

    /// Asked before each read: a connection whose other side does not keep up is not read.
    func read(context: ChannelHandlerContext) {
        if wantsToRead { context.read() } else { isReadHeld = true }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            upstream?.resumeReading()
            if phase == .head, pending.readableBytes > 0 { readHeads() }
        }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed? = event as? ChannelEvent { inputClosed() }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelInactive(context: ChannelHandlerContext) {
        gone()
        context.fireChannelInactive()
    }

    // MARK: - Reading

    private var wantsToRead: Bool {
        switch phase {
        case .head: isWritable || pending.readableBytes < Self.maximumAhead
        case .exchanging where exchange?.isRequestComplete == false: upstream?.isWritable ?? true
        case .glued: upstream?.isWritable ?? true
        case .connecting, .exchanging, .answering: pending.readableBytes < Self.maximumAhead
        case .lingering, .closed: true
        }
    }

    /// Reads on if a read was held back and its reason is gone.
    func resumeReading() {
        guard isReadHeld, wantsToRead else { return }
        isReadHeld = false
        context?.read()
    }

    private func keep(_ buffer: inout ByteBuffer) {
        if pending.readableBytes == 0 { pending = buffer } else { pending.writeBuffer(&buffer) }
    }

    // MARK: - Writing

    var isWritable: Bool { context?.channel.isWritable ?? false }

    func write(_ buffer: ByteBuffer) {
        needsFlush = true
        context?.write(wrapOutboundOut(.byteBuffer(buffer)), promise: nil)
    }

    func write(_ region: FileRegion, promise: EventLoopPromise<Void>?) {
        needsFlush = true
        context?.write(wrapOutboundOut(.fileRegion(region)), promise: promise)
    }

    func flushIfNeeded() {
        guard needsFlush else { return }
        needsFlush = false
        context?.flush()
    }
}
