import NIOCore

/// Writes a request head as the upstream gets it: the client's own bytes without the lines that are cut, and ours.
enum RequestHeadWriter {
    /// What takes the place of the client's target and Host.
    struct Rewritten {
        var target: String
        var host: String
    }

    /// - Parameters:
    ///   - bytes: start with the head's first byte.
    ///   - passesExpectation: the upstream is asked to say `100 Continue` itself.
    static func write(
        _ head: RequestHead, _ bytes: UnsafeRawBufferPointer, forwarding: ForwardingFields, requestID: RequestID?,
        defaultHost: String, passesExpectation: Bool, rewritten: Rewritten? = nil, into out: inout ByteBuffer
    ) {
        let other = rewritten.map { $0.target.utf8.count + $0.host.utf8.count } ?? 0
        // The host may be written twice: in its own line, and in `X-Forwarded-Host`.
        let capacity =
            head.length + (head.host?.count ?? defaultHost.utf8.count) * 2 + forwarding.lines.count + other + own
        out.writePieces(atMost: capacity) { out in
            out.write(head.methodText.slice(bytes))
            out.write(" ")
            if let rewritten {
                out.write(rewritten.target)
                out.write(" HTTP/1.1\r\nHost: ")
                out.write(rewritten.host)
                out.write("\r\n")
            } else {
                writeTarget(head, bytes, defaultHost: defaultHost, into: &out)
            }
            let cuts = rewritten == nil ? head.cuts : head.cutsWithHost
            writeFields(head.fields, without: cuts, bytes, into: &out)
            writeOwn(head, bytes, forwarding, requestID, into: &out)
            if head.expectsContinue, passesExpectation { out.write("Expect: 100-continue\r\n") }
            if head.wantsWebSocket { out.write("Connection: Upgrade\r\nUpgrade: websocket\r\n") }
            out.write("\r\n")
        }
    }

    /// More than all the fixed texts of a head together.
    static let own = 320

    private static func writeTarget(
        _ head: RequestHead, _ bytes: UnsafeRawBufferPointer, defaultHost: String, into out: inout PieceWriter
    ) {
        let target = head.target.slice(bytes)
        // An absolute form without a path, or with a query only (RFC 9112 section 3.2.1).
        if target.first != ByteClass.slash, target.first != UInt8(ascii: "*") { out.write("/") }
        out.write(target)
        out.write(" HTTP/1.1\r\n")
        if !head.hasHostField {
            out.write("Host: ")
            if let host = head.host { out.write(host.slice(bytes)) } else { out.write(defaultHost) }
            out.write("\r\n")
        }
    }

    private static func writeOwn(
        _ head: RequestHead, _ bytes: UnsafeRawBufferPointer, _ forwarding: ForwardingFields, _ requestID: RequestID?,
        into out: inout PieceWriter
    ) {
        // RFC 9110 section 7.6.3.
        if head.isOld { out.write("Via: 1.0 berth\r\n") } else { out.write(forwarding.via) }
        out.write(head.hasForwardedScheme ? forwarding.linesWithoutScheme : forwarding.lines)
        if let host = head.host, !head.hasForwardedHost {
            out.write("X-Forwarded-Host: ")
            out.write(host.slice(bytes))
            out.write("\r\n")
        }
        if let requestID {
            out.write("X-Request-Id: ")
            requestID.write { out.write($0) }
            out.write("\r\n")
        }
    }

    /// Copies the field lines that are not cut, in as few pieces as there are.
    static func writeFields(
        _ fields: ByteSpan, without cuts: [ByteSpan], _ bytes: UnsafeRawBufferPointer, into out: inout PieceWriter
    ) {
        var start = Int(fields.start)
        for cut in cuts {
            if start < Int(cut.start) {
                out.write(UnsafeRawBufferPointer(rebasing: bytes[start..<Int(cut.start)]))
            }
            start = max(start, Int(cut.end))
        }
        if start < Int(fields.end) {
            out.write(UnsafeRawBufferPointer(rebasing: bytes[start..<Int(fields.end)]))
        }
    }
}
