import NIOCore
import NIOHPACK
import Testing

@testable import Router

/// A block that is known again is not decoded: it must mean what decoding it would have given, whatever came between.
@Suite struct HeaderBlockMemoTests {
    private static let start: [UInt8] = [0x82, 0x87]  // GET, https

    private static func text(_ text: String) -> [UInt8] { [UInt8(text.utf8.count)] + Array(text.utf8) }
    /// Section 6.2.2: literal without indexing; 4 is `:path`.
    private static func path(_ path: String) -> [UInt8] { [0x04] + text(path) }
    /// Section 6.2.3: never indexed.
    private static func secret(_ value: String) -> [UInt8] { [0x10] + text("authorization") + text(value) }
    /// Section 6.2.1: put into the table; 1 is `:authority`.
    private static func kept(_ host: String) -> [UInt8] { [0x41] + text(host) }
    /// The entry that was put into the table last, and the one before.
    private static let newest: [UInt8] = [0xbe]
    private static let second: [UInt8] = [0xbf]

    private static func decoder() -> HPACKDecoder {
        HPACKDecoder(allocator: ByteBufferAllocator(), maxDynamicTableSize: 4096, maxHeaderListSize: 65_536)
    }

    private static func decode(_ decoder: inout HPACKDecoder, _ block: [UInt8]) -> HTTP2RequestHead? {
        var buffer = ByteBuffer(bytes: block)
        return (try? decoder.decodeHeaders(from: &buffer)).flatMap { try? HTTP2RequestHead($0, hasBody: false) }
    }

    @Test func aBlockWithLiteralsThatAreNotKeptIsKnownAgain() throws {
        var decoder = Self.decoder()
        let memo = HeaderBlockMemo()
        let first = Self.start + Self.path("/x") + Self.kept("a.test")
        memo.decoded(ByteBuffer(bytes: first), Self.decode(&decoder, first))
        #expect(memo.head(ByteBuffer(bytes: first)) == nil)
        for block in [
            Self.start + Self.path("/x") + Self.newest, Self.start + Self.path("/y") + Self.newest + Self.secret("s"),
        ] {
            let head = try #require(Self.decode(&decoder, block))
            memo.decoded(ByteBuffer(bytes: block), head)
            #expect(memo.head(ByteBuffer(bytes: block))?.bytes == head.bytes)
        }
    }

    @Test func whatComesBetweenDecidesWhatABlockMeans() {
        var generator = FuzzTests.Seeded(state: 7)
        var known = 0
        for _ in 0..<200 {
            var (truth, saved) = (Self.decoder(), Self.decoder())
            let memo = HeaderBlockMemo()
            for _ in 0..<40 {
                let host = ["a.test", "b.test", "c.test"].randomElement(using: &generator) ?? ""
                let hosts = [Self.kept(host), Self.newest, Self.newest, Self.newest, Self.second]
                var block = Self.start + Self.path(["/x", "/y"].randomElement(using: &generator) ?? "")
                block += hosts.randomElement(using: &generator) ?? []
                if Int.random(in: 0..<6, using: &generator) == 0 { block = [0x3f, 0xe1, 0x1f] + block }
                if Int.random(in: 0..<6, using: &generator) == 0 { block += Self.secret("s") }
                let expected = Self.decode(&truth, block)
                let buffer = ByteBuffer(bytes: block)
                let found: HTTP2RequestHead?
                if let remembered = memo.head(buffer) {
                    known += 1
                    found = remembered
                } else {
                    // As a connection does it: before, for what the table may lose, and after, with what it meant.
                    memo.decoded(buffer, nil)
                    found = Self.decode(&saved, block)
                    memo.decoded(buffer, found)
                }
                #expect(found?.bytes == expected?.bytes)
                // A connection ends with a block that cannot be decoded.
                if expected == nil { break }
            }
        }
        #expect(known > 40)
    }

    @Test(arguments: [
        [0x82, 0x87, 0x04, 0x7f], [0x82, 0x04, 0x7f, 0xff, 0xff, 0xff, 0xff], [0x0f], [0x00], [0x00, 0x01],
        [0x04, 0x05, 0x61],
        [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
    ])
    func aBlockThatIsCutOffIsNotRemembered(_ block: [UInt8]) throws {
        let memo = HeaderBlockMemo()
        let headers: HPACKHeaders = [":method": "GET", ":scheme": "https", ":path": "/", ":authority": "a"]
        memo.decoded(ByteBuffer(bytes: block), try HTTP2RequestHead(headers, hasBody: false))
        #expect(memo.head(ByteBuffer(bytes: block)) == nil)
    }

    /// What a response's head needs as a block is reckoned before it is written.
    @Test func blocksOfAnyShapeFitTheirMemory() throws {
        for length in [0, 1, 2, 13, 14, 15, 126, 127, 128, 254, 255, 256, 16_382, 16_383, 16_384, 20_000] {
            for name in [1, 2, 126, 127, 128, 300] {
                for count in [1, 3] {
                    var expected: [(String, String)] = [(":status", "299")]
                    for index in 0..<count {
                        expected.append(
                            (String(repeating: "n", count: name), String(repeating: "v", count: length + index)))
                    }
                    let lines = expected.dropFirst().map { "\($0.0):\($0.1)\r\n" }.joined()
                    var block = HTTP2ResponseReader.block(ByteBuffer(string: "HTTP/1.1 299 x\r\n\(lines)\r\n"))
                    guard lines.utf8.count < ResponseHeadParser.maximumBytes else { continue }
                    var decoder = HPACKDecoder(
                        allocator: ByteBufferAllocator(), maxDynamicTableSize: 4096, maxHeaderListSize: 1 << 20)
                    let headers = try decoder.decodeHeaders(from: &block)
                    #expect(headers.map { $0.name } == expected.map(\.0))
                    #expect(headers.map { $0.value } == expected.map(\.1))
                }
            }
        }
    }
}
