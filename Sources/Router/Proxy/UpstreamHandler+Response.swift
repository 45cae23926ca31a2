import Core
import NIOCore

/// Reading the response: heads, then the body by its framing, then what becomes of the connection.
extension UpstreamHandler {
    func readHeads() {
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
        isHeadAlone = content == nil && isEnded == false && framing.isKnownLength
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

    func readBody(_ buffer: inout ByteBuffer) {
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
