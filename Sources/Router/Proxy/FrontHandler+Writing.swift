import NIOCore
import NIOSSL

/// Writing to the client, and watching that it reads.
extension FrontHandler {
    var isWritable: Bool { stream?.isWritable ?? channel?.isWritable ?? false }

    /// The kernel can take files as they are: nothing stands between the connection and the client.
    var sendsFiles: Bool { stream == nil && !forwarding.isSecure }

    func write(_ buffer: ByteBuffer) {
        needsFlush = true
        handed &+= buffer.readableBytes
        line?.note(buffer)
        if let stream { return stream.write(buffer) }
        if let socket { return socket.write(buffer) }
        context?.write(wrapOutboundOut(.byteBuffer(buffer)), promise: nil)
    }

    func write(_ region: FileRegion, promise: EventLoopPromise<Void>?) {
        needsFlush = true
        handed &+= region.readableBytes
        if let socket { return socket.write(.fileRegion(region), promise) }
        guard let context else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        context.write(wrapOutboundOut(.fileRegion(region)), promise: promise)
    }

    /// A whole answer that was made before.
    /// - Parameter version: of the routes that it belongs to.
    func write(_ answer: PreparedAnswer, version: Int) {
        guard let stream else {
            write(answer.bytes)
            if let rest = answer.rest { write(rest) }
            return
        }
        needsFlush = true
        handed &+= answer.bytes.readableBytes &+ (answer.rest?.readableBytes ?? 0)
        line?.note(answer.bytes)
        stream.write(answer, version: version)
    }

    func flushIfNeeded() {
        guard needsFlush else { return }
        needsFlush = false
        if let socket { socket.flush0() } else if let stream { stream.flush() } else { context?.flush() }
    }

    // MARK: - Slow readers

    /// Bytes that wait for the client here.
    var unsent: Int {
        if let stream { return stream.unsent }
        return channel?.unsent ?? 0
    }

    /// Bytes that the client has taken, or that the kernel has taken for it.
    private var taken: Int { stream?.sent ?? (handed &- unsent) }

    /// Begins to see whether the client takes what waits for it.
    func watchReader() {
        guard !reader.isOn else { return }
        reader.start(taken: taken, clock: worker.clock, limit: worker.configuration.slowReaderTimeout)
    }

    /// True when the client has taken nothing for too long.
    func isReaderLate() -> Bool {
        guard reader.deadline <= worker.clock.now else { return false }
        guard unsent > 0 else {
            reader.stop()
            return false
        }
        return reader.look(taken: taken, clock: worker.clock, limit: worker.configuration.slowReaderTimeout)
    }
}

extension ChannelHandlerContext {
    /// RST instead of FIN: ends the connection so that the client cannot take it for a clean end.
    func reset() {
        (channel as? StreamChannel)?.resetWhenClosed()
        // TLS would say that this is the end (RFC 8446 section 6.1), so it is passed over.
        if let handler = try? pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self) {
            handler.close(promise: nil)
        } else {
            close(promise: nil)
        }
    }
}
