import NIOCore
import NIOHPACK

/// What each frame means (RFC 9113 section 6). Connection errors are thrown, stream errors are answered with RST_STREAM.
extension HTTP2Connection {
    /// Frames that one block of headers may be spread over.
    static let maximumContinuations = 16

    func take(_ header: HTTP2Frame.Header, _ payload: ByteBuffer) throws(HTTP2Frame.Fault) {
        guard hasSettings || header.kind == .settings else { throw .protocolError }
        if let block {
            guard header.kind == .continuation, header.stream == block.stream else { throw .protocolError }
        }
        switch header.kind {
        case .data: try takeData(header, payload)
        case .headers: try takeHeaders(header, payload)
        case .continuation: try takeContinuation(header, payload)
        case .settings: try takeSettings(header, payload)
        case .windowUpdate: try takeWindowUpdate(header, payload)
        case .reset: try takeReset(header, payload)
        case .ping:
            guard header.stream == 0 else { throw .protocolError }
            guard header.length == 8 else { throw .frameSize }
            guard !header.has(HTTP2Frame.Flag.acknowledge) else { return }
            guard budget.spend() else { throw .enhanceYourCalm }
            writePong(payload)
        case .goAway: guard header.stream == 0 else { throw .protocolError }
        case .priority:
            guard header.stream != 0 else { throw .protocolError }
            guard header.length == 5 else { throw .frameSize }
            guard budget.spend() else { throw .enhanceYourCalm }
        case .pushPromise: throw .protocolError
        case nil: guard budget.spend() else { throw .enhanceYourCalm }
        }
    }

    // MARK: - Data

    private func takeData(_ header: HTTP2Frame.Header, _ payload: ByteBuffer) throws(HTTP2Frame.Fault) {
        guard header.stream != 0 else { throw .protocolError }
        var data = payload
        let padding = try removePadding(header, &data)
        try countReceived(header.length)
        let endsStream = header.has(HTTP2Frame.Flag.endStream)
        if data.readableBytes == 0, !endsStream {
            guard budget.spend() else { throw .enhanceYourCalm }
        }
        guard let stream = streams[header.stream] else {
            guard header.stream <= lastStream else { throw .protocolError }
            // What was under way when we ended the stream.
            return
        }
        fed.append(stream)
        do throws(HTTP2Frame.Fault) {
            try stream.received(data, padding: padding, endsStream: endsStream)
        } catch {
            try fail(stream, error)
        }
    }

    /// Ends a stream for a fault of the client's (section 5.4.2). It costs what the client's own reset does: a client that
    /// makes us reset its streams has as many begun for nothing (CVE-2025-8671).
    private func fail(_ stream: HTTP2Stream, _ fault: HTTP2Frame.Fault) throws(HTTP2Frame.Fault) {
        stream.fail(fault)
        stream.tearDownIfDone()
        guard budget.spend(2) else { throw .enhanceYourCalm }
    }

    private func removePadding(
        _ header: HTTP2Frame.Header, _ payload: inout ByteBuffer
    ) throws(HTTP2Frame.Fault) -> Int {
        guard header.has(HTTP2Frame.Flag.padded) else { return 0 }
        guard let padding = payload.readInteger(as: UInt8.self), Int(padding) <= payload.readableBytes else {
            throw .protocolError
        }
        payload =
            payload.getSlice(at: payload.readerIndex, length: payload.readableBytes - Int(padding)) ?? ByteBuffer()
        return Int(padding) + 1
    }

    // MARK: - Headers

    private func takeHeaders(_ header: HTTP2Frame.Header, _ payload: ByteBuffer) throws(HTTP2Frame.Fault) {
        guard header.stream % 2 == 1 else { throw .protocolError }
        var bytes = payload
        _ = try removePadding(header, &bytes)
        if header.has(HTTP2Frame.Flag.priority) {
            guard let dependency = bytes.readInteger(as: UInt32.self), bytes.readInteger(as: UInt8.self) != nil else {
                throw .protocolError
            }
            guard Int(dependency & 0x7fff_ffff) != header.stream else { throw .protocolError }
        }
        let endsStream = header.has(HTTP2Frame.Flag.endStream)
        if header.has(HTTP2Frame.Flag.endHeaders) {
            try takeBlock(header.stream, endsStream: endsStream, bytes)
        } else {
            block = (header.stream, endsStream, bytes, 0)
        }
    }

