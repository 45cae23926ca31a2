import Testing

@testable import Router

@Suite struct ResponseHeadParserTests {
    private func parse(_ text: String) -> (ResponseHeadParser.Progress, ResponseHead, [UInt8]) {
        let bytes = Array(text.utf8)
        var parser = ResponseHeadParser()
        var progress = ResponseHeadParser.Progress.needsMore
        for end in 1...bytes.count where progress == .needsMore {
            progress = bytes.prefix(end).withUnsafeBytes { parser.advance($0) }
        }
        return (progress, parser.take(), bytes)
    }

    @Test func readsAnOrdinaryHead() {
        let (progress, head, bytes) = parse(
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5, max=9\r\n\r\n")
        #expect(progress == .complete)
        #expect(head.status == 200 && head.contentLength == 5 && head.isPersistent && head.keepAliveSeconds == 5)
        #expect(head.cuts.count == 2)
        #expect(bytes.withUnsafeBytes { head.statusText.string($0) } == "200 OK")
    }

    @Test(arguments: ["HTTP/1.1 200\r\n\r\n", "HTTP/1.1 200 \r\n\r\n", "HTTP/1.0 200 Très bien\r\n\r\n"])
    func takesOddReasons(_ text: String) { #expect(parse(text).0 == .complete) }

    @Test(arguments: [
        ("HTTP/1.1 20 OK\r\n\r\n", HeadFault.malformedStatusLine), ("HTTP/1.1 099 OK\r\n\r\n", .malformedStatusLine),
        ("HTTP/1.1 200OK\r\n\r\n", .malformedStatusLine), ("HTTP/1.1 600 X\r\n\r\n", .malformedStatusLine),
        ("ICY 200 OK and more\r\n\r\n", .malformedStatusLine), ("HTTP/2.0 200 OK\r\n\r\n", .unsupportedVersion),
        ("HTTP/1.1 200 OK\n\n", .bareLineFeed), ("HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n", .obsoleteFold),
        ("HTTP/1.1 200 OK\r\nX : a\r\n\r\n", .malformedFieldName),
        ("HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n", .malformedFieldValue),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", .repeatedContentLength),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n", .malformedContentLength),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", .lengthAndTransferEncoding),
        ("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", .unsupportedTransferEncoding),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", .unsupportedTransferEncoding),
    ])
    func refuses(_ text: String, _ fault: HeadFault) { #expect(parse(text).0 == .refused(fault)) }

    @Test func findsTheBodyOfEachKind() {
        let length = parse("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n").1
        #expect(!length.framing(answersHead: false).isEnded)
        #expect(length.framing(answersHead: true).isEnded)
        #expect(parse("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n").1.framing(answersHead: false).isEnded)
        #expect(parse("HTTP/1.1 204 No Content\r\n\r\n").1.framing(answersHead: false).isEnded)
        #expect(parse("HTTP/1.1 200 OK\r\n\r\n").1.framing(answersHead: false).isUntilClose)
        #expect(parse("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").1.framing(answersHead: false).isChunked)
    }

    @Test func doesNotLetALengthThroughWhereThereIsNoBody() {
        #expect(parse("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n").1.cuts.count == 1)
    }
}
