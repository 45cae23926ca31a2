import NIOCore

/// Deadlines and the ways a client's connection ends.
extension FrontHandler {
    // MARK: - Deadlines

    func armIdleDeadline() {
        isHeadTimed = false
        // A connection that was accepted as the last ones were: its first request is on the way or never comes.
        let limit = worker.isClosing ? worker.times.linger : worker.times.keepAliveIdle
        deadline = worker.clock.deadline(ticks: limit)
    }

    /// Runs from the first byte of a head; more bytes do not move it.
    func armHeadDeadline() {
        guard !isHeadTimed else { return }
        isHeadTimed = true
        deadline = worker.clock.deadline(ticks: worker.times.header)
    }

    func armGrace() { deadline = worker.clock.deadline(ticks: worker.times.halfCloseGrace) }

    func disarm() {
        isHeadTimed = false
        deadline = TickClock.never
    }

    func deadlinePassed() {
        if isReaderLate() { return abort() }
        if isRequestLate { return requestTookTooLong() }
        guard stepDeadline <= worker.clock.now else { return }
        disarm()
        switch phase {
        case .head:
            // The client is still reading; how slow it may be is another limit.
            if unsent > 0 {
                watchReader()
                return armIdleDeadline()
            }
            guard pending.readableBytes > 0 else {
                close()
                return
            }
            tellTimeout()
        case .connecting, .held: if isInputClosed { abort() }
        case .exchanging: exchangeDeadlinePassed()
        case .lingering: close()
        case .glued:
            sayGoingAway()
            dropUpstream()
            endExchange()
            finishAndClose()
        case .answering, .closed: break
        }
    }

    private func requestTookTooLong() {
        totalDeadline = TickClock.never
        guard phase == .connecting || phase == .exchanging, let exchange else { return }
        guard !exchange.hasResponse else { return abort() }
        dropUpstream()
        upstreamFailed(.timedOut)
        flushIfNeeded()
    }

    private func exchangeDeadlinePassed() {
        guard let exchange else { return }
        if isInputClosed {
            // A slow reader is not a client that has gone.
            if isWritable { abort() } else { armGrace() }
        } else if !exchange.isRequestComplete {
            if upstream?.isWritable == false {
                // We are the ones who do not read.
                if !exchange.hasResponse, hasStalled(exchange) {
                    dropUpstream()
                    return upstreamFailed(.timedOut)
                }
                deadline = worker.clock.deadline(ticks: worker.times.bodyIdle)
            } else if exchange.hasResponse {
                abort()
            } else {
                let format = format(exchange)
                dropUpstream()
                endExchange()
                tellTimeout(format)
            }
        } else if !exchange.hasResponse {
            dropUpstream()
            upstreamFailed(.timedOut)
        } else if worker.configuration.responseIdleTimeout != nil {
            abort()
        }
    }

    /// The app has taken nothing of the request's body since this was asked last.
    private func hasStalled(_ exchange: Exchange) -> Bool {
        guard let upstream, worker.firstByteTime(exchange.upstream) != nil else { return false }
        let taken = exchange.bodyBytes &- upstream.unsent
        defer { exchange.bodyTaken = taken }
        return taken == exchange.bodyTaken
    }

    /// 408 (RFC 9110 section 15.5.9).
    private func tellTimeout(_ format: PageFormat? = nil) { refuse(with: .requestTimeout, format: format) }

    // MARK: - The client stops

    /// The client sends no more; it may still read.
    func inputClosed() {
        isInputClosed = true
        switch phase {
        case .head:
            // Every whole request has been dealt with, unless the answers are not being read.
            if isWritable { finishAndClose() }
        case .connecting: if exchange?.isRequestComplete == true { armGrace() }
        case .exchanging: if exchange?.isRequestComplete == true { armGrace() } else { abort() }
        case .glued: glueClientStopped()
        // What is written is still on its way out before that.
        case .lingering: if isOutputDone { close() }
        // Places are few: nobody who has gone keeps one.
        case .held: deadline = worker.clock.deadline(ticks: worker.times.heldCloseGrace)
        case .answering, .closed: break
        }
    }

    /// The connection is gone.
    func gone() {
        leaveHold()
        phase = .closed
        endLine()
        disarm()
        fileStream?.cancel()
        fileStream = nil
        dropUpstream()
        endExchange()
        pending = ByteBuffer()
        worker.unregister(self)
    }

    // MARK: - We stop

    func closeIfIdle() {
        if phase == .head, pending.readableBytes == 0 { finishAndClose() }
    }

    /// The time that was left is over.
    func cut() { if phase == .lingering { close() } else { abort() } }

    func close() {
        if let socket { socket.closeNow() } else if let stream { stream.close() } else { context?.close(promise: nil) }
    }

    func closeOutput() {
        if let socket {
            socket.closeOutput()
        } else if let stream {
            stream.closeOutput()
        } else {
            context?.close(mode: .output, promise: nil)
        }
    }

    /// Closes when everything written has been handed to the kernel.
    func finishAndClose() {
        guard phase != .closed, phase != .lingering else { return }
        // Bytes that nobody reads would turn the close into a reset.
        guard pending.readableBytes == 0 || isInputClosed else { return linger() }
        phase = .lingering
        endLine()
        disarm()
        afterFlush { front in front.close() }
    }

    /// Closes our side when everything is written and throws away what the client is still sending, for a while: closing
    /// at once would reset the connection, and the client might never see the answer (RFC 9112 section 9.6).
    func linger() {
        guard phase != .closed, phase != .lingering else { return }
        phase = .lingering
        endLine()
        pending = ByteBuffer()
        disarm()
        afterFlush { front in
            guard front.phase == .lingering else { return }
            if front.isInputClosed {
                front.close()
            } else {
                front.closeOutput()
                front.deadline = front.worker.clock.deadline(ticks: front.worker.times.linger)
            }
        }
        resumeReading()
    }

    private func afterFlush(_ action: @escaping (FrontHandler) -> Void) {
        if let stream {
            flushIfNeeded()
            stream.flush()
            isOutputDone = true
            return action(self)
        }
        guard let channel else { return }
        flushIfNeeded()
        // Mostly the kernel has taken everything by now, and an empty write to wait for would be one more part of it.
        if !forwarding.isSecure, channel.unsent == 0 {
            isOutputDone = true
            return action(self)
        }
        watchReader()
        let promise = worker.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { _ in
            self.reader.stop()
            self.isOutputDone = true
            action(self)
        }
        if let socket {
            socket.write(.byteBuffer(ByteBuffer()), promise)
            socket.flush0()
        } else if let context {
            context.writeAndFlush(wrapOutboundOut(.byteBuffer(ByteBuffer())), promise: promise)
        } else {
            promise.fail(ChannelError.ioOnClosedChannel)
        }
    }

    /// RST instead of FIN: ends the connection so that the client cannot take it for a clean end.
    func abort() {
        // Nothing of a stream may be touched when its connection is gone.
        guard phase != .closed else { return }
        if let stream { return stream.abort() }
        guard let socket else {
            context?.reset()
            return
        }
        socket.resetWhenClosed()
        socket.closeNow()
    }
}
