import Logging
import NIOCore

/// Passing a request on and its response back.
extension FrontHandler {
    // MARK: - The request

    /// The head at the front of `pending` was claimed for `upstream`.
    /// - Parameter rewritten: request target and Host that take the place of the client's.
    func beginExchange(
        _ head: RequestHead, _ upstream: Upstream, rewritten: RequestHeadWriter.Rewritten? = nil,
        measured: MeasuredRequest? = nil
    ) {
        var out = ByteBuffer()
        let requestID = head.requestID != nil ? nil : line?.made ?? worker.nextRequestID()
        pending.withUnsafeReadableBytes { bytes in
            RequestHeadWriter.write(
                head, bytes, forwarding: forwarding, requestID: requestID,
                defaultHost: worker.configuration.domain, passesExpectation: !upstream.isService, rewritten: rewritten,
                into: &out)
        }
        pending.moveReaderIndex(forwardBy: head.length)
        // What was read into can be read into again, by whichever connection is next.
        if pending.readableBytes == 0 { pending = ByteBuffer() }
        let exchange = Exchange(
            upstream: upstream, answersHead: head.method == .head, isOld: head.isOld,
            wantsWebSocket: head.wantsWebSocket, isPersistent: allowsAnother(head),
            requestBody: BodyFraming(head.framing), head: out, isRepeatable: false)
        exchange.measured = measured
        prepareRepeat(of: exchange, head)
        self.exchange = exchange
        line?.upstream = upstream.label
        if let limit = worker.times.request { totalDeadline = worker.clock.deadline(ticks: limit) }
        if head.expectsContinue, upstream.isService {
            // Our services read every body and leave the 100 to us.
            write(ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n"))
            flushIfNeeded()
        }
        let age = exchange.isRepeatable ? worker.times.upstreamIdle : worker.times.upstreamFreshness
        if let handler = worker.pool.checkOut(upstream, usedWithin: age, isVerified: !exchange.isRepeatable) {
            send(on: handler)
        } else {
            connect()
        }
    }

    /// Only what is idempotent and wholly at hand is ever sent twice.
    private func prepareRepeat(of exchange: Exchange, _ head: RequestHead) {
        guard head.method.isIdempotent else { return }
        switch head.framing {
        case .none: exchange.isRepeatable = true
        case .length(let count) where count <= min(pending.readableBytes, Self.maximumAhead):
            exchange.replayBody = pending.getSlice(at: pending.readerIndex, length: count)
            exchange.isRepeatable = exchange.replayBody != nil
        default: break
        }
    }

    private func connect() {
        guard let exchange else { return }
        phase = .connecting
        attempt = worker.pool.connect(exchange.upstream, for: self)
    }

    /// The connection that was asked for is open.
    func upstreamConnected(_ handler: UpstreamHandler) {
        attempt = nil
        guard phase == .connecting else {
            handler.close()
            return
        }
        send(on: handler)
        upstream?.flushIfNeeded()
        resumeReading()
    }

    private func send(on handler: UpstreamHandler) {
        guard let exchange else { return }
        phase = .exchanging
        upstream = handler
        handler.begin(exchange.head, for: self, answersHead: exchange.answersHead, stripsChunks: exchange.isOld)
        if exchange.wasRepeated, let body = exchange.replayBody { handler.write(body) }
        if exchange.isRequestComplete { requestCompleted() } else { passOnBody() }
    }

    /// So many bytes of a request's body make it a large one, and what comes of it at once worth waiting for more: where little
    /// comes at a time somebody may wait for each piece.
    private static var largeBody: Int { 1024 * 1024 }
    private static var largePiece: Int { 32 * 1024 }

    /// Passes on what has come of the request's body.
    func passOnBody() {
        guard phase == .exchanging, exchange?.isRequestComplete == false else { return }
        if pending.readableBytes > 0 {
            var content = 0
            let step =
                pending.withUnsafeReadableBytes { bytes in
                    exchange?.requestBody.take(bytes) { content += $0.count }
                } ?? .refused
            exchange?.bodyBytes += content
            if let limit = worker.configuration.maximumBody, exchange?.bodyBytes ?? 0 > limit {
                return requestBodyFailed(.bodyTooLarge)
            }
            switch step {
            case .more:
                upstream?.write(pending)
                pending = ByteBuffer()
                if content >= Self.largePiece, exchange?.bodyBytes ?? 0 >= Self.largeBody { channel?.gather() }
            case .ended(let count):
                if let body = pending.readSlice(length: count) { upstream?.write(body) }
                if pending.readableBytes == 0 { pending = ByteBuffer() }
                requestCompleted()
                return
            case .refused:
                requestBodyFailed(.malformedChunk)
                return
            }
        }
        if isInputClosed {
            // The client will never send the rest.
            abort()
        } else {
            deadline = worker.clock.deadline(ticks: worker.times.bodyIdle)
        }
    }

    private func requestCompleted() {
        guard let exchange, !exchange.hasResponse else {
            disarm()
            return
        }
        if isInputClosed {
            armGrace()
        } else if let limit = worker.firstByteTime(exchange.upstream) {
            deadline = worker.clock.deadline(ticks: limit)
        } else {
            disarm()
        }
    }

    private func requestBodyFailed(_ fault: HeadFault) {
        let hasResponse = exchange?.hasResponse == true
        let format = exchange.map { self.format($0) }
        dropUpstream()
        endExchange()
        if hasResponse { abort() } else { refuse(fault, format: format) }
        flushIfNeeded()
    }

    // MARK: - The response

    /// A 1xx that is not the last word.
    func informed(_ head: ResponseHead, _ bytes: UnsafeRawBufferPointer) {
        guard let exchange, !exchange.isOld else { return }
        var out = ByteBuffer()
        ResponseHeadWriter.write(head, bytes, isChunked: false, persistence: .implied, into: &out)
        write(out)
    }

    /// The final response's head, with as much of the body as came with it.
    func responded(_ head: ResponseHead, _ bytes: UnsafeRawBufferPointer, framing: BodyFraming, body: ByteBuffer?) {
        guard let current = exchange else { return }
        if let measured = current.measured {
            measured.answered(status: head.status)
            current.measured = nil
        }
        current.hasResponse = true
        current.head = ByteBuffer()
        current.replayBody = nil
        let strips = current.isOld && head.isChunked && !current.answersHead
        let endsWithConnection = framing.isUntilClose || strips
        let isKept =
            current.isPersistent && !endsWithConnection && current.isRequestComplete && !worker.isClosing
        current.endsWithConnection = endsWithConnection
        current.isPersistent = isKept
        if isInputClosed { armGrace() } else if current.isRequestComplete { disarm() }
        armResponseIdle()
        let own = ownFields(head)
        if let stream {
            line?.note(status: head.status)
            stream.write(head, bytes, own: own)
            if let body { write(body) } else { needsFlush = true }
            return
        }
        let isSmall = (body?.readableBytes ?? 0) <= Self.maximumJoinedBody
        var out = worker.takeAnswerBuffer()
        out.reserveCapacity(
            head.length + own.count + ResponseHeadWriter.own + (isSmall ? body?.readableBytes ?? 0 : 0))
        ResponseHeadWriter.write(
            head, bytes, own: own, isChunked: head.isChunked && !current.isOld && head.status != 204,
            persistence: persistence(isKept, isOld: current.isOld), into: &out)
        if var body {
            if isSmall {
                out.writeBuffer(&body)
                write(out)
            } else {
                write(out)
                write(body)
            }
        } else {
            write(out)
        }
        worker.keepAnswerBuffer(out)
    }

    /// What an app's answer lacks: when it came (RFC 9110 section 6.6.1), and HSTS unless the app has a policy of its own.
    private func ownFields(_ head: ResponseHead) -> [UInt8] {
        let date = head.hasDate ? [] : worker.date()
        guard forwarding.isSecure, !head.hasTransportSecurity, let line = worker.strictTransportLine else {
            return date
        }
        return date + line
    }

    /// Bodies up to this size are copied behind their head: one `write` is cheaper than a `writev` of two.
    static var maximumJoinedBody: Int { 8 * 1024 }

    func received(_ body: ByteBuffer) {
        if isInputClosed { armGrace() } else { armResponseIdle() }
        write(body)
    }

    private func armResponseIdle() {
        guard let limit = worker.times.responseIdle, !isInputClosed,
            exchange?.isRequestComplete == true
        else { return }
        deadline = worker.clock.deadline(ticks: limit)
    }

    /// The response is whole and the upstream connection is already somebody else's.
    func responseEnded() {
        upstream = nil
        guard let exchange else { return }
        let isKept = exchange.isPersistent && exchange.isRequestComplete
        let isRequestComplete = exchange.isRequestComplete
        endExchange()
        if isKept {
            phase = .head
            readHeads()
        } else if isRequestComplete {
            finishAndClose()
        } else {
            linger()
        }
    }

    /// The upstream will not answer, or not to the end.
    func upstreamFailed(_ fault: UpstreamFault) {
        upstream = nil
        attempt = nil
        guard let exchange, phase != .closed else { return }
        if exchange.hasResponse {
            endExchange()
            worker.logger.debug("upstream cut a response short")
            if exchange.endsWithConnection { abort() } else { finishAndClose() }
            return
        }
        if case .closedSilently(wasUsed: true) = fault, exchange.isRepeatable, !exchange.wasRepeated {
            self.exchange?.wasRepeated = true
            connect()
            return
        }
        exchange.measured?.meter.failed()
        endExchange()
        phase = .head
        worker.logger.debug("upstream failed", metadata: ["fault": "\(fault)"])
        let isKept = exchange.isPersistent && exchange.isRequestComplete && !worker.isClosing
        write(
            render(
                Page(fault), format: format(exchange), includesBody: !exchange.answersHead, isKept: isKept,
                isOld: exchange.isOld))
        if isKept {
            readHeads()
        } else if exchange.isRequestComplete {
            finishAndClose()
        } else {
            linger()
        }
    }

    // MARK: - Ends

    /// Gives the claim back. Every claim comes here once.
    func endExchange() {
        guard let exchange else { return }
        self.exchange = nil
        totalDeadline = TickClock.never
        disarm()
        exchange.upstream.requests.end()
    }

    /// Closes the upstream connection in the middle of an exchange.
    func dropUpstream() {
        attempt?.front = nil
        attempt = nil
        let handler = upstream
        upstream = nil
        handler?.abandon()
    }
}
