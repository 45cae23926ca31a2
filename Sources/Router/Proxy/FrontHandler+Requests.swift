import Core
import NIOCore

/// Taking requests: from bytes to a target.
extension FrontHandler {
    /// Deals with the heads that are there, one after the other, as long as each is answered at once.
    func readHeads() {
        while phase == .head, pending.readableBytes > 0, isWritable {
            if !parser.hasStarted {
                guard skipEmptyLine() else {
                    if pending.readableBytes > 0 { return awaitHead() }
                    break
                }
                let known = pending.withUnsafeReadableBytes { worker.heads.find($0, isTrusted: forwarding.isTrusted) }
                if let known {
                    if isHeadTimed { _ = parser.take() }
                    if !answerAgain(known) { dispatch(known.head, known) }
                    continue
                }
            }
            let progress = pending.withUnsafeReadableBytes { parser.advance($0) }
            switch progress {
            case .needsMore: return awaitHead()
            case .refused(let fault):
                endLine()
                refuse(fault)
            case .complete:
                let head = parser.take()
                let known = pending.withUnsafeReadableBytes {
                    worker.heads.note(head, $0, isTrusted: forwarding.isTrusted)
                }
                dispatch(head, known)
            }
        }
        if phase == .head {
            endLine()
            if pending.readableBytes == 0 {
                pending = ByteBuffer()
                armIdleDeadline()
                if isInputClosed || worker.isClosing { finishAndClose() }
            }
        }
        flushIfNeeded()
        upstream?.flushIfNeeded()
        resumeReading()
    }

    /// A head, or an empty line before one, has begun to come.
    private func awaitHead() {
        endLine()
        armHeadDeadline()
        if isInputClosed { finishAndClose() }
        flushIfNeeded()
        // What was ahead of the answers, and kept the client from being read, is answered.
        resumeReading()
    }

    /// RFC 9112 section 2.2: an empty line before a request line is ignored. False when nothing whole is left to read.
    private func skipEmptyLine() -> Bool {
        while pending.getInteger(at: pending.readerIndex, as: UInt8.self) == ByteClass.carriageReturn {
            guard pending.readableBytes > 1 else { return false }
            guard pending.getInteger(at: pending.readerIndex, as: UInt16.self) == 0x0d0a else { break }
            pending.moveReaderIndex(forwardBy: 2)
        }
        return pending.readableBytes > 0
    }

    /// A whole head is at the front of `pending`.
    private func dispatch(_ head: RequestHead, _ known: HeadMemo.Entry?) {
        disarm()
        if worker.logsAccess { beginLine(head, known) }
        if answerFromMemo(head, known) { return }
        do throws(HeadFault) {
            let version = worker.routes.version
            let (entry, meter) = try claim(head)
            if !forwarding.isSecure, worker.configuration.redirectsToHTTPS, let host = hosts.last, !host.isAddress,
                entry != nil
            {
                if case .upstream(let upstream)? = entry { upstream.requests.end() }
                return redirectToHTTPS(head, host)
            }
            switch entry {
            case .upstream(let upstream)?
            where upstream.requests.count > worker.configuration.maximumRequestsPerUpstream:
                upstream.requests.end()
                meter?.failed()
                answer(head, with: .tooBusy)
            case .upstream(let upstream)? where upstream.isService && answerKnown(head, upstream): break
            case .upstream(let upstream)?: beginExchange(head, upstream, measured: MeasuredRequest(meter))
            case .site(let site)?:
                // What is remembered is answered without a look at the routes, and so without being counted.
                if meter == nil { hosts.keep(site, version: version) }
                measured = MeasuredRequest(meter)
                answer(head, site: site)
                // What waits for a file has taken it along: whether that can be read shows later.
                measured?.answered(status: 200)
                measured = nil
            case .placeholder(let placeholder)? where placeholder.holdsRequests: hold(head, for: placeholder)
            case .placeholder(let placeholder)?: answer(head, with: Page(placeholder))
            case .unusable?: answer(head, with: .badGateway)
            case nil: answer(head, with: .unknownHost)
            }
        } catch {
            refuse(error, format: format(head))
        }
    }

