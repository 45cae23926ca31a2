import Core
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
    private let worker: Worker
    /// Behind TLS.
    private var context: ChannelHandlerContext?
    private var channel: StreamChannel?
    /// The same where nothing stands between.
    private var socket: StreamChannel?
    private var front: FrontHandler?
    private(set) var phase = Phase.idle
    /// Place in the bucket's list.
    var registration = -1
    /// The tick at which an unused connection is closed.
    var expires = TickClock.never
    var lastUsed = 0
    private(set) var isInputClosed = false
    /// Has carried a request before.
    private var wasUsed = false
    private var arrived = ByteBuffer()
    private var parser = ResponseHeadParser()
    private var body = BodyFraming.ended
    private var answersHead = false
    private var stripsChunks = false
    private var isPersistent = false
    private var isEventStream = false
    /// What the upstream says that it keeps the connection; `nil` when it does not say.
    private var lifetime: Duration?
    private var hasError = false
    private var isReadHeld = false
    private var needsFlush = false

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
    func receivedAll() { front?.flushIfNeeded() }

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

    // MARK: - The response

    private func readHeads() {
        while phase == .head, arrived.readableBytes > 0 {
            switch arrived.withUnsafeReadableBytes({ parser.advance($0) }) {
            case .needsMore: return
            case .refused(let fault): fail(.invalidResponse(fault))
            case .complete: take(parser.take())
            }
        }
    }

    private func take(_ head: ResponseHead) {
        guard let front else { return close() }
        let bytes = arrived
        arrived.moveReaderIndex(forwardBy: head.length)
        if head.status == 101 {
            guard front.exchange?.wantsWebSocket == true, head.upgradesToWebSocket else {
                return fail(.invalidResponse(.malformedStatusLine))
            }
            phase = .glued
            channel?.allowsHalfClosure = true
            bytes.withUnsafeReadableBytes { front.upgraded(head, $0) }
            if arrived.readableBytes > 0 { front.receivedFrames(arrived) }
            arrived = ByteBuffer()
            return
        }
        guard head.status >= 200 else {
            return bytes.withUnsafeReadableBytes { front.informed(head, $0) }
        }
        if let key = head.handedBody, bucket.upstream.isService { return takeHanded(key, head, bytes) }
        body = head.framing(answersHead: answersHead)
        isEventStream = head.isEventStream
        isPersistent = head.isPersistent && !body.isUntilClose
        lifetime = head.keepAliveSeconds.map { .milliseconds(max(0, min($0, 3600) * 1000 - 1000)) }
        phase = .body
        let framing = body
        var rest = arrived
        arrived = ByteBuffer()
        let (content, isEnded) = takeBody(&rest)
        bytes.withUnsafeReadableBytes { front.responded(head, $0, framing: framing, body: content) }
        if let isEnded { if isEnded { finish(leftover: rest.readableBytes) } } else { fail(.truncated) }
    }

    /// The response's body is not sent by this connection.
    private func takeHanded(_ key: UInt64, _ head: ResponseHead, _ bytes: ByteBuffer) {
        guard let front, let handed = worker.configuration.handedBodies?.take(key) else { return fail(.truncated) }
        isPersistent = head.isPersistent
        lifetime = nil
        bytes.withUnsafeReadableBytes { front.responded(head, $0, framing: .ended, body: nil) }
        let leftover = arrived.readableBytes
        arrived = ByteBuffer()
        release(leftover: leftover)?.sendHanded(handed)
    }

    private func readBody(_ buffer: inout ByteBuffer) {
        let (content, isEnded) = takeBody(&buffer)
        if let content { front?.received(content) }
        if let isEnded { if isEnded { finish(leftover: buffer.readableBytes) } } else { fail(.truncated) }
    }

    /// Takes from `buffer` what belongs to the body. `isEnded` is `nil` when the framing is broken.
    private func takeBody(_ buffer: inout ByteBuffer) -> (content: ByteBuffer?, isEnded: Bool?) {
        if stripsChunks, body.isChunked { return takeContent(&buffer) }
        switch buffer.withUnsafeReadableBytes({ body.take($0) }) {
        case .more:
            defer { buffer = ByteBuffer() }
            return (buffer.readableBytes > 0 ? buffer : nil, false)
        case .ended(let count): return (count > 0 ? buffer.readSlice(length: count) : nil, true)
        case .refused: return (nil, nil)
        }
    }

    /// The same without the chunk framing, for clients that do not know it.
    private func takeContent(_ buffer: inout ByteBuffer) -> (content: ByteBuffer?, isEnded: Bool?) {
        var content = ByteBufferAllocator().buffer(capacity: buffer.readableBytes)
        let step = buffer.withUnsafeReadableBytes { bytes in
            body.take(bytes) { content.writeBytes(UnsafeRawBufferPointer(rebasing: bytes[$0])) }
        }
        switch step {
        case .more:
            buffer = ByteBuffer()
            return (content, false)
        case .ended(let count):
            buffer.moveReaderIndex(forwardBy: count)
            return (content, true)
        case .refused: return (content, nil)
        }
    }

    private func fail(_ fault: UpstreamFault) {
        let front = front
        self.front = nil
        close()
        front?.upstreamFailed(fault)
    }

    private func finish(leftover: Int) { release(leftover: leftover)?.responseEnded() }

    /// The response is whole: the connection goes back to the pool if nothing speaks against it.
    private func release(leftover: Int) -> FrontHandler? {
        let front = front
        self.front = nil
        phase = .idle
        let isClean = leftover == 0 && isPersistent && !isInputClosed
        if isClean, front?.exchange?.isRequestComplete == true, lifetime != .zero {
            wasUsed = true
            let own = worker.times.upstreamIdle
            worker.pool.checkIn(self, lifetime: lifetime.map { min(own, worker.clock.ticks($0)) } ?? own)
        } else {
            close()
        }
        return front
    }
}
