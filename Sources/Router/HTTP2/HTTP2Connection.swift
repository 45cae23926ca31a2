import NIOCore
import NIOHPACK

/// An HTTP/2 connection of a client (RFC 9113): reads and writes frames, keeps the windows, and limits what a client can
/// make us do. Each stream is a connection of its own to the rest of the router. The other file of this type holds the
/// frames' meanings.
final class HTTP2Connection: ChannelDuplexHandler, TimedConnection {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    static let streamWindow = 256 * 1024
    static let connectionWindow = 1024 * 1024
    static let maximumStreams = 128
    static let defaultWindow = 65_535
    /// Bytes that are sent at once.
    private static let worthwhile = 16 * 1024
    /// Bytes of memory that are kept for the next frames.
    private static let maximumKept = 32 * 1024

    let worker: Worker
    let forwarding: ForwardingFields
    /// Name that the client gave in its TLS handshake, lower case.
    let serverName: String?
    var registration = -1
    var idleDeadline = TickClock.never
    /// Sees whether the client takes what waits for it.
    var reader = ReaderWatch()
    /// Bytes of bodies that were sent on all streams.
    private(set) var sentData = 0
    /// Bytes that wait for windows on all streams.
    var queued = 0
    /// Bytes written for the client.
    private(set) var handed = 0
    var streams: [Int: HTTP2Stream] = [:]
    var lastStream = 0
    var sendWindow = HTTP2Connection.defaultWindow
    var peerInitialWindow = HTTP2Connection.defaultWindow
    var decoder: HPACKDecoder
    let memo = HeaderBlockMemo()
    var budget = HTTP2Budget()
    /// Headers that are not complete: their stream, flags of the first frame, and what has come.
    var block: (stream: Int, endsStream: Bool, bytes: ByteBuffer, frames: Int)?
    var hasSettings = false
    var isGoingAway = false
    private var hasPreface = false
    private var pending = ByteBuffer()
    var out = ByteBuffer()
    var waiting: [HTTP2Stream] = []
    /// The name of the last request, and whether the client may ask for it here.
    var lastAuthority = (text: "", isOurs: true)
    /// Streams that got data in this read cycle.
    var fed: [HTTP2Stream] = []
    /// Handlers that carry no stream at the moment.
    private var idleFronts: [FrontHandler] = []
    private var received = 0
    private(set) var context: ChannelHandlerContext?
    var isClosed = false
    /// Frames are collected until the read cycle is over, or until the event loop has nothing else to do.
    private var isReading = false
    private var isFlushScheduled = false

    init(worker: Worker, forwarding: ForwardingFields, serverName: String?) {
        self.worker = worker
        self.forwarding = forwarding.second
        self.serverName = serverName
        // What is only somewhat too large is told so by a 431; the decoder's own limit can but end the connection.
        decoder = HPACKDecoder(
            allocator: ByteBufferAllocator(), maxDynamicTableSize: 4096,
            maxHeaderListSize: worker.configuration.maximumHead * 2)
    }

    var isWritable: Bool { context?.channel.isWritable ?? false }