    /// Finds the target, and counts the request on it when it is an upstream.
    private func claim(_ head: RequestHead) throws(HeadFault) -> (RouteEntry?, TrafficMeter?) {
        if let span = head.host {
            let host: HostName
            do {
                host = try pending.withUnsafeReadableBytes { try hosts.host(span.slice($0)) }
            } catch {
                throw .malformedHost
            }
            if let (entry, meter) = worker.routes.claimMeasured(host.name) { return (entry, meter) }
            if host.isAddress { return (worker.routes.claim(worker.apiHost), nil) }
        }
        // For probes that know the server's address and nothing else.
        let isProbe = pending.withUnsafeReadableBytes { bytes in
            let target = head.target.slice(bytes)
            let path = UnsafeRawBufferPointer(rebasing: target.prefix { $0 != UInt8(ascii: "?") })
            return path.elementsEqual("/healthz".utf8) || path.elementsEqual("/metrics".utf8)
        }
        return (isProbe ? worker.routes.claim(worker.apiHost) : nil, nil)
    }

    /// 308 keeps the method (RFC 9110 section 15.4.9).
    private func redirectToHTTPS(_ head: RequestHead, _ host: HostName) {
        let isKept = keepsConnection(head)
        let target = pending.withUnsafeReadableBytes { head.target.string($0) }
        let port = worker.configuration.secure.map { $0.port == 443 || $0.port == 0 ? "" : ":\($0.port)" } ?? ""
        let path = target.utf8.first == ByteClass.slash ? target : "/"
        pending.moveReaderIndex(forwardBy: head.length)
        var out = ByteBuffer(
            string: "HTTP/1.1 308 Permanent Redirect\r\nLocation: https://\(host.name)\(port)\(path)\r\n"
                + "Content-Length: 0\r\n")
        end(&out, isKept: isKept, isOld: head.isOld)
        write(out)
        finishAnswer(isKept: isKept, body: head.framing)
    }

    // MARK: - Our own answers

    /// Refuses what cannot be trusted: nothing after it on this connection is read as a request.
    /// - Parameter format: of the page; `nil` when no head was read.
    func refuse(_ fault: HeadFault, format: PageFormat? = nil) {
        var page = Page.refused(fault)
        page.allows = fault == .refusedMethod ? "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS" : nil
        refuse(with: page, format: format)
    }

    /// The same with a page that is made already.
    func refuse(with page: Page, format: PageFormat? = nil) {
        let format = format ?? unreadFormat()
        if worker.logsAccess, line == nil { beginRefusedLine() }
        pending = ByteBuffer()
        write(render(page, format: format, includesBody: true, isKept: false, isOld: false))
        linger()
    }

    /// Answers the request whose head is at the front of `pending`.
    func answer(_ head: RequestHead, with page: Page) {
        let format = format(head)
        let isKept = keepsConnection(head)
        pending.moveReaderIndex(forwardBy: head.length)
        write(render(page, format: format, includesBody: head.method != .head, isKept: isKept, isOld: head.isOld))
        finishAnswer(isKept: isKept, body: head.framing)
    }

    func render(
        _ page: Page, format: PageFormat, includesBody: Bool, isKept: Bool, isOld: Bool
    ) -> ByteBuffer {
        var fields = ByteBuffer(bytes: worker.date())
        writeTransportFields(into: &fields)
        let requestID = format == .envelope ? line?.requestID ?? worker.nextRequestID().text : ""
        return page.render(
            format, includesBody: includesBody, persistence: persistence(isKept, isOld: isOld),
            fields: Array(fields.readableBytesView), requestID: requestID)
    }

    /// Lines of every answer that depend on how the client is connected: HSTS (RFC 6797), over TLS only.
    func writeTransportFields(into out: inout ByteBuffer) {
        if forwarding.isSecure, let line = worker.strictTransportLine { out.writeBytes(line) }
    }

    /// After an answer of our own was written.
    func finishAnswer(isKept: Bool, body: RequestHead.Framing) {
        phase = .head
        if !isKept {
            if body == .none { finishAndClose() } else { linger() }
        }
    }

    /// A request with a body that nobody reads ends the connection.
    func keepsConnection(_ head: RequestHead) -> Bool {
        head.framing == .none && allowsAnother(head) && !worker.isClosing
    }

    /// Whether what comes behind may be another request. On a stream of HTTP/2 that asks for a WebSocket it is data, also
    /// when there will be none.
    func allowsAnother(_ head: RequestHead) -> Bool { head.isPersistent && (!head.wantsWebSocket || stream == nil) }

    func persistence(_ isKept: Bool, isOld: Bool) -> ResponseHeadWriter.Persistence {
        guard isKept else { return .close }
        return isOld ? .keepAlive : .implied
    }
}
