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
            context?.close(mode: .output, promise: nil)
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

    /// The upstream connection is gone.
    func glueUpstreamClosed() {
        upstream = nil
        endExchange()
        finishAndClose()
    }
}
