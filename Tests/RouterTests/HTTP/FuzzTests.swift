import Core
import Foundation
import NIOCore
import NIOHPACK
import Testing

@testable import Router

/// What is read from strangers, fed with seeded rubbish: it may be refused, never more, and never differently for the way in
/// which it was cut. `BERTH_FUZZ_SECONDS` makes each test run so long; without it each makes a fixed number of rounds.
@Suite struct FuzzTests {
    /// SplitMix64: the same numbers everywhere, so that a round can be run again.
    struct Seeded: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var word = state
            word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
            word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
            return word ^ word >> 31
        }
    }

    func rounds(_ body: (inout Seeded) throws -> Void) rethrows {
        let seconds = Double(ProcessInfo.processInfo.environment["BERTH_FUZZ_SECONDS"] ?? "") ?? 0
        let end = ContinuousClock.now + .seconds(seconds)
        var round: UInt64 = 0
        while round < 3000 || ContinuousClock.now < end {
            var generator = Seeded(state: round)
            try body(&generator)
            round += 1
        }
    }

    /// Messages that were once worth a rule, and what breaks them.
    private static let heads = [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "POST /x?y HTTP/1.1\r\nHost: a:80\r\nContent-Length: 5\r\n\r\nhello",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "GET http://a/b HTTP/1.1\r\nHost: a\r\nConnection: close, X-A\r\nX-A: 1\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: b\r\nX_Forwarded_For: c\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nRange: bytes=0-1\r\n\r\n",
    ]
    private static let responses = [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: x\r\nX: y\r\n\r\n", "HTTP/1.0 200 OK\r\n\r\nx",
    ]
    private static let bodies = [
        "5\r\nhello\r\n0\r\n\r\n", "a;x=y\r\n0123456789\r\n0\r\nX-T: 1\r\n\r\n", "0\r\n\r\n", "fffffffffffffff\r\nx",
        "1\r\nx\r\n1\r\ny\r\n0\r\n\r\nGET / HTTP/1.1\r\n",
    ]
    private static let pieces = [
        "\r\n", "\n", "\r", " ", "\t", "\0", ":", ",", ";", "0", "Content-Length: 1\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Host: b\r\n", "\u{ff}", "%2f", "-1", "99999999999999999999", "chunked", "Connection: host\r\n", " HTTP/1.1",
    ]

    func mutated(_ seeds: [String], _ generator: inout Seeded) -> [UInt8] {
        var bytes = Array(seeds[Int.random(in: 0..<seeds.count, using: &generator)].utf8)
        for _ in 0..<Int.random(in: 0...4, using: &generator) {
            let index = Int.random(in: 0...bytes.count, using: &generator)
            switch Int.random(in: 0..<4, using: &generator) {
            case 0 where index < bytes.count: bytes[index] = UInt8.random(in: .min ... .max, using: &generator)
            case 1 where index < bytes.count: bytes.remove(at: index)
            case 2:
                let end = min(bytes.count, index + Int.random(in: 0...20, using: &generator))
                bytes.insert(contentsOf: bytes[index..<end], at: index)
            default:
                let piece = Self.pieces[Int.random(in: 0..<Self.pieces.count, using: &generator)]
                bytes.insert(contentsOf: Array(piece.utf8), at: index)
            }
        }
        return bytes
    }

    @Test func requestHeadsAreReadTheSameHoweverTheyCome() throws {
        rounds { generator in
            let bytes = mutated(Self.heads, &generator)
            var whole = RequestHeadParser()
            let expected = bytes.withUnsafeBytes { whole.advance($0) }
            var pieces = RequestHeadParser()
            var progress = RequestHeadParser.Progress.needsMore
            var end = 0
            while progress == .needsMore, end < bytes.count {
                end = min(bytes.count, end + Int.random(in: 1...7, using: &generator))
                progress = bytes[..<end].withUnsafeBytes { pieces.advance($0) }
            }
            #expect(progress == expected, "\(String(decoding: bytes, as: UTF8.self).debugDescription)")
            guard expected == .complete else { return }
            let head = whole.take()
            #expect(head.length <= bytes.count)
            checkRewritten(head, bytes)
        }
    }

    /// What goes to an upstream is read by the same rules as one request, with the same end.
    private func checkRewritten(_ head: RequestHead, _ bytes: [UInt8]) {
        var out = ByteBuffer()
        bytes.withUnsafeBytes {
            RequestHeadWriter.write(
                head, $0, forwarding: ForwardingFields(address: "192.0.2.1", isSecure: false), requestID: nil,
                defaultHost: "d", passesExpectation: true, into: &out)
        }
        var parser = RequestHeadParser()
        let progress = out.withUnsafeReadableBytes { parser.advance($0) }
        let shown = String(decoding: bytes, as: UTF8.self).debugDescription
        #expect(progress == .complete, "\(shown)")
        let again = parser.take()
        #expect(again.length == out.readableBytes, "\(shown)")
        #expect(again.framing == head.framing, "\(shown)")
        let lines = String(buffer: out).lowercased().components(separatedBy: "\r\n")
        #expect(lines.filter { $0.hasPrefix("host:") }.count == 1, "\(shown)")
        #expect(lines.filter { $0.hasPrefix("x-forwarded-for:") } == ["x-forwarded-for: 192.0.2.1"], "\(shown)")
    }

    @Test func responseHeadsAreReadTheSameHoweverTheyCome() throws {
        rounds { generator in
            let bytes = mutated(Self.responses, &generator)
            var whole = ResponseHeadParser()
            let expected = bytes.withUnsafeBytes { whole.advance($0) }
            var pieces = ResponseHeadParser()
            var progress = ResponseHeadParser.Progress.needsMore
            for end in bytes.indices where progress == .needsMore {
                progress = bytes[...end].withUnsafeBytes { pieces.advance($0) }
            }
            #expect(progress == expected)
            _ = HTTP2ResponseReader.block(ByteBuffer(bytes: bytes))
        }
    }

    @Test func chunksAreReadTheSameHoweverTheyCome() throws {
        rounds { generator in
            let bytes = mutated(Self.bodies, &generator)
            var (content, other): ([UInt8], [UInt8]) = ([], [])
            var whole = ChunkScanner()
            let expected = bytes.withUnsafeBytes { raw in whole.scan(raw) { content += raw[$0] } }
            var scanner = ChunkScanner()
            var (start, result) = (0, ChunkScanner.Progress.needsMore)
            while start < bytes.count, result == .needsMore {
                let end = min(bytes.count, start + Int.random(in: 1...5, using: &generator))
                result = bytes[start..<end].withUnsafeBytes { raw in scanner.scan(raw) { other += raw[$0] } }
                if case .ended(let offset) = result { result = .ended(start + offset) }
                start = end
            }
            #expect(result == expected)
            #expect(content == other)
        }
    }

    @Test func pathsAndRangesNeverLeadOutside() throws {
        let site = PublishedSite(release: ID(), site: SitePathTests.site)
        let seeds = [
            "/", "/docs/../index.html", "/%2e%2e/x", "/a%20b.txt", "/css//x", "/%c0%ae", "/docs?x=/..",
            "/.well-known/x",
        ]
        rounds { generator in
            let bytes = mutated(seeds, &generator)
            bytes.withUnsafeBytes { raw in
                if let name = SitePath.decode(raw) {
                    #expect(!name.split(separator: "/").contains { $0 == ".." || $0 == "." })
                    #expect(!name.utf8.contains(0))
                }
                _ = SiteResolver.resolve(raw, in: site, now: .now)
                _ = ByteRange.select(raw, size: 100)
                _ = ContentCoding.preferences(raw)
                _ = ProxyHeader.parse(raw)
                _ = try? HostName(raw)
            }
            if case .parts(let parts) = Array("bytes=\(String(decoding: bytes, as: UTF8.self))".utf8).withUnsafeBytes({
                ByteRange.select($0, size: 100)
            }) {
                #expect(parts.allSatisfy { $0.lowerBound >= 0 && $0.upperBound <= 100 && !$0.isEmpty })
            }
        }
    }

    @Test func headersOfHTTP2AreOneRequestOfHTTP11OrNone() throws {
        let names = [
            ":method", ":path", ":scheme", ":authority", "host", "cookie", "a", "te", "content-length", "x-\u{e9}",
        ]
        let values = [
            "GET", "/", "https", "a", "a.b", "5", "trailers", "b\r\nc", "b\0", " x", "", "/ HTTP/1.1", "POST",
        ]
        rounds { generator in
            var list = [(":method", "GET"), (":scheme", "https"), (":path", "/x"), (":authority", "a")]
            for _ in 0..<Int.random(in: 0...4, using: &generator) {
                let pair = (
                    names[Int.random(in: 0..<names.count, using: &generator)],
                    values[Int.random(in: 0..<values.count, using: &generator)]
                )
                if Bool.random(using: &generator) {
                    list[Int.random(in: 0..<list.count, using: &generator)] = pair
                } else {
                    list.append(pair)
                }
            }
            guard let head = try? HTTP2RequestHead(HPACKHeaders(list), hasBody: Bool.random(using: &generator)) else {
                return
            }
            var parser = RequestHeadParser()
            let progress = head.bytes.withUnsafeReadableBytes { parser.advance($0) }
            // Refused by the rules of HTTP/1.1, or one whole request and not a byte more.
            if progress == .complete { #expect(parser.take().length == head.bytes.readableBytes, "\(list)") }
            #expect(progress != .needsMore, "\(list)")
        }
    }
}
