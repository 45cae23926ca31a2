import NIOCore

/// A client's connection: reads requests, one at a time, and sees that each is answered.
///
/// Everything runs on the connection's event loop, as does the upstream connection that it talks to. The other files of
/// this type hold the steps: taking heads, passing on, answering from files, closing.
final class FrontHandler: ChannelDuplexHandler, SocketHandler, TimedConnection {
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
        /// Waits at the front of `pending` until its hostname leads elsewhere.
        case held
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
    var forwarding: ForwardingFields
    /// Carries this connection as one of many, `nil` when it has a channel of its own.
    private(set) var stream: (any FrontStream)?
    /// Sends a file that the kernel cannot send.
    var fileStream: FileStream?
    var phase = Phase.head
    /// Behind TLS.
    var context: ChannelHandlerContext?
    /// `nil` for a stream.
    private(set) var channel: StreamChannel?
    /// The same where nothing stands between.
    private(set) var socket: StreamChannel?
    /// Received and not yet dealt with.
    var pending = ByteBuffer()
    var parser: RequestHeadParser
    var hosts = HostMemory()
    var exchange: Exchange?
    var upstream: UpstreamHandler?
    var attempt: UpstreamAttempt?
    /// The tick at which the present step must be done.
    var stepDeadline = TickClock.never
    /// The tick at which the whole request must be done.
    var totalDeadline = TickClock.never
    /// Sees whether the client takes what waits for it.
    var reader = ReaderWatch()
    /// The access log's line of the request that is being answered.
    var line: AccessLine?
    /// Bytes written for the client on this connection.
    var handed = 0
    /// Files that are on their way to the client.
    var openFiles = 0
    /// Where the frames of a WebSocket begin that go to the client.
    var frames = WebSocketFrameScanner()
    /// Place in the worker's list.
    var registration = -1
    /// The client sends no more.
    var isInputClosed = false
    /// The last byte for the client has been handed to the kernel.
    var isOutputDone = false
    /// How the request at the front of `pending` waits.
    var held: Hold?
    var holdTimer: Scheduled<Void>?
    /// What a request that would have to wait is answered with, while its wait ends.
    var holdEnding: Page?
    /// How the request that is being answered from files is counted, where it is: its answer is not remembered.
    var measured: MeasuredRequest?
    /// The deadline is that of the head that has begun to come.
    var isHeadTimed = false
    private var isReadHeld = false
    var needsFlush = false

    /// What may wait here from a client that sends requests ahead of the answers.
    static let maximumAhead = 64 * 1024

    init(worker: Worker, forwarding: ForwardingFields, stream: (any FrontStream)? = nil) {
        self.worker = worker
        self.forwarding = forwarding
        self.stream = stream
        let configuration = worker.configuration
        parser = RequestHeadParser(
            limits: .init(
                requestLine: configuration.maximumRequestLine, head: configuration.maximumHead,
                fields: configuration.maximumHeaderFields, body: configuration.maximumBody ?? .max,
                trustsForwarding: forwarding.isTrusted))
    }

    // MARK: - The channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        channel = context.channel as? StreamChannel
        start()
    }

    func attached(to channel: StreamChannel) {
        self.channel = channel
        socket = channel
        start()
    }

    func start() {
        worker.register(self)
        armIdleDeadline()
    }

    /// Nothing of an exchange is left in it: it can carry another stream.
    var isReusable: Bool {
        phase == .head && pending.readableBytes == 0 && exchange == nil && fileStream == nil && !isInputClosed
            && !parser.hasStarted && openFiles == 0
    }

    /// Begins to carry another stream, or none.
    func carry(_ stream: (any FrontStream)?) {
        self.stream = stream
        needsFlush = false
        isOutputDone = false
        reader.stop()
        if stream == nil { disarm() } else { armIdleDeadline() }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        channel = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        received(fromClient: unwrapInboundIn(data))
    }

    func channelReceived(_ bytes: ByteBuffer) { received(fromClient: bytes) }

    func received(fromClient data: ByteBuffer) {
        var buffer = data
        switch phase {
        case .head:
            keep(&buffer)
            readHeads()
        case .exchanging where exchange?.isRequestComplete == false:
            keep(&buffer)
            passOnBody()
        case .glued:
            armWebSocketIdle()
            upstream?.write(buffer)
        case .connecting, .exchanging, .answering, .held: keep(&buffer)
        case .lingering, .closed: break
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) { receivedAll() }

    func receivedAll() {
        upstream?.flushIfNeeded()
        flushIfNeeded()
    }

    func read(context: ChannelHandlerContext) { if mayRead() { context.read() } }

    /// Asked before each read: a connection whose other side does not keep up is not read.
    func mayRead() -> Bool {
        isReadHeld = !wantsToRead
        return !isReadHeld
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        writabilityChanged()
        context.fireChannelWritabilityChanged()
    }

    func writabilityChanged() { if isWritable { becameWritable() } else { becameBlocked() } }

    func becameBlocked() { watchReader() }

    func becameWritable() {
        // A stream has more in its queue than the client's window lets through.
        if stream?.unsent ?? 0 == 0 { reader.stop() }
        fileStream?.resume()
        upstream?.resumeReading()
        // A client that sends no more waits for the end.
        guard phase == .head, pending.readableBytes > 0 || isInputClosed else { return }
        // Not within this call: it may come from the flush at the end of `readHeads`, and that once for each full buffer.
        worker.eventLoop.assumeIsolated().execute { if self.phase == .head { self.readHeads() } }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed? = event as? ChannelEvent { inputClosed() }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func inputEnded() { inputClosed() }
    func failed(_ error: any Error) { socket?.closeNow() }
    func ended() { gone() }

    func channelInactive(context: ChannelHandlerContext) {
        gone()
        context.fireChannelInactive()
    }

    /// The tick at which `deadlinePassed` is called.
    var deadline: Int {
        get { min(stepDeadline, totalDeadline, reader.deadline) }
        set { stepDeadline = newValue }
    }

    var isRequestLate: Bool { totalDeadline <= worker.clock.now }

    // MARK: - Reading

    var wantsToRead: Bool {
        switch phase {
        case .head: isWritable || pending.readableBytes < Self.maximumAhead
        case .exchanging where exchange?.isRequestComplete == false: upstream?.isWritable ?? true
        case .glued: upstream?.isWritable ?? true
        case .connecting, .exchanging, .answering, .held: pending.readableBytes < Self.maximumAhead
        case .lingering, .closed: true
        }
    }

    /// Reads on if a read was held back and its reason is gone.
    func resumeReading() {
        if let stream { return stream.resumeReading() }
        guard isReadHeld, wantsToRead else { return }
        isReadHeld = false
        if let socket { socket.read0() } else { context?.read() }
    }

    private func keep(_ buffer: inout ByteBuffer) {
        if pending.readableBytes == 0 { pending = buffer } else { pending.writeBuffer(&buffer) }
    }
}