    // MARK: - The channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        worker.register(self)
        touch()
        writeSettings()
        flush()
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosed else { return }
        isReading = true
        var buffer = unwrapInboundIn(data)
        if pending.readableBytes == 0 { pending = buffer } else { pending.writeBuffer(&buffer) }
        do throws(HTTP2Frame.Fault) { try readFrames() } catch { fail(error) }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        giveBackWindow()
        // Those that got a part of a body; the others have passed on what they had.
        for stream in fed { stream.front?.upstream?.flushIfNeeded() }
        fed.removeAll(keepingCapacity: true)
        flushNow()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            if !isGoingAway { reader.stop() }
            for stream in Array(streams.values) { stream.windowOpened() }
            flush()
        } else {
            watchReader()
        }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // A client that sends no more has no use for HTTP/2.
        if case ChannelEvent.inputClosed? = event as? ChannelEvent { context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelInactive(context: ChannelHandlerContext) {
        isClosed = true
        let open = Array(streams.values)
        streams = [:]
        waiting = []
        open.forEach { $0.cancel() }
        idleFronts.forEach { $0.gone() }
        idleFronts = []
        worker.unregister(self)
        context.fireChannelInactive()
    }

    // MARK: - Reading

    private func readFrames() throws(HTTP2Frame.Fault) {
        if !hasPreface {
            guard try readPreface() else { return }
        }
        while !isClosed, let header = HTTP2Frame.Header(pending) {
            guard header.length <= HTTP2Frame.maximumLength else { throw .frameSize }
            guard pending.readableBytes >= HTTP2Frame.headerLength + header.length else { break }
            pending.moveReaderIndex(forwardBy: HTTP2Frame.headerLength)
            guard let payload = pending.readSlice(length: header.length) else { break }
            touch()
            try take(header, payload)
        }
        if pending.readableBytes == 0 { pending = ByteBuffer() }
    }

    /// Section 3.4.
    private func readPreface() throws(HTTP2Frame.Fault) -> Bool {
        let preface = HTTP2Frame.preface
        let count = min(preface.count, pending.readableBytes)
        guard pending.readableBytesView.prefix(count).elementsEqual(preface[..<count]) else { throw .protocolError }
        guard count == preface.count else { return false }
        pending.moveReaderIndex(forwardBy: count)
        hasPreface = true
        return true
    }

    /// Counts data of all streams against the connection's window.
    func countReceived(_ count: Int) throws(HTTP2Frame.Fault) {
        received += count
        guard received <= Self.connectionWindow else { throw .flowControl }
    }

    /// The connection's window is given back at once: what bounds memory is each stream's own.
    private func giveBackWindow() {
        guard received >= Self.connectionWindow / 4, !isClosed else { return }
        out.writeWindowUpdate(0, received)
        received = 0
    }

    // MARK: - Writing

    func flush() {
        guard !isReading, out.readableBytes > 0, context != nil else { return }
        // What fills a record of TLS gains nothing by waiting.
        guard out.readableBytes < Self.worthwhile else { return flushNow() }
        guard !isFlushScheduled else { return }
        isFlushScheduled = true
        worker.eventLoop.whenQuiet {
            self.isFlushScheduled = false
            self.flushNow()
        }
    }

    func flushNow() {
        guard out.readableBytes > 0, let context else { return }
        // Taken out first: the channel may tell meanwhile that it is writable again, and what is written then comes after.
        var bytes = ByteBuffer()
        swap(&bytes, &out)
        handed &+= bytes.readableBytes
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
        // What has been encrypted by now can be written over.
        if out.capacity == 0, bytes.capacity <= Self.maximumKept {
            bytes.clear()
            swap(&bytes, &out)
        }
    }

    private func writeSettings() {
        let settings: [(UInt16, Int)] = [
            (HTTP2Frame.Setting.maximumStreams, Self.maximumStreams),
            (HTTP2Frame.Setting.initialWindow, Self.streamWindow),
            (HTTP2Frame.Setting.maximumHeaderList, worker.configuration.maximumHead),
            (HTTP2Frame.Setting.enableConnect, 1),
        ]
        out.writeFrameHeader(.settings, length: settings.count * 6, stream: 0)
        for (name, value) in settings {
            out.writeInteger(name)
            out.writeInteger(UInt32(truncatingIfNeeded: value))
        }
        out.writeWindowUpdate(0, Self.connectionWindow - Self.defaultWindow)
    }

    func write(block: ByteBuffer, stream: Int, endsStream: Bool) {
        var block = block
        var kind = HTTP2Frame.Kind.headers
        repeat {
            let count = min(block.readableBytes, HTTP2Frame.maximumLength)
            var flags: UInt8 = count == block.readableBytes ? HTTP2Frame.Flag.endHeaders : 0
            if kind == .headers, endsStream { flags |= HTTP2Frame.Flag.endStream }
            out.writeFrameHeader(kind, length: count, flags: flags, stream: stream)
            if var part = block.readSlice(length: count) { out.writeBuffer(&part) }
            kind = .continuation
        } while block.readableBytes > 0
    }

    func write(data: ByteBuffer, stream: Int, endsStream: Bool) {
        sendWindow -= data.readableBytes
        sentData &+= data.readableBytes
        let flags = endsStream ? HTTP2Frame.Flag.endStream : 0
        out.writeFrameHeader(.data, length: data.readableBytes, flags: flags, stream: stream)
        out.writeImmutableBuffer(data)
    }

    func write(reset stream: Int, _ fault: HTTP2Frame.Fault) { out.writeReset(stream, fault) }
    func writeAcknowledgement() {
        out.writeFrameHeader(.settings, length: 0, flags: HTTP2Frame.Flag.acknowledge, stream: 0)
    }

    func writePong(_ payload: ByteBuffer) {
        out.writeFrameHeader(.ping, length: 8, flags: HTTP2Frame.Flag.acknowledge, stream: 0)
        out.writeImmutableBuffer(payload)
    }

    func giveBack(_ count: Int, stream: Int) {
        guard !isClosed else { return }
        out.writeWindowUpdate(stream, count)
        flush()
    }

    /// The stream has more to send than the windows allow.
    func wait(_ stream: HTTP2Stream) { if !waiting.contains(where: { $0 === stream }) { waiting.append(stream) } }

    /// Lets streams that wait go on, each in its turn.
    func sendWaiting() {
        var ready = waiting
        waiting = []
        // Who took all of the last window is the first that waits again.
        if ready.count > 1 { ready.append(ready.removeFirst()) }
        ready.forEach { $0.windowOpened() }
    }

    // MARK: - Handlers of streams

    func takeFront(for stream: HTTP2Stream) -> FrontHandler {
        if let front = idleFronts.popLast() {
            front.carry(stream)
            return front
        }
        let front = FrontHandler(worker: worker, forwarding: forwarding, stream: stream)
        front.start()
        return front
    }

    func giveBack(_ front: FrontHandler) {
        guard front.isReusable, !isClosed, !isGoingAway, idleFronts.count < 16 else { return front.gone() }
        front.carry(nil)
        idleFronts.append(front)
    }
}
