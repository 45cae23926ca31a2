import Testing

@testable import Router

@Suite struct RequestHeadParserTests {
    struct Refusal: CustomTestStringConvertible {
        let rule: String
        let head: String
        let fault: HeadFault

        init(_ rule: String, _ head: String, _ fault: HeadFault) {
            self.rule = rule
            self.head = head
            self.fault = fault
        }

        var testDescription: String { rule }
    }

    static let refusals: [Refusal] = [
        .init("9112 2.2 bare LF after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", .bareLineFeed),
        .init("9112 2.2 bare LF after a field", "GET / HTTP/1.1\r\nHost: a\n\r\n", .bareLineFeed),
        .init("9112 2.2 bare LF as the empty line", "GET / HTTP/1.1\r\nHost: a\r\n\n", .bareLineFeed),
        .init("9112 2.2 bare CR in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: b\rc\r\n\r\n", .malformedFieldValue),
        .init("9112 2.2 bare CR in the target", "GET /\r HTTP/1.1\r\nHost: a\r\n\r\n", .malformedTarget),
        .init("9112 3 two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", .malformedTarget),
        .init("9112 3 tab for space", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", .malformedRequestLine),
        .init("9112 3 space at the end", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", .malformedRequestLine),
        .init("9112 3 no version", "GET /\r\nHost: a\r\n\r\n", .malformedRequestLine),
        .init("9112 3 no method", " / HTTP/1.1\r\nHost: a\r\n\r\n", .malformedRequestLine),
        .init("9112 3 a TLS handshake", "\u{16}\u{03}\u{01}\u{02}", .malformedRequestLine),
        .init("9112 2.3 lower-case version", "GET / http/1.1\r\nHost: a\r\n\r\n", .malformedRequestLine),
        .init("9112 2.3 version 2.0", "PRI * HTTP/2.0\r\n\r\n", .unsupportedVersion),
        .init("9112 2.3 version 1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", .unsupportedVersion),
        .init("9112 3.2 relative target", "GET index.html HTTP/1.1\r\nHost: a\r\n\r\n", .malformedTarget),
        .init("9112 3.2 fragment", "GET /#x HTTP/1.1\r\nHost: a\r\n\r\n", .malformedTarget),
        .init("9112 3.2 byte over 0x7f", "GET /é HTTP/1.1\r\nHost: a\r\n\r\n", .malformedTarget),
        .init("9112 3.2.4 asterisk without OPTIONS", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", .malformedTarget),
        .init("9112 3.2.2 other scheme", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", .malformedTarget),
        .init("9110 4.2.4 user info", "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", .malformedTarget),
        .init("9112 3.2.2 absolute form and Host differ", "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", .hostMismatch),
        .init("9112 3.2.2 their ports differ", "GET http://a:81/ HTTP/1.1\r\nHost: a\r\n\r\n", .hostMismatch),
        .init("9112 3.2 no Host", "GET / HTTP/1.1\r\n\r\n", .missingHost),
        .init("9112 3.2 absolute form, no Host", "GET http://a/ HTTP/1.1\r\n\r\n", .missingHost),
        .init("9112 3.2 two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n", .repeatedHost),
        .init("9112 3.2 the same Host twice", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", .repeatedHost),
        .init("9112 5.1 space before the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", .malformedFieldName),
        .init("9112 5.1 empty name", "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", .malformedFieldName),
        .init("9112 5.1 no colon", "GET / HTTP/1.1\r\nHost: a\r\nabc\r\n\r\n", .malformedFieldName),
        .init("9110 5.6.2 name is no token", "GET / HTTP/1.1\r\nHost: a\r\nX(y): b\r\n\r\n", .malformedFieldName),
        .init("9110 5.1 NUL in a name", "GET / HTTP/1.1\r\nHost: a\r\nX\0: b\r\n\r\n", .malformedFieldName),
        .init("9112 5.2 folded line", "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n", .obsoleteFold),
        .init("9112 5.2 folded first line", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", .obsoleteFold),
        .init("9110 5.5 NUL in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: b\0c\r\n\r\n", .malformedFieldValue),
        .init("9110 5.5 DEL in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: b\u{7f}\r\n\r\n", .malformedFieldValue),
        .init("9110 8.6 sign", Self.post("Content-Length: +5"), .malformedContentLength),
        .init("9110 8.6 negative", Self.post("Content-Length: -1"), .malformedContentLength),
        .init("9110 8.6 hex", Self.post("Content-Length: 0x5"), .malformedContentLength),
        .init("9110 8.6 empty", Self.post("Content-Length:"), .malformedContentLength),
        .init("9110 8.6 list of equals", Self.post("Content-Length: 5, 5"), .malformedContentLength),
        .init("9110 8.6 space inside", Self.post("Content-Length: 5 5"), .malformedContentLength),
        .init("9110 8.6 overflow", Self.post("Content-Length: 99999999999999999999"), .malformedContentLength),
        .init(
            "9112 6.3 two lengths", Self.post("Content-Length: 5\r\nContent-Length: 6"), .repeatedContentLength),
        .init(
            "9112 6.3 the same length twice", Self.post("Content-Length: 5\r\nContent-Length: 5"),
            .repeatedContentLength),
        .init(
            "9112 6.1 length and chunked", Self.post("Content-Length: 5\r\nTransfer-Encoding: chunked"),
            .lengthAndTransferEncoding),
        .init(
            "9112 6.1 chunked and length", Self.post("Transfer-Encoding: chunked\r\nContent-Length: 5"),
            .lengthAndTransferEncoding),
        .init(
            "9112 6.1 chunked and length 0", Self.post("Transfer-Encoding: chunked\r\nContent-Length: 0"),
            .lengthAndTransferEncoding),
        .init("9112 6.1 gzip, chunked", Self.post("Transfer-Encoding: gzip, chunked"), .unsupportedTransferEncoding),
        .init("9112 6.1 identity", Self.post("Transfer-Encoding: identity"), .unsupportedTransferEncoding),
        .init("9112 6.1 xchunked", Self.post("Transfer-Encoding: xchunked"), .unsupportedTransferEncoding),
        .init("9112 6.1 chunked;x", Self.post("Transfer-Encoding: chunked;x"), .unsupportedTransferEncoding),
        .init("9112 6.1 quoted", Self.post("Transfer-Encoding: \"chunked\""), .unsupportedTransferEncoding),
        .init("9112 6.1 empty", Self.post("Transfer-Encoding:"), .unsupportedTransferEncoding),
        .init("9112 6.1 vertical tab", Self.post("Transfer-Encoding: \u{0b}chunked"), .malformedFieldValue),
        .init(
            "9112 6.1 chunked twice", Self.post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
            .unsupportedTransferEncoding),
        .init(
            "9112 6.1 in HTTP/1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
            .unsupportedTransferEncoding),
        .init("9110 9.3.6 CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", .refusedMethod),
        .init("9110 9.3.8 TRACE", "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", .refusedMethod),
        .init("9110 10.1.1 other expectation", Self.post("Expect: pizza"), .unsupportedExpectation),
        .init(
            "9110 7.6.1 Connection names the length", Self.post("Connection: content-length\r\nContent-Length: 5"),
            .protectedFieldInConnection),
        .init("9110 7.6.1 Connection names Host", Self.post("Connection: close, Host"), .protectedFieldInConnection),
        .init("long request line", "GET /\(String(repeating: "a", count: 600)) HTTP/1.1\r\n", .requestLineTooLong),
        .init("request line without end", "GET /\(String(repeating: "a", count: 600))", .requestLineTooLong),
        .init("large head", Self.post("X: \(String(repeating: "a", count: 3000))"), .headTooLarge),
        .init("head without end", "GET / HTTP/1.1\r\nX: \(String(repeating: "a", count: 3000))", .headTooLarge),
        .init(
            "many fields", Self.post((0..<50).map { "X\($0): a" }.joined(separator: "\r\n")), .tooManyFields),
    ]

    static func post(_ lines: String) -> String { "POST / HTTP/1.1\r\nHost: a\r\n\(lines)\r\n\r\n" }

    static let limits = RequestHeadParser.Limits(requestLine: 512, head: 2048, fields: 32)

    static func parse(_ bytes: [UInt8]) -> (RequestHeadParser.Progress, RequestHead) {
        var parser = RequestHeadParser(limits: limits)
        let progress = bytes.withUnsafeBytes { parser.advance($0) }
        return (progress, parser.take())
    }

    static func parseByByte(_ bytes: [UInt8]) -> (RequestHeadParser.Progress, RequestHead) {
        var parser = RequestHeadParser(limits: limits)
        for end in 1...max(1, bytes.count) {
            let progress = bytes.prefix(end).withUnsafeBytes { parser.advance($0) }
            if progress != .needsMore { return (progress, parser.take()) }
        }
        return (.needsMore, parser.take())
    }

    @Test(arguments: refusals)
    func refuses(_ refusal: Refusal) {
        let bytes = Array(refusal.head.utf8)
        #expect(Self.parse(bytes).0 == .refused(refusal.fault))
        #expect(Self.parseByByte(bytes).0 == .refused(refusal.fault))
    }

    private func head(_ text: String, _ body: (RequestHead, UnsafeRawBufferPointer) -> Void) {
        let bytes = Array(text.utf8)
        let (progress, head) = Self.parse(bytes)
        #expect(progress == .complete)
        bytes.withUnsafeBytes { body(head, $0) }
        let (byByte, same) = Self.parseByByte(bytes)
        #expect(byByte == .complete)
        #expect(same.length == head.length && same.cuts == head.cuts && same.framing == head.framing)
    }

    @Test func readsAnOrdinaryHead() {
        head("GET /a?b=c HTTP/1.1\r\nHost: Example.org:8080\r\nUser-Agent: x\r\nAccept: */*\r\n\r\nrest") {
            head, bytes in
            #expect(head.method == .get)
            #expect(head.target.string(bytes) == "/a?b=c")
            #expect(head.host?.string(bytes) == "Example.org:8080")
            #expect(head.accept?.string(bytes) == "*/*")
            #expect(head.framing == .none)
            #expect(head.isPersistent && !head.isOld)
            #expect(head.cuts.isEmpty)
            #expect(bytes[head.length] == UInt8(ascii: "r"))
        }
    }

    @Test func trimsWhitespaceAroundValues() {
        head("GET / HTTP/1.1\r\nHost:\t a \t\r\nX:\r\n\r\n") { head, bytes in #expect(head.host?.string(bytes) == "a") }
    }

    @Test func readsTheFramings() {
        head(Self.post("Content-Length: 42")) { head, _ in #expect(head.framing == .length(42)) }
        head(Self.post("Content-Length: 0")) { head, _ in #expect(head.framing == .none) }
        head(Self.post("transfer-encoding: Chunked")) { head, _ in #expect(head.framing == .chunked) }
    }

    @Test func takesAbsoluteFormThatAgreesWithHost() {
        head("GET http://A.b:80/x?y HTTP/1.1\r\nHost: a.B\r\n\r\n") { head, bytes in
            #expect(head.target.string(bytes) == "/x?y")
        }
        head("GET http://a HTTP/1.1\r\nHost: a\r\n\r\n") { head, _ in #expect(head.target.isEmpty) }
        head("GET http://a/x HTTP/1.0\r\n\r\n") { head, bytes in #expect(head.host?.string(bytes) == "a") }
    }

    @Test func takesAsteriskWithOptions() {
        head("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n") { head, bytes in #expect(head.target.string(bytes) == "*") }
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", true), ("GET / HTTP/1.1\r\nHost: a\r\nConnection: Close\r\n\r\n", false),
        ("GET / HTTP/1.0\r\nHost: a\r\n\r\n", false),
        ("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", true),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, close\r\n\r\n", false),
    ])
    func knowsWhetherTheConnectionIsKept(_ text: String, isKept: Bool) {
        head(text) { head, _ in #expect(head.isPersistent == isKept) }
    }

    @Test func cutsWhatIsNotPassedOn() {
        let kept = ["Host: a", "X-Forward: 1", "Accept-Encoding: gzip", "Via: 1.1 x"]
        let cut = [
            "Connection: keep-alive, X-Secret", "Keep-Alive: timeout=5", "Proxy-Connection: keep-alive", "TE: trailers",
            "X-Forwarded-For: 6.6.6.6", "X-Forwarded-Anything: 1", "Forwarded: for=6.6.6.6", "X-Real-IP: 6.6.6.6",
            "X_Forwarded_For: 6.6.6.6", "X.Forwarded.Proto: https", "x-forwarded_host: b", "X-Secret: 1",
            "Upgrade: h2c", "HTTP2-Settings: AAA", "Proxy-Authorization: Basic x", "Content_Length: 3",
            "Transfer_Encoding: chunked",
        ]
        let lines = zip(cut, cut.indices).flatMap { line, index in index < kept.count ? [kept[index], line] : [line] }
        head("GET / HTTP/1.1\r\n\(lines.joined(separator: "\r\n"))\r\n\r\n") { head, bytes in
            #expect(head.cuts.map { $0.string(bytes) } == cut.map { $0 + "\r\n" })
            #expect(!head.wantsWebSocket)
        }
    }

    @Test func passesOnWebSocketsOnly() {
        head("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n") { head, _ in
            #expect(head.wantsWebSocket)
        }
        let others = [
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n",
            "GET / HTTP/1.0\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: websocket\r\n\r\n",
        ]
        for text in others { head(text) { head, _ in #expect(!head.wantsWebSocket, "\(text)") } }
    }

    @Test func keepsRequestIDsThatAreHarmless() {
        head("GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: a-1_B.2\r\n\r\n") { head, _ in
            #expect(head.requestID != nil && head.cuts.isEmpty)
        }
        head("GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: a b<script>\r\n\r\n") { head, _ in
            #expect(head.requestID == nil && head.cuts.count == 1)
        }
    }

    /// Whatever comes, in whatever pieces, the parser neither traps nor changes its mind. Seeded, so it can be repeated.
    @Test func decidesTheSameForWholeAndSplitInput() {
        var random = SeededRandom(seed: 0x5eed)
        let samples =
            Self.refusals.map { Array($0.head.utf8) } + [
                Array("GET /a HTTP/1.1\r\nHost: a\r\nConnection: x, keep-alive\r\nX: y\r\n\r\n".utf8)
            ]
        let spice: [UInt8] = [0, 9, 10, 13, 32, 34, 44, 47, 58, 64, 91, 95, 127, 128, 255]
        for round in 0..<4000 {
            var bytes = samples[round % samples.count].prefix(300)
            for _ in 0..<Int.random(in: 0...4, using: &random) where !bytes.isEmpty {
                let index = bytes.indices.randomElement(using: &random) ?? 0
                let byte = spice.randomElement(using: &random) ?? 0
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[index] = byte
                case 1: bytes.insert(byte, at: index)
                default: bytes.remove(at: index)
                }
            }
            let whole = Self.parse(Array(bytes))
            let split = Self.parseByByte(Array(bytes))
            #expect(whole.0 == split.0, "\(Array(bytes))")
            #expect(whole.1.length == split.1.length)
        }
    }
}

/// SplitMix64.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}