    private func takeContinuation(_ header: HTTP2Frame.Header, _ payload: ByteBuffer) throws(HTTP2Frame.Fault) {
        guard var open = block else { throw .protocolError }
        var payload = payload
        open.bytes.writeBuffer(&payload)
        open.frames += 1
        guard open.frames <= Self.maximumContinuations, open.bytes.readableBytes <= worker.configuration.maximumHead
        else { throw .enhanceYourCalm }
        if header.has(HTTP2Frame.Flag.endHeaders) {
            block = nil
            try takeBlock(open.stream, endsStream: open.endsStream, open.bytes)
        } else {
            block = open
        }
    }

    private func takeBlock(_ id: Int, endsStream: Bool, _ bytes: ByteBuffer) throws(HTTP2Frame.Fault) {
        if endsStream, id > lastStream, !isGoingAway, streams.count < Self.maximumStreams, let head = memo.head(bytes) {
            lastStream = id
            if answerAgain(id) { return }
            memo.began(id)
            return begin(id, head, endsStream: true)
        }
        let whole = bytes
        var bytes = bytes
        memo.decoded(whole, nil)
        // Also for streams that are refused: the table is the connection's (RFC 7541 section 2.2).
        guard let headers = try? decoder.decodeHeaders(from: &bytes) else { throw .compression }
        if let stream = streams[id] {
            // The end of the body goes to the upstream with them.
            fed.append(stream)
            return try takeTrailers(headers, endsStream: endsStream, stream)
        }
        if id <= lastStream {
            // Trailers of a stream that we have ended.
            guard budget.spend() else { throw .enhanceYourCalm }
            return
        }
        lastStream = id
        guard !isGoingAway, streams.count < Self.maximumStreams else {
            guard budget.spend(2) else { throw .enhanceYourCalm }
            return write(reset: id, .refusedStream)
        }
        let head: HTTP2RequestHead
        do throws(HTTP2RequestHead.Malformed) {
            head = try HTTP2RequestHead(headers, hasBody: !endsStream)
        } catch {
            guard budget.spend(2) else { throw .enhanceYourCalm }
            return write(reset: id, .protocolError)
        }
        if endsStream {
            memo.decoded(whole, head)
            memo.began(id)
        }
        begin(id, head, endsStream: endsStream)
    }

    /// Answers the remembered request as before, when the answer and the windows allow it: no stream is made for it.
    private func answerAgain(_ id: Int) -> Bool {
        let (version, second) = (worker.routes.version, worker.seconds)
        guard isWritable, waiting.isEmpty, !worker.logsAccess || memo.logged != nil,
            let answer = memo.answer(version: version, second: second, isSecure: forwarding.isSecure)
        else { return false }
        let count = answer.body?.readableBytes ?? 0
        guard count <= min(sendWindow, peerInitialWindow, HTTP2Frame.maximumLength) else { return false }
        write(block: answer.block, stream: id, endsStream: count == 0)
        if count > 0, let body = answer.body { write(data: body, stream: id, endsStream: true) }
        budget.earn()
        if worker.logsAccess, let logged = memo.logged {
            worker.record(
                logged.head, address: forwarding.address, version: "HTTP/2.0", status: logged.status,
                bytes: answer.size)
        }
        return true
    }

    private func begin(_ id: Int, _ head: HTTP2RequestHead, endsStream: Bool) {
        let stream = HTTP2Stream(
            connection: self, id: id, head: head, endsStream: endsStream, sendWindow: peerInitialWindow)
        streams[id] = stream
        guard isAuthoritative(for: head.authority) else { return answerMisdirected(stream) }
        stream.start(head)
    }

    /// A client that asked for one name in its TLS handshake gets that one only (section 9.1.2).
    private func isAuthoritative(for authority: String) -> Bool {
        guard let serverName else { return true }
        if lastAuthority.text == authority, !authority.isEmpty { return lastAuthority.isOurs }
        let name = Array(authority.utf8).withUnsafeBytes { try? HostName($0) }
        lastAuthority = (authority, name == nil || name?.name == serverName)
        return lastAuthority.isOurs
    }

