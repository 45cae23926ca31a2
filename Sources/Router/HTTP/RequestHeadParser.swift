/// Reads a request head in one scan, as it arrives, and refuses what is not allowed (RFC 9112).
struct RequestHeadParser {
    struct Limits: Sendable {
        /// Bytes of the first line.
        var requestLine = 16 * 1024
        /// Bytes of the whole head.
        var head = 64 * 1024
        var fields = 128
        /// Of a body that is announced.
        var body = Int.max
        /// The peer's forwarding headers are passed on.
        var trustsForwarding = false
    }

    enum Progress: Equatable {
        case needsMore
        case complete
        case refused(HeadFault)
    }

    private(set) var head = RequestHead()
    private let limits: Limits
    private var lines = LineScanner()
    private var hasRequestLine = false
    private var fieldCount = 0
    private var fieldsStart = 0
    private var authority: ByteSpan?
    private var contentLength: Int?
    private var isChunked = false
    private var upgrade: ByteSpan?
    private var hasTwoUpgrades = false
    private var hasRange = false

    init(limits: Limits = Limits()) { self.limits = limits }

    /// A line of the head has been read.
    var hasStarted: Bool { hasRequestLine }

    /// Hands out the head that was completed and gets ready for the next one.
    mutating func take() -> RequestHead {
        defer { self = RequestHeadParser(limits: limits) }
        return head
    }

    /// Looks at what has come so far. `bytes` starts with the head's first byte in every call and only grows.
    mutating func advance(_ bytes: UnsafeRawBufferPointer) -> Progress {
        do throws(HeadFault) {
            // What cannot begin a request, such as a TLS handshake, need not have a line end.
            if !hasRequestLine, let first = bytes.first, !ByteClass.isToken(first) { throw .malformedRequestLine }
            while let line = try lines.next(bytes) {
                guard line.upperBound <= limits.head else { throw .headTooLarge }
                if !hasRequestLine {
                    guard line.count <= limits.requestLine else { throw .requestLineTooLong }
                    try readRequestLine(bytes, line)
                    hasRequestLine = true
                    fieldsStart = lines.lineStart
                } else if line.isEmpty {
                    head.length = lines.lineStart
                    try finish(bytes, fields: fieldsStart..<line.lowerBound)
                    return .complete
                } else {
                    fieldCount += 1
                    guard fieldCount <= limits.fields else { throw .tooManyFields }
                    try readField(bytes, line)
                }
            }
            if !hasRequestLine, bytes.count > limits.requestLine + 2 { throw .requestLineTooLong }
            if bytes.count > limits.head { throw .headTooLarge }
            return .needsMore
        } catch {
            return .refused(error)
        }
    }

    /// `method SP target SP version`, single spaces (RFC 9112 section 3).
    private mutating func readRequestLine(_ bytes: UnsafeRawBufferPointer, _ line: Range<Int>) throws(HeadFault) {
        var index = line.lowerBound
        while index < line.upperBound, ByteClass.isToken(bytes[index]) { index += 1 }
        guard index > line.lowerBound, index < line.upperBound, bytes[index] == ByteClass.space else {
            throw .malformedRequestLine
        }
        head.methodText = ByteSpan(line.lowerBound..<index)
        head.method = RequestMethod(head.methodText.slice(bytes))
        let targetStart = index + 1
        guard line.upperBound - targetStart > 9 else { throw .malformedRequestLine }
        let version = line.upperBound - 8
        guard bytes[version - 1] == ByteClass.space else { throw .malformedRequestLine }
        head.isOld = try HTTPVersion.isOld(UnsafeRawBufferPointer(rebasing: bytes[version..<line.upperBound]))
        guard head.method != .connect, head.method != .trace else { throw .refusedMethod }
        let target = try RequestTarget.parse(bytes, targetStart..<(version - 1), method: head.method)
        head.target = target.path
        authority = target.authority
    }

