import Testing

@testable import Router

@Suite struct ChunkScannerTests {
    private func scan(_ text: String, step: Int) -> (ChunkScanner.Progress, String, consumed: Int) {
        let bytes = Array(text.utf8)
        var scanner = ChunkScanner()
        var content: [UInt8] = []
        var start = 0
        while start < bytes.count {
            let part = Array(bytes[start..<min(start + step, bytes.count)])
            let progress = part.withUnsafeBytes { pointer in
                scanner.scan(pointer) { content += pointer[$0] }
            }
            switch progress {
            case .needsMore: start += part.count
            case .ended(let offset):
                return (.ended(start + offset), String(decoding: content, as: UTF8.self), start + offset)
            case .refused: return (.refused, String(decoding: content, as: UTF8.self), start)
            }
        }
        return (.needsMore, String(decoding: content, as: UTF8.self), start)
    }

    @Test(arguments: [
        ("0\r\n\r\n", ""), ("5\r\nhello\r\n0\r\n\r\n", "hello"), ("5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n", "hello!"),
        ("a\r\n0123456789\r\n0\r\n\r\n", "0123456789"), ("A\r\n0123456789\r\n000\r\n\r\n", "0123456789"),
        ("5;name=value\r\nhello\r\n0;x=\"y z\"\r\n\r\n", "hello"), ("1\r\nx\r\n0\r\nX-Sum: abc\r\nY: z\r\n\r\n", "x"),
        ("2\r\n\r\n\r\n0\r\n\r\n", "\r\n"),
    ])
    func findsTheEnd(_ text: String, _ content: String) {
        for step in [1, 2, 3, 1000] {
            let (progress, found, _) = scan(text + "NEXT", step: step)
            #expect(progress == .ended(text.utf8.count))
            #expect(found == content)
        }
    }

    @Test(arguments: [
        "\r\n", "g\r\n", "-1\r\n", "+5\r\nhello", "0x5\r\nhello", " 5\r\nhello", "5 \r\nhello", "5\nhello\r\n",
        "5\rhello",
        "5\r\nhello0\r\n", "5\r\nhelloX\r\n", "5\r\nhello\n0\r\n", "5;a\nb\r\nhello", "5;a\0\r\nhello",
        "5;a\u{80}\r\nhello",
        "ffffffffffffffff\r\n", "0000000000000000\r\n\r\n", ";x\r\n", "5\t;x\r\nhello",
        "0\r\nContent-Length: 5\r\n\r\n", "0\r\nTransfer-Encoding: chunked\r\n\r\n", "0\r\nHost: b\r\n\r\n",
        "0\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n", "0\r\nX: a\n\r\n", "0\r\nX : a\r\n\r\n", "0\r\n x\r\n\r\n",
        "0\r\nX\r\n\r\n",
        "0\r\nX: \0\r\n\r\n", "0\r\n\n", "5;" + String(repeating: "x", count: 300) + "\r\nhello",
        "0\r\nX: " + String(repeating: "y", count: 9000) + "\r\n\r\n",
    ])
    func refuses(_ text: String) {
        for step in [1, 7, 20_000] { #expect(scan(text, step: step).0 == .refused, "\(text.prefix(40))") }
    }

    @Test func decidesTheSameForWholeAndSplitInput() {
        var random = SeededRandom(seed: 7)
        let alphabet = Array("0015afA\r\r\n\n;x: \"\t".utf8) + [0, 255]
        for _ in 0..<4000 {
            let bytes = (0..<Int.random(in: 1...24, using: &random)).map { _ in
                alphabet.randomElement(using: &random) ?? 0
            }
            var whole = ChunkScanner()
            var split = ChunkScanner()
            let first = bytes.withUnsafeBytes { whole.scan($0) { _ in } }
            var second = ChunkScanner.Progress.needsMore
            for (index, byte) in bytes.enumerated() where second == .needsMore {
                second = [byte].withUnsafeBytes { split.scan($0) { _ in } }
                if case .ended = second { second = .ended(index + 1) }
            }
            #expect(first == second, "\(bytes)")
        }
    }
}

@Suite struct BodyFramingTests {
    private func take(_ framing: inout BodyFraming, _ text: String) -> BodyFraming.Step {
        Array(text.utf8).withUnsafeBytes { framing.take($0) }
    }

    @Test func countsALength() {
        var framing = BodyFraming.length(5)
        #expect(take(&framing, "abc") == .more)
        #expect(take(&framing, "deX") == .ended(2))
        #expect(framing.isEnded)
        #expect(take(&framing, "X") == .ended(0))
    }

    @Test func followsChunks() {
        var framing = BodyFraming(.chunked)
        #expect(take(&framing, "3\r\nab") == .more)
        #expect(take(&framing, "c\r\n0\r\n\r\nX") == .ended(8))
        #expect(framing.isEnded)
    }

    @Test func neverEndsBeforeTheConnection() {
        var framing = BodyFraming.untilClose
        #expect(take(&framing, "abc") == .more)
        #expect(!framing.isEnded)
    }
}
