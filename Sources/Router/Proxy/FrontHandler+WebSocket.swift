import NIOCore

/// A connection that was upgraded: bytes go both ways as they are, each side may stop sending alone.
extension FrontHandler {
    /// The upstream agreed. `rest` is what it sent after the head.
    func upgraded(_ head: ResponseHead, _ bytes: UnsafeRawBufferPointer) {
        exchange?.hasResponse = true
        exchange?.isPersistent = false
        var out = ByteBufferAllocator().buffer(capacity: head.length + 64)
        ResponseHeadWriter.write(head, bytes, isChunked: false, persistence: .upgrade, into: &out)
        write(out)
        phase = .glued
        disarm()
        totalDeadline = TickClock.never
        armWebSocketIdle()
        if pending.readableBytes > 0 {
            upstream?.write(pending)
            pending = ByteBuffer()
            upstream?.flushIfNeeded()
        }
        if isInputClosed { upstream?.closeOutput() }
        resumeReading()
    }

    /// The upstream sends no more.
    func glueUpstreamStopped() {
        flushIfNeeded()
        if isInputClosed {
            dropUpstream()
            endExchange()
            finishAndClose()
        } else {
            closeOutput()
        }
    }

    /// The client sends no more.
    func glueClientStopped() {
        guard let upstream else { return }
        upstream.flushIfNeeded()
        upstream.closeOutput()
        if upstream.isInputClosed {
            dropUpstream()
            endExchange()
            finishAndClose()
        }
    }

    func armWebSocketIdle() {
        guard let limit = worker.times.webSocketIdle else { return }
        deadline = worker.clock.deadline(ticks: limit)
    }

    /// Passes on what the upstream sends.
    func receivedFrames(_ bytes: ByteBuffer) {
        armWebSocketIdle()
        bytes.withUnsafeReadableBytes { frames.scan($0) }
        write(bytes)
    }

    /// A close frame of our own (RFC 6455 section 7.4.1: 1001, going away), when no frame of the upstream's is half sent.
    func sayGoingAway() {
        guard frames.isBetweenFrames else { return }
        write(ByteBuffer(bytes: [0x88, 0x02, 0x03, 0xe9]))
    }

    /// The upstream connection is gone.
    /// - Parameter isCut: we ended it.
    func glueUpstreamClosed(isCut: Bool = false) {
        if isCut { sayGoingAway() }
        upstream = nil
        endExchange()
        finishAndClose()
    }
}
