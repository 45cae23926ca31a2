import NIOCore

/// Deadlines of an HTTP/2 connection and the ways it ends.
extension HTTP2Connection {
    /// The stream has sent its last frame.
    func finished(_ stream: HTTP2Stream) {
        streams[stream.id] = nil
        waiting.removeAll { $0 === stream }
        touch()
        if isGoingAway, streams.isEmpty { closeWhenFlushed() }
    }

    /// Ends the connection for a fault of the client's (section 5.4.1).
    func fail(_ fault: HTTP2Frame.Fault) {
        guard !isClosed else { return }
        isClosed = true
        out.writeGoAway(last: lastStream, fault)
        flushNow()
        context?.close(promise: nil)
    }

    /// No new streams; those that are open go on.
    func goAway() {
        guard !isGoingAway, !isClosed else { return }
        isGoingAway = true
        out.writeGoAway(last: lastStream, .none)
        flushNow()
        if streams.isEmpty { closeWhenFlushed() }
    }

    private func closeWhenFlushed() {
        guard let context else { return }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        // The caller may be in the middle of a frame.
        context.eventLoop.execute {
            let (connection, context) = bound.value
            connection.flushNow()
            connection.watchReader()
            let promise = context.eventLoop.makePromise(of: Void.self)
            promise.futureResult.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
            context.writeAndFlush(connection.wrapOutboundOut(ByteBuffer()), promise: promise)
        }
    }

    // MARK: - Slow readers

    private var unsent: Int { (context?.channel as? StreamChannel)?.unsent ?? 0 }

    func watchReader() {
        reader.start(taken: handed &- unsent, clock: worker.clock, limit: worker.configuration.slowReaderTimeout)
    }

    private func isReaderLate() -> Bool {
        guard reader.deadline <= worker.clock.now else { return false }
        let unsent = unsent
        guard unsent > 0 else {
            reader.stop()
            return false
        }
        return reader.look(taken: handed &- unsent, clock: worker.clock, limit: worker.configuration.slowReaderTimeout)
    }

    // MARK: - TimedConnection

    var deadline: Int { min(idleDeadline, reader.deadline) }

    /// Something came or ended.
    func touch() { idleDeadline = worker.clock.deadline(ticks: worker.times.keepAliveIdle) }

    func deadlinePassed() {
        if isReaderLate() { context?.reset() }
        guard idleDeadline <= worker.clock.now else { return }
        touch()
        // Streams have deadlines of their own.
        if streams.isEmpty { goAway() }
    }

    func closeIfIdle() { goAway() }

    func cut() { context?.close(promise: nil) }
}
