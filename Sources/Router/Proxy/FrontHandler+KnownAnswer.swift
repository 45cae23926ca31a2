import NIOCore

/// Answering for a service what it has answered before.
extension FrontHandler {
    /// Answers the request at the front of `pending` when its service has left the answer. True when it did. Only plain
    /// requests are: GET with one credential, no body, the connection is kept.
    func answerKnown(_ head: RequestHead, _ upstream: Upstream) -> Bool {
        guard let known = worker.configuration.knownAnswer, case .service(let service) = upstream.kind,
            head.method == .get, head.framing == .none, !head.isOld, head.connection.isEmpty, !head.expectsContinue,
            !worker.isClosing
        else { return false }
        let found = pending.withUnsafeReadableBytes { bytes -> (body: ByteBuffer, requestID: String?)? in
            guard let credential = FieldLine.onlyValue("authorization", in: head.fields.range, of: bytes),
                let body = known(
                    service, String(decoding: head.target.slice(bytes), as: UTF8.self),
                    String(decoding: credential, as: UTF8.self))
            else { return nil }
            return (body, head.requestID.map { String(decoding: $0.slice(bytes), as: UTF8.self) })
        }
        guard let (body, requestID) = found else { return false }
        upstream.requests.end()
        line?.upstream = upstream.label
        pending.moveReaderIndex(forwardBy: head.length)
        let isSmall = body.readableBytes <= Self.maximumJoinedBody
        var out = ByteBufferAllocator().buffer(capacity: 256 + (isSmall ? body.readableBytes : 0))
        out.writeStaticString("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ")
        out.writeString(String(body.readableBytes))
        out.writeStaticString("\r\nX-Request-Id: ")
        out.writeString(requestID ?? (line?.made ?? worker.nextRequestID()).text)
        out.writeStaticString("\r\n")
        end(&out, isKept: true, isOld: false)
        if isSmall { out.writeImmutableBuffer(body) }
        write(out)
        if !isSmall { write(body) }
        return true
    }
}
