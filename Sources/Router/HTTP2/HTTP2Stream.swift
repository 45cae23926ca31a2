import NIOCore
import NIOHPACK

/// One request and its response on an HTTP/2 connection, carried by a `FrontHandler` as if they came over HTTP/1.1.
final class HTTP2Stream: FrontStream {
    /// Bytes of a response that may wait for the client's window before the upstream is read no further.
    static let maximumQueued = 256 * 1024
    /// The same while the connection's streams together have much waiting: a client that opens no window would make us keep
    /// the most for each of its streams.
    static let leastQueued = 32 * 1024
    /// What counts as much.
    static let maximumShared = 2 * 1024 * 1024

    /// Which lets the stream go when it ends, and all of them when it ends itself.
    let connection: HTTP2Connection
    let id: Int
    private(set) var front: FrontHandler?
    /// Bytes that the client still takes; may be below zero (RFC 9113 section 6.9.2).
    var sendWindow: Int
    /// Bytes that came and were not yet given back to the client's window.
    private var owed = 0
    private var receiveWindow = HTTP2Connection.streamWindow
    private var reader: HTTP2ResponseReader
    private let isWebSocket: Bool
    private let isChunked: Bool
    /// Bytes of the body that were announced and have not come.
    private var expected: Int?
    private var isRemoteClosed = false
    private var isLocalClosed = false
    private var queue = ByteQueue() {
        didSet {
            connection.queued += queue.count - queued
            queued = queue.count
        }
    }
    private var queued = 0
    private var ownSent = 0
    /// What the connection had sent when this stream's own window was last seen open.
    private var othersSent = 0
    private var trailers: ByteBuffer?
    /// Everything that will be sent is in `queue`.
    private var isWhole = false

    init(connection: HTTP2Connection, id: Int, head: HTTP2RequestHead, endsStream: Bool, sendWindow: Int) {
        self.connection = connection
        self.id = id
        self.sendWindow = sendWindow
        reader = HTTP2ResponseReader(answersHead: head.isHead)
        isWebSocket = head.isWebSocket
        isChunked = !endsStream && head.contentLength == nil && !head.isWebSocket
        expected = endsStream ? 0 : head.contentLength
        isRemoteClosed = endsStream
    }

    /// Hands the request on.
    func start(_ head: HTTP2RequestHead) {
        let front = connection.takeFront(for: self)
        self.front = front
        front.received(fromClient: head.bytes)
    }

    var isFinished: Bool { isLocalClosed && front == nil }

    // MARK: - From the client

    /// - Parameter padding: bytes of the frame besides the data, which count for the window as well.
    func received(_ data: ByteBuffer, padding: Int, endsStream: Bool) throws(HTTP2Frame.Fault) {
        guard !isRemoteClosed else { throw .streamClosed }
        let count = data.readableBytes + padding
        guard count <= receiveWindow else { throw .flowControl }
        receiveWindow -= count
        owed += count
        if let left = expected {
            guard data.readableBytes <= left, !endsStream || data.readableBytes == left else { throw .protocolError }
            expected = left - data.readableBytes
        }
        if data.readableBytes > 0 {
            if isChunked {
                var chunk = ByteBufferAllocator().buffer(capacity: data.readableBytes + 12)
                chunk.writeString(String(data.readableBytes, radix: 16))
                chunk.writeStaticString("\r\n")
                chunk.writeImmutableBuffer(data)
                chunk.writeStaticString("\r\n")
                front?.received(fromClient: chunk)
            } else {
                front?.received(fromClient: data)
            }
        }
        if endsStream { inputEnded("") } else { resumeReading() }
    }

    /// - Parameter trailers: lines with their ends.
    func inputEnded(_ trailers: String) {
        guard !isRemoteClosed else { return }
        isRemoteClosed = true
        if isChunked { front?.received(fromClient: ByteBuffer(string: "0\r\n\(trailers)\r\n")) }
        if isWebSocket { front?.inputClosed() }
    }

    var acceptsTrailers: Bool { !isRemoteClosed && !isWebSocket && (expected ?? 0) == 0 }

    func windowOpened() {
        send()
        if queued < queueLimit / 2 { front?.becameWritable() }
        front?.flushIfNeeded()
        tearDownIfDone()
    }

    // MARK: - FrontStream

    var unsent: Int { queued }

    /// A stream that only waits for its turn moves on with the others.
    var sent: Int {
        if sendWindow > 0 { othersSent = connection.sentData }
        return ownSent &+ othersSent
    }

