/// Reads a response head in one scan, as it arrives. As strict as for requests: what an upstream sends ends up in a
/// client that may read it differently.
struct ResponseHeadParser {
    enum Progress: Equatable {
        case needsMore
        case complete
        case refused(HeadFault)
    }

    static let maximumBytes = 64 * 1024
    static let maximumFields = 256

    private(set) var head = ResponseHead()
    private var lines = LineScanner()
    private var hasStatusLine = false
    private var fieldCount = 0
    private var fieldsStart = 0

    /// Hands out the head that was completed and gets ready for the next one.
    mutating func take() -> ResponseHead {
        defer { self = ResponseHeadParser() }
        return head
    }

    /// Looks at what has come so far. `bytes` starts with the head's first byte in every call and only grows.
    mutating func advance(_ bytes: UnsafeRawBufferPointer) -> Progress {
        do throws(HeadFault) {
            while let line = try lines.next(bytes) {
                if !hasStatusLine {
                    try readStatusLine(bytes, line)
                    hasStatusLine = true
                    fieldsStart = lines.lineStart
                } else if line.isEmpty {
                    try finish(bytes, fields: fieldsStart..<line.lowerBound)
                    head.length = lines.lineStart
                    return .complete
                } else {
                    fieldCount += 1
                    guard fieldCount <= Self.maximumFields else { throw .tooManyFields }
                    try readField(bytes, line)
                }
            }
            if bytes.count > Self.maximumBytes { throw .headTooLarge }
            return .needsMore
        } catch {
            return .refused(error)
        }
    }

    /// `version SP status SP reason`; the last space may be missing when there is no reason (RFC 9112 section 4).
    private mutating func readStatusLine(_ bytes: UnsafeRawBufferPointer, _ line: Range<Int>) throws(HeadFault) {
        guard line.count >= 12, bytes[line.lowerBound + 8] == ByteClass.space else { throw .malformedStatusLine }
        let version = UnsafeRawBufferPointer(rebasing: bytes[line.lowerBound..<(line.lowerBound + 8)])
        head.isOld = try HTTPVersion.isOld(version)
        for index in (line.lowerBound + 9)..<(line.lowerBound + 12) {
            guard ByteClass.isDigit(bytes[index]) else { throw .malformedStatusLine }
            head.status = head.status * 10 + Int(bytes[index] &- 0x30)
        }
        guard (100...599).contains(head.status) else { throw .malformedStatusLine }
        guard line.count == 12 || bytes[line.lowerBound + 12] == ByteClass.space else { throw .malformedStatusLine }
        let text = (line.lowerBound + 9)..<line.upperBound
        for index in text where !ByteClass.isFieldValue(bytes[index]) { throw .malformedStatusLine }
        head.statusText = ByteSpan(text)
    }

    @inline(__always)
    private mutating func readField(_ bytes: UnsafeRawBufferPointer, _ line: Range<Int>) throws(HeadFault) {
        let field = try FieldLine.split(bytes, line)
        let value = field.value.slice(bytes)
        switch FieldName.classify(field.name.slice(bytes)) {
        case .contentLength:
            guard head.contentLength == nil else { throw .repeatedContentLength }
            head.contentLength = try ContentLength.parse(value)
            // RFC 9110 section 8.6: neither may have one.
            if head.status < 200 || head.status == 204 { cut(line) }
        case .transferEncoding:
            guard !head.isChunked, value.equalsFolded("chunked") else { throw .unsupportedTransferEncoding }
            head.isChunked = true
            cut(line)
        case .connection:
            try head.connection.add(value)
            cut(line)
        case .upgrade:
            head.upgradesToWebSocket = value.equalsFolded("websocket")
            cut(line)
        case .keepAlive:
            head.keepAliveSeconds = Self.timeout(value)
            cut(line)
        case .hopByHop: cut(line)
        case .handedBody:
            head.handedBody = UInt64(String(decoding: value, as: UTF8.self))
            cut(line)
        case .date: head.hasDate = true
        case .transportSecurity: head.hasTransportSecurity = true
        case .contentType:
            let type: StaticString = "text/event-stream"
            let prefix = UnsafeRawBufferPointer(rebasing: value.prefix(type.utf8CodeUnitCount))
            head.isEventStream = prefix.equalsFolded(type)
        default: break
        }
    }

    private mutating func cut(_ line: Range<Int>) {
        head.cuts.append(ByteSpan(line.lowerBound..<(line.upperBound + 2)))
    }

    private mutating func finish(_ bytes: UnsafeRawBufferPointer, fields: Range<Int>) throws(HeadFault) {
        head.fields = ByteSpan(fields)
        guard !head.isChunked || head.contentLength == nil else { throw .lengthAndTransferEncoding }
        guard !head.isChunked || !head.isOld else { throw .unsupportedTransferEncoding }
        if head.connection.contains(.names) {
            let named = try ConnectionOptions.namedLines(bytes, fields: fields)
            head.cuts += named.filter { !head.cuts.contains($0) }
            head.cuts.sort { $0.start < $1.start }
        }
    }

    /// The number in `timeout=5, max=100`.
    private static func timeout(_ value: UnsafeRawBufferPointer) -> Int? {
        var seconds: Int?
        ConnectionOptions.forEachElement(value) { element in
            guard element.count > 8, UnsafeRawBufferPointer(rebasing: element[..<8]).equalsFolded("timeout=") else {
                return
            }
            seconds = try? ContentLength.parse(UnsafeRawBufferPointer(rebasing: element[8...]))
        }
        return seconds
    }
}