    @inline(__always)
    private mutating func readField(_ bytes: UnsafeRawBufferPointer, _ line: Range<Int>) throws(HeadFault) {
        let field = try FieldLine.split(bytes, line)
        let name = FieldName.classify(field.name.slice(bytes))
        guard name != .other else { return }
        let value = field.value.slice(bytes)
        switch name {
        case .other, .contentType, .date, .transportSecurity, .handedBody: break
        case .host:
            guard !head.hasHostField else { throw .repeatedHost }
            head.hasHostField = true
            head.host = field.value
            head.hostLine = ByteSpan(line.lowerBound..<(line.upperBound + 2))
        case .contentLength:
            guard contentLength == nil else { throw .repeatedContentLength }
            contentLength = try ContentLength.parse(value)
        case .transferEncoding:
            guard !isChunked, value.equalsFolded("chunked") else { throw .unsupportedTransferEncoding }
            isChunked = true
        case .connection:
            try head.connection.add(value)
            cut(line)
        case .upgrade:
            hasTwoUpgrades = upgrade != nil
            upgrade = field.value
            cut(line)
        case .expect:
            guard value.equalsFolded("100-continue") else { throw .unsupportedExpectation }
            head.expectsContinue = true
            cut(line)
        case .hopByHop, .keepAlive, .lookAlike: cut(line)
        case .forwarding:
            guard limits.trustsForwarding else { return cut(line) }
            let text = field.name.slice(bytes)
            if text.equalsFolded("x-forwarded-proto") { head.hasForwardedScheme = true }
            if text.equalsFolded("x-forwarded-host") { head.hasForwardedHost = true }
        case .requestID:
            if head.requestID == nil, RequestID.isAcceptable(value) { head.requestID = field.value } else { cut(line) }
        case .accept: head.accept = head.accept ?? field.value
        case .acceptEncoding: head.acceptEncoding = head.acceptEncoding ?? field.value
        case .range:
            head.range = hasRange ? nil : field.value
            hasRange = true
        case .ifRange: head.ifRange = head.ifRange ?? field.value
        case .ifNoneMatch: head.ifNoneMatch = head.ifNoneMatch ?? field.value
        case .ifModifiedSince: head.ifModifiedSince = head.ifModifiedSince ?? field.value
        case .precondition: head.hasPrecondition = true
        }
    }

    private mutating func cut(_ line: Range<Int>) {
        head.cuts.append(ByteSpan(line.lowerBound..<(line.upperBound + 2)))
    }

    private mutating func finish(_ bytes: UnsafeRawBufferPointer, fields: Range<Int>) throws(HeadFault) {
        head.fields = ByteSpan(fields)
        if isChunked {
            // RFC 9112 section 6.1: both at once, or either in HTTP/1.0, is how a request is smuggled.
            guard contentLength == nil else { throw .lengthAndTransferEncoding }
            guard !head.isOld else { throw .unsupportedTransferEncoding }
            head.framing = .chunked
        } else if let contentLength, contentLength > 0 {
            guard contentLength <= limits.body else { throw .bodyTooLarge }
            head.framing = .length(contentLength)
        }
        try settleHost(bytes)
        if head.framing == .none || head.isOld { head.expectsContinue = false }
        if head.connection.contains(.upgrade), !hasTwoUpgrades, !head.isOld, head.method == .get,
            head.framing == .none, let upgrade
        {
            head.wantsWebSocket = upgrade.slice(bytes).equalsFolded("websocket")
        }
        if head.connection.contains(.names) {
            let named = try ConnectionOptions.namedLines(bytes, fields: fields)
            head.cuts += named.filter { !head.cuts.contains($0) }
            head.cuts.sort { $0.start < $1.start }
        }
    }

    /// RFC 9112 section 3.2: exactly one Host in HTTP/1.1, and the same as the authority of an absolute form. (The RFC
    /// would let the authority win; a server behind us may decide otherwise, so a difference is refused.)
    private mutating func settleHost(_ bytes: UnsafeRawBufferPointer) throws(HeadFault) {
        guard head.hasHostField || head.isOld else { throw .missingHost }
        guard let authority else { return }
        guard let host = head.host else {
            head.host = authority
            return
        }
        guard try HostName(authority.slice(bytes)) == HostName(host.slice(bytes)) else { throw .hostMismatch }
    }
}