    var isWritable: Bool { !isLocalClosed && queued < queueLimit && connection.isWritable }

    /// What it has waiting goes with its own window, and it is asked again then: others need not wake it.
    private var queueLimit: Int { Self.queueLimit(shared: connection.queued) }

    /// - Parameter shared: bytes that wait on all streams of the connection.
    static func queueLimit(shared: Int) -> Int { shared < maximumShared ? maximumQueued : leastQueued }

    func write(_ buffer: ByteBuffer) {
        guard !isLocalClosed, !isWhole else { return }
        reader.take(buffer) { take($0) }
        send()
    }

    func write(_ head: ResponseHead, _ bytes: UnsafeRawBufferPointer, own: [UInt8]) {
        guard !isLocalClosed, !isWhole else { return }
        reader.take(head, bytes, own: own) { take($0) }
    }

    func write(_ answer: PreparedAnswer, version: Int) {
        guard !isLocalClosed, !isWhole, !reader.hasHead else { return }
        reader.skip()
        // A request that brought an id of its own has a line of its own as well.
        let logged = front?.line.flatMap { $0.made == nil ? nil : ($0.head, $0.status) }
        connection.memo.answered(id, answer, version: version, logged: logged)
        let endsStream = answer.body?.readableBytes ?? 0 == 0
        connection.write(block: answer.block, stream: id, endsStream: endsStream)
        guard !endsStream, let body = answer.body else { return closeLocally() }
        queue.append(body)
        isWhole = true
        send()
    }

    private func take(_ event: HTTP2ResponseReader.Event) {
        switch event {
        case .head(let block, let endsStream):
            connection.write(block: block, stream: id, endsStream: endsStream)
            if endsStream { closeLocally() }
        case .data(let data): queue.append(data)
        case .end(let trailers):
            self.trailers = trailers
            isWhole = true
        case .broken: fail(.internalError)
        }
    }

    func flush() {
        connection.flush()
        tearDownIfDone()
    }

    func resumeReading() {
        guard owed > 0, !isRemoteClosed, front?.wantsToRead == true else { return }
        // Small amounts are given back together.
        guard owed >= HTTP2Connection.streamWindow / 4 || receiveWindow < HTTP2Connection.streamWindow / 2 else {
            return
        }
        let count = owed
        receiveWindow += count
        owed = 0
        connection.giveBack(count, stream: id)
    }

    func closeOutput() {
        if reader.endsWithConnection {
            isWhole = true
            send()
        }
    }

    func close() {
        if !isLocalClosed {
            closeOutput()
            if !isWhole { fail(reader.hasHead ? .internalError : .cancel) }
        }
        flush()
    }

    func abort() {
        if !isLocalClosed { fail(.internalError) }
        flush()
    }

    // MARK: - To the client

    /// Sends as much as the windows allow.
    private func send() {
        guard !isLocalClosed else { return }
        while !queue.isEmpty {
            let allowed = min(sendWindow, connection.sendWindow, HTTP2Frame.maximumLength)
            guard allowed > 0 else {
                front?.becameBlocked()
                return connection.wait(self)
            }
            guard let data = queue.next(allowed) else { break }
            ownSent &+= data.readableBytes
            sendWindow -= data.readableBytes
            let endsStream = queue.isEmpty && isWhole && trailers == nil
            connection.write(data: data, stream: id, endsStream: endsStream)
            if endsStream { return closeLocally() }
        }
        front?.reader.stop()
        guard isWhole else { return }
        if let trailers {
            connection.write(block: trailers, stream: id, endsStream: true)
        } else {
            connection.write(data: ByteBuffer(), stream: id, endsStream: true)
        }
        closeLocally()
    }

    private func closeLocally() {
        isLocalClosed = true
        queue.removeAll()
        // Section 8.1: the rest of the request is not wanted.
        if !isRemoteClosed, !isWebSocket { connection.write(reset: id, .none) }
        connection.budget.earn()
        connection.finished(self)
    }

    /// RST_STREAM: the client must not take this for an end.
    func fail(_ fault: HTTP2Frame.Fault) {
        guard !isLocalClosed else { return }
        isLocalClosed = true
        queue.removeAll()
        connection.write(reset: id, fault)
        connection.finished(self)
    }

    /// The client or the connection has given the stream up.
    func cancel() {
        isLocalClosed = true
        queue.removeAll()
        tearDownIfDone()
    }

    func tearDownIfDone() {
        guard isLocalClosed, let front else { return }
        self.front = nil
        connection.giveBack(front)
    }
}