    private func answerMisdirected(_ stream: HTTP2Stream) {
        let fields = worker.date() + (forwarding.isSecure ? worker.strictTransportLine ?? [] : [])
        let page = Page.misdirected.render(.text, includesBody: true, persistence: .close, fields: fields)
        stream.write(page)
        stream.tearDownIfDone()
    }

    private func takeTrailers(
        _ headers: HPACKHeaders, endsStream: Bool, _ stream: HTTP2Stream
    ) throws(HTTP2Frame.Fault) {
        var lines = ""
        var isFine = endsStream && stream.acceptsTrailers
        for (name, value, _) in headers {
            isFine =
                isFine && !name.isEmpty && name.utf8.allSatisfy { ByteClass.isToken($0) && !(0x41...0x5a).contains($0) }
                && HTTP2RequestHead.isValue(value)
            lines += "\(name): \(value)\r\n"
        }
        guard isFine, lines.utf8.count <= ChunkScanner.maximumTrailer else { return try fail(stream, .protocolError) }
        stream.inputEnded(lines)
    }

    // MARK: - Settings and windows

    private func takeSettings(_ header: HTTP2Frame.Header, _ payload: ByteBuffer) throws(HTTP2Frame.Fault) {
        guard header.stream == 0 else { throw .protocolError }
        if header.has(HTTP2Frame.Flag.acknowledge) {
            guard header.length == 0, hasSettings else { throw .frameSize }
            return
        }
        guard header.length % 6 == 0 else { throw .frameSize }
        guard budget.spend() else { throw .enhanceYourCalm }
        hasSettings = true
        var payload = payload
        while let name = payload.readInteger(as: UInt16.self), let value = payload.readInteger(as: UInt32.self) {
            switch name {
            case HTTP2Frame.Setting.enablePush: guard value <= 1 else { throw .protocolError }
            case HTTP2Frame.Setting.initialWindow:
                guard value <= 0x7fff_ffff else { throw .flowControl }
                let change = Int(value) - peerInitialWindow
                peerInitialWindow = Int(value)
                // Section 6.9.2.
                for stream in streams.values {
                    stream.sendWindow += change
                    guard stream.sendWindow <= 0x7fff_ffff else { throw .flowControl }
                }
                if change > 0 { sendWaiting() }
            case HTTP2Frame.Setting.maximumFrame:
                guard (16_384...16_777_215).contains(value) else { throw .protocolError }
            // The size of the peer's header table: nothing is ever put into it.
            default: break
            }
        }
        writeAcknowledgement()
    }

    private func takeWindowUpdate(_ header: HTTP2Frame.Header, _ payload: ByteBuffer) throws(HTTP2Frame.Fault) {
        guard header.length == 4, let raw = payload.getInteger(at: payload.readerIndex, as: UInt32.self) else {
            throw .frameSize
        }
        let increment = Int(raw & 0x7fff_ffff)
        if header.stream == 0 {
            guard increment > 0 else { throw .protocolError }
            sendWindow += increment
            guard sendWindow <= 0x7fff_ffff else { throw .flowControl }
            sendWaiting()
        } else if let stream = streams[header.stream] {
            stream.sendWindow += increment
            guard increment > 0, stream.sendWindow <= 0x7fff_ffff else {
                return try fail(stream, increment > 0 ? .flowControl : .protocolError)
            }
            stream.windowOpened()
        } else {
            guard header.stream <= lastStream else { throw .protocolError }
        }
    }

    private func takeReset(_ header: HTTP2Frame.Header, _ payload: ByteBuffer) throws(HTTP2Frame.Fault) {
        guard header.length == 4 else { throw .frameSize }
        guard header.stream != 0, header.stream <= lastStream else { throw .protocolError }
        guard budget.spend(2) else { throw .enhanceYourCalm }
        guard let stream = streams[header.stream] else { return }
        finished(stream)
        stream.cancel()
    }
}
