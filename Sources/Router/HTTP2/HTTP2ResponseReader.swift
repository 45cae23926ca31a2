import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Takes a response apart that was written as HTTP/1.1: the head as a header block, the body without its framing.
struct HTTP2ResponseReader {
    enum Event {
        /// A header block: interim, or the response's, which ends the stream when there is no body.
        case head(ByteBuffer, endsStream: Bool)
        case data(ByteBuffer)
        /// The body is whole; a block of trailers, if there are any.
        case end(trailers: ByteBuffer?)
        /// Not an HTTP response: cannot happen unless we wrote one wrong.
        case broken
    }

    private enum Phase { case head, body, raw, done }

    let answersHead: Bool
    private var phase = Phase.head
    private var parser = ResponseHeadParser()
    private var buffered = ByteBuffer()
    private var body = BodyFraming.ended

    init(answersHead: Bool) { self.answersHead = answersHead }

    /// The end of the connection ends the body.
    var endsWithConnection: Bool { phase == .raw || phase == .body && body.isUntilClose }
    var isDone: Bool { phase == .done }
    var hasHead: Bool { phase != .head }

    /// The header block of a head that was written by us; empty when it is none.
    static func block(_ head: ByteBuffer) -> ByteBuffer {
        var (parser, block) = (ResponseHeadParser(), ByteBuffer())
        head.withUnsafeReadableBytes { bytes in
            guard case .complete = parser.advance(bytes) else { return }
            let parsed = parser.take()
            block.writePieces(atMost: HPACKWriter.maximum(bytes.count)) { block in
                HPACKWriter.writeStatus(parsed.status, into: &block)
                writeFields(parsed, bytes, isUpgrade: false, into: &block)
            }
        }
        return block
    }

    /// A head that was taken apart already.
    mutating func take(
        _ head: ResponseHead, _ bytes: UnsafeRawBufferPointer, own: [UInt8] = [], _ event: (Event) -> Void
    ) {
        guard phase == .head else { return }
        let isUpgrade = head.status == 101
        var block = ByteBuffer()
        block.writePieces(atMost: HPACKWriter.maximum(head.length + own.count)) { block in
            HPACKWriter.writeStatus(isUpgrade ? 200 : head.status, into: &block)
            Self.writeFields(head, bytes, isUpgrade: isUpgrade, into: &block)
            if !own.isEmpty { Self.write(own, into: &block) }
        }
        if isUpgrade {
            phase = .raw
            return event(.head(block, endsStream: false))
        }
        guard head.status >= 200 else { return event(.head(block, endsStream: false)) }
        body = head.framing(answersHead: answersHead)
        phase = body.isEnded ? .done : .body
        event(.head(block, endsStream: body.isEnded))
    }

    /// The whole answer goes past the reader.
    mutating func skip() { phase = .done }

    mutating func take(_ bytes: ByteBuffer, _ event: (Event) -> Void) {
        var bytes = bytes
        if buffered.readableBytes > 0 {
            buffered.writeBuffer(&bytes)
            bytes = buffered
            buffered = ByteBuffer()
        }
        while bytes.readableBytes > 0 {
            switch phase {
            case .head:
                switch bytes.withUnsafeReadableBytes({ parser.advance($0) }) {
                case .needsMore:
                    buffered = bytes
                    return
                case .refused:
                    phase = .done
                    return event(.broken)
                case .complete: takeHead(parser.take(), &bytes, event)
                }
            case .body: takeBody(&bytes, event)
            case .raw:
                event(.data(bytes))
                return
            case .done: return
            }
        }
    }

    private mutating func takeHead(_ head: ResponseHead, _ bytes: inout ByteBuffer, _ event: (Event) -> Void) {
        bytes.withUnsafeReadableBytes { take(head, $0, event) }
        bytes.moveReaderIndex(forwardBy: head.length)
    }

    private static func writeFields(
        _ head: ResponseHead, _ bytes: UnsafeRawBufferPointer, isUpgrade: Bool, into block: inout PieceWriter
    ) {
        var cut = 0
        var start = head.fields.range.lowerBound
        let end = head.fields.range.upperBound
        while start < end, let base = bytes.baseAddress {
            let found = memchr(base + start, Int32(ByteClass.carriageReturn), end - start)
            let lineEnd = found.map { UnsafeRawPointer($0) - base } ?? end
            defer { start = lineEnd + 2 }
            if cut < head.cuts.count, Int(head.cuts[cut].start) == start {
                cut += 1
                continue
            }
            guard let field = FieldLine.splitAgain(bytes, start..<lineEnd) else { continue }
            if isUpgrade, field.name.equalsFolded("sec-websocket-accept") { continue }
            HPACKWriter.write(field.name, field.value, into: &block)
        }
    }

    private mutating func takeBody(_ bytes: inout ByteBuffer, _ event: (Event) -> Void) {
        if body.isChunked { return takeChunks(&bytes, event) }
        switch bytes.withUnsafeReadableBytes({ body.take($0) }) {
        case .more:
            event(.data(bytes))
            bytes = ByteBuffer()
        case .ended(let count):
            if count > 0, let data = bytes.readSlice(length: count) { event(.data(data)) }
            phase = .done
            event(.end(trailers: nil))
        case .refused: break
        }
    }

    private mutating func takeChunks(_ bytes: inout ByteBuffer, _ event: (Event) -> Void) {
        var ranges: [Range<Int>] = []
        let step = bytes.withUnsafeReadableBytes { body.take($0) { if !$0.isEmpty { ranges.append($0) } } }
        for range in ranges {
            if let data = bytes.getSlice(at: bytes.readerIndex + range.lowerBound, length: range.count) {
                event(.data(data))
            }
        }
        switch step {
        case .more: bytes = ByteBuffer()
        case .ended(let count):
            bytes.moveReaderIndex(forwardBy: count)
            phase = .done
            event(.end(trailers: body.trailers.isEmpty ? nil : Self.trailers(body.trailers)))
        case .refused:
            phase = .done
            event(.broken)
        }
    }

    /// - Parameter lines: each with its line end.
    private static func trailers(_ lines: [UInt8]) -> ByteBuffer {
        var block = ByteBuffer()
        block.writePieces(atMost: HPACKWriter.maximum(lines.count)) { write(lines, into: &$0) }
        return block
    }

    private static func write(_ lines: [UInt8], into block: inout PieceWriter) {
        lines.withUnsafeBytes { bytes in
            var start = 0
            while start < bytes.count {
                var end = start
                while end < bytes.count, bytes[end] != ByteClass.carriageReturn { end += 1 }
                if let field = try? FieldLine.split(bytes, start..<end) {
                    HPACKWriter.write(field.name.slice(bytes), field.value.slice(bytes), into: &block)
                }
                start = end + 2
            }
        }
    }
}
