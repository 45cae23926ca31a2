import NIOCore

/// A connection to an upstream: sends one request at a time and reads its response.
///
/// Lives on the event loop of the client connection that uses it, and calls that one directly.
final class UpstreamHandler: ChannelDuplexHandler, SocketHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum Phase: Equatable { case idle, head, body, glued, closed }

    let bucket: UpstreamBucket
    let worker: Worker
    /// Behind TLS.
    private var context: ChannelHandlerContext?
    private(set) var channel: StreamChannel?
    /// The same where nothing stands between.
    private var socket: StreamChannel?
    var front: FrontHandler?
    var phase = Phase.idle
    /// Place in the bucket's list.
    var registration = -1
    /// The tick at which an unused connection is closed.
    var expires = TickClock.never
    var lastUsed = 0
    private(set) var isInputClosed = false
    /// Has carried a request before.
    var wasUsed = false
    var arrived = ByteBuffer()
    var parser = ResponseHeadParser()
    var body = BodyFraming.ended
    var answersHead = false
    var stripsChunks = false
    var isPersistent = false
    var isEventStream = false
    /// What the upstream says that it keeps the connection; `nil` when it does not say.
    var lifetime: Duration?
    private var hasError = false
    private var isReadHeld = false
    private var needsFlush = false
    /// Of the response there is a head and nothing of its body yet, and the head may wait for that a moment.
    var isHeadAlone = false

    init(worker: Worker, bucket: UpstreamBucket) {
        self.worker = worker
        self.bucket = bucket
    }

    /// A WebSocket or an event stream: not expected to end soon.
    var isLongLived: Bool { phase == .glued || phase == .body && isEventStream }

    var isWritable: Bool { channel?.isWritable ?? false }

    /// Bytes that wait for the upstream here.
    var unsent: Int { channel?.unsent ?? 0 }

    /// Whether the kernel has the upstream's FIN or RST already (tcp(7), `TCP_INFO`). Not cheap enough for every request.
    var isClosedByPeer: Bool { channel?.isClosedByPeer ?? false }

    func wasUsed(within ticks: Int) -> Bool { worker.clock.now - lastUsed <= ticks && worker.clock.now < expires }

    // MARK: - For the client's side

    func begin(_ head: ByteBuffer, for front: FrontHandler, answersHead: Bool, stripsChunks: Bool) {
        self.front = front
        self.answersHead = answersHead
        self.stripsChunks = stripsChunks
        phase = .head
        write(head)
    }

    func write(_ buffer: ByteBuffer) {
        needsFlush = true
        if let socket { socket.write(buffer) } else { context?.write(wrapOutboundOut(buffer), promise: nil) }
    }

    func flushIfNeeded() {
        guard needsFlush else { return }
        needsFlush = false
        if let socket { socket.flush0() } else { context?.flush() }
    }

    func resumeReading() {
        guard isReadHeld, wantsToRead else { return }
        isReadHeld = false
        if let socket { socket.read0() } else { context?.read() }
    }

    /// No more will be sent; the upstream may still send.
    func closeOutput() {
        if let socket { socket.closeOutput() } else { context?.close(mode: .output, promise: nil) }
    }

    func close() { if let socket { socket.closeNow() } else { context?.close(promise: nil) } }

    /// The client's side has lost interest.
    func abandon() {
        front = nil
        close()
    }

    /// Ends the connection, and with it the request that is on it.
    func cut() {
        let front = front
        self.front = nil
        let isGlued = phase == .glued
        close()
        if isGlued { front?.glueUpstreamClosed(isCut: true) } else { front?.upstreamFailed(.cut) }
    }

    // MARK: - The channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        channel = context.channel as? StreamChannel
        bucket.opened(self)
    }

    func attached(to channel: StreamChannel) {
        self.channel = channel
        socket = channel
        bucket.opened(self)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        channel = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { channelReceived(unwrapInboundIn(data)) }

    func channelReceived(_ bytes: ByteBuffer) {
        var buffer = bytes
        switch phase {
        case .head:
            if arrived.readableBytes == 0 { arrived = buffer } else { arrived.writeBuffer(&buffer) }
            readHeads()
        case .body: readBody(&buffer)
        case .glued: front?.receivedFrames(buffer)
        // Nobody asked: whatever it is, it must not become the answer to the next request.
        case .idle: close()
        case .closed: break
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) { receivedAll() }

    func receivedAll() {
        // Many apps send the head and the body by two calls. A head that leaves alone costs the client a read of its own, and
        // wakes it while the app is still at work.
        if isHeadAlone, let socket {
            isHeadAlone = false
            return socket.tellAgainSoon()
        }
        front?.flushIfNeeded()
    }

    func read(context: ChannelHandlerContext) { if mayRead() { context.read() } }

    func mayRead() -> Bool {
        isReadHeld = !wantsToRead
        return !isReadHeld
    }

    private var wantsToRead: Bool {
        // Before the response as well: an upstream may send any number of 1xx.
        front?.isWritable ?? true
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        writabilityChanged()
        context.fireChannelWritabilityChanged()
    }

    func writabilityChanged() { if isWritable { front?.resumeReading() } }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed? = event as? ChannelEvent { inputEnded() }
        context.fireUserInboundEventTriggered(event)
    }

    func inputEnded() {
        isInputClosed = true
        if phase == .glued { front?.glueUpstreamStopped() } else { close() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        failed(error)
    }

    func failed(_ error: any Error) {
        hasError = true
        close()
    }

    func channelInactive(context: ChannelHandlerContext) {
        ended()
        context.fireChannelInactive()
    }

    func ended() {
        let last = phase
        phase = .closed
        bucket.closed(self)
        let front = front
        self.front = nil
        switch last {
        case .idle, .closed: break
        case .head:
            front?.upstreamFailed(arrived.readableBytes > 0 ? .truncated : .closedSilently(wasUsed: wasUsed))
        case .body:
            if body.isUntilClose, !hasError { front?.responseEnded() } else { front?.upstreamFailed(.truncated) }
        case .glued: front?.glueUpstreamClosed()
        }
    }
}
