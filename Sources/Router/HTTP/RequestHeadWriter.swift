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
        out.writeBytes(head.methodText.slice(bytes))
        out.writeStaticString(" ")
        if let rewritten {
            out.writeString("\(rewritten.target) HTTP/1.1\r\nHost: \(rewritten.host)\r\n")
        } else {
            writeTarget(head, bytes, defaultHost: defaultHost, into: &out)
        }
        let cuts = rewritten == nil ? head.cuts : head.cutsWithHost
        writeFields(head.fields, without: cuts, bytes, into: &out)
        writeOwn(head, bytes, forwarding, requestID, into: &out)
        if head.expectsContinue, passesExpectation { out.writeStaticString("Expect: 100-continue\r\n") }
        if head.wantsWebSocket { out.writeStaticString("Connection: Upgrade\r\nUpgrade: websocket\r\n") }
        out.writeStaticString("\r\n")
    }

    private static func writeTarget(
        _ head: RequestHead, _ bytes: UnsafeRawBufferPointer, defaultHost: String, into out: inout ByteBuffer
    ) {
        let target = head.target.slice(bytes)
        // An absolute form without a path, or with a query only (RFC 9112 section 3.2.1).
        if target.first != ByteClass.slash, target.first != UInt8(ascii: "*") { out.writeStaticString("/") }
        out.writeBytes(target)
        out.writeStaticString(" HTTP/1.1\r\n")
        if !head.hasHostField {
            out.writeStaticString("Host: ")
            if let host = head.host { out.writeBytes(host.slice(bytes)) } else { out.writeString(defaultHost) }
            out.writeStaticString("\r\n")
        }
    }

    private static func writeOwn(
        _ head: RequestHead, _ bytes: UnsafeRawBufferPointer, _ forwarding: ForwardingFields, _ requestID: RequestID?,
        into out: inout ByteBuffer
    ) {
        // RFC 9110 section 7.6.3.
        if head.isOld { out.writeStaticString("Via: 1.0 berth\r\n") } else { out.writeStaticString(forwarding.via) }
        out.writeBytes(head.hasForwardedScheme ? forwarding.linesWithoutScheme : forwarding.lines)
        if let host = head.host, !head.hasForwardedHost {
            out.writeStaticString("X-Forwarded-Host: ")
            out.writeBytes(host.slice(bytes))
            out.writeStaticString("\r\n")
        }
        if let requestID {
            out.writeStaticString("X-Request-Id: ")
            out.writeWithUnsafeMutableBytes(minimumWritableBytes: RequestID.length) { target in
                var index = 0
                requestID.write { byte in
                    target[index] = byte
                    index += 1
                }
                return index
            }
            out.writeStaticString("\r\n")
        }
    }

    /// Copies the field lines that are not cut, in as few pieces as there are.
    static func writeFields(
        _ fields: ByteSpan, without cuts: [ByteSpan], _ bytes: UnsafeRawBufferPointer, into out: inout ByteBuffer
    ) {
        var start = Int(fields.start)
        for cut in cuts {
            if start < Int(cut.start) {
                out.writeBytes(UnsafeRawBufferPointer(rebasing: bytes[start..<Int(cut.start)]))
            }
            start = max(start, Int(cut.end))
        }
        if start < Int(fields.end) {
            out.writeBytes(UnsafeRawBufferPointer(rebasing: bytes[start..<Int(fields.end)]))
        }
    }
}
