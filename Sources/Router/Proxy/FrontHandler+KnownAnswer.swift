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
        let requestID = head.requestID == nil ? line?.made ?? worker.nextRequestID() : nil
        let answer: ByteBuffer? = pending.withUnsafeReadableBytes { bytes in
            guard let credential = FieldLine.onlyValue("authorization", in: head.fields.range, of: bytes),
                let body = known(
                    service, String(decoding: head.target.slice(bytes), as: UTF8.self),
                    String(decoding: credential, as: UTF8.self))
            else { return nil }
            var out = ByteBufferAllocator().buffer(capacity: 256)
            out.writeStaticString("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ")
            out.writeString(String(body.readableBytes))
            out.writeStaticString("\r\nX-Request-Id: ")
            if let requestID { out.writeString(requestID.text) }
            if let given = head.requestID { out.writeBytes(given.slice(bytes)) }
            out.writeStaticString("\r\n")
            end(&out, isKept: true, isOld: false)
            guard body.readableBytes > Self.maximumJoinedBody else {
                out.writeImmutableBuffer(body)
                return out
            }
            write(out)
            return body
        }
        guard let answer else { return false }
        upstream.requests.end()
        line?.upstream = upstream.label
        pending.moveReaderIndex(forwardBy: head.length)
        write(answer)
        return true
    }
}
