import Core
import Foundation
import NIOCore
import NIOHPACK
import Testing

@testable import Router

/// The messages of `Corpus`, as they are and mutated. What a fuzzer or a report finds becomes a file there.
@Suite struct CorpusTests {
    private static func corpus(_ folder: String) throws -> [[UInt8]] {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let place = root.appendingPathComponent("Corpus/\(folder)").path
        let names = try FileManager.default.contentsOfDirectory(atPath: place).sorted()
        return names.compactMap { FileManager.default.contents(atPath: "\(place)/\($0)").map(Array.init) }
    }

    private static func mutated(_ seed: [UInt8], _ generator: inout FuzzTests.Seeded) -> [UInt8] {
        var bytes = seed
        for _ in 0..<Int.random(in: 0...3, using: &generator) {
            let index = Int.random(in: 0...bytes.count, using: &generator)
            switch Int.random(in: 0..<3, using: &generator) {
            case 0 where index < bytes.count: bytes[index] = UInt8.random(in: .min ... .max, using: &generator)
            case 1 where index < bytes.count: bytes.remove(at: index)
            default:
                let other = Int.random(in: 0...bytes.count, using: &generator)
                bytes.insert(contentsOf: bytes[min(index, other)..<max(index, other)], at: index)
            }
        }
        return bytes
    }

    private func replay(_ folder: String, _ body: ([UInt8], inout FuzzTests.Seeded) throws -> Void) throws {
        let seeds = try Self.corpus(folder)
        try #require(!seeds.isEmpty)
        var first = FuzzTests.Seeded(state: 0)
        for seed in seeds { try body(seed, &first) }
        try FuzzTests().rounds { generator in
            let seed = seeds[Int.random(in: 0..<seeds.count, using: &generator)]
            try body(Self.mutated(seed, &generator), &generator)
        }
    }

    @Test func headsAreReadTheSameInOnePieceAndInMany() throws {
        try replay("heads") { bytes, generator in
            var (whole, pieces) = (RequestHeadParser(), RequestHeadParser())
            let expected = bytes.withUnsafeBytes { whole.advance($0) }
            var (end, result) = (0, RequestHeadParser.Progress.needsMore)
            while end < bytes.count, result == .needsMore {
                end = min(bytes.count, end + Int.random(in: 1...7, using: &generator))
                result = bytes[..<end].withUnsafeBytes { pieces.advance($0) }
            }
            #expect(result == expected)
            guard expected == .complete else { return }
            // What was remembered is what would be read.
            var memo = HeadMemo()
            let head = whole.take()
            let exact = Array(bytes[..<head.length])
            for _ in 0..<2 { _ = exact.withUnsafeBytes { memo.note(head, $0, isTrusted: false) } }
            let known = exact.withUnsafeBytes { memo.find($0, isTrusted: false) }
            #expect(known == nil || known?.head.length == head.length)
            #expect(exact.dropLast().withUnsafeBytes { memo.find($0, isTrusted: false) } == nil)
            #expect(exact.withUnsafeBytes { memo.find($0, isTrusted: true) } == nil)
        }
    }

    @Test func responsesAreReadOrRefused() throws {
        try replay("responses") { bytes, _ in
            var parser = ResponseHeadParser()
            if bytes.withUnsafeBytes({ parser.advance($0) }) == .complete {
                let head = parser.take()
                #expect(head.length <= bytes.count)
                _ = HTTP2ResponseReader.block(ByteBuffer(bytes: bytes[..<head.length]))
            }
        }
    }

    @Test func chunksEndWhereTheyEnd() throws {
        try replay("chunks") { bytes, _ in
            var scanner = ChunkScanner()
            var content = 0
            let result = bytes.withUnsafeBytes { raw in scanner.scan(raw) { content += $0.count } }
            #expect(content <= bytes.count)
            if case .ended(let offset) = result { #expect(offset <= bytes.count) }
        }
    }

    /// Header blocks of bytes that mean little.
    @Test func headerBlocksAreReadOrRefused() {
        FuzzTests().rounds { generator in
            var encoder = HPACKEncoder(allocator: ByteBufferAllocator())
            var block = ByteBuffer()
            try? encoder.encode(
                headers: [":method": "GET", ":scheme": "https", ":path": "/x", ":authority": "a", "b": "c"], to: &block)
            let bytes = Self.mutated(Array(block.readableBytesView), &generator)
            var decoder = HPACKDecoder(
                allocator: ByteBufferAllocator(), maxDynamicTableSize: 4096, maxHeaderListSize: 65_536)
            var input = ByteBuffer(bytes: bytes)
            let memo = HeaderBlockMemo()
            let headers = try? decoder.decodeHeaders(from: &input)
            let head = headers.flatMap { try? HTTP2RequestHead($0, hasBody: false) }
            memo.decoded(ByteBuffer(bytes: bytes), head)
            if let head, let known = memo.head(ByteBuffer(bytes: bytes)) { #expect(known.bytes == head.bytes) }
        }
    }

    /// Frames of all kinds in any order: the connection may end, the server goes on.
    @Test func framesNeverEndTheServer() async throws {
        let site = try TestSite(["index.html": "x"])
        try await TestRouter.with(["app.localhost": site.target], configure: { $0.acceptsPlainHTTP2 = true }) {
            router async throws in
            let port = router.port
            try await onThread {
                for round in 0..<150 {
                    var generator = FuzzTests.Seeded(state: UInt64(round))
                    let client = try FrameConnection(port: port)
                    let request = try client.block(FrameConnection.get())
                    for frame in 0..<Int.random(in: 1...12, using: &generator) {
                        let kind = UInt8.random(in: 0...10, using: &generator)
                        let stream = Int.random(in: 0...5, using: &generator)
                        let payload =
                            kind == 1 && Bool.random(using: &generator)
                            ? Self.mutated(request, &generator)
                            : (0..<Int.random(in: 0...20, using: &generator)).map { _ in
                                UInt8.random(in: .min ... .max, using: &generator)
                            }
                        let flags = UInt8.random(in: .min ... .max, using: &generator)
                        do { try client.send(kind, payload, flags: flags, stream: stream + frame) } catch { break }
                    }
                }
            }
            #expect(try await router.get().text == "x")
        }
    }
}
