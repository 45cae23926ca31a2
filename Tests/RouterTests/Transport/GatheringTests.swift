import Core
import Glibc
import NIOCore
import TestSupport
import Testing

@testable import Router

/// Large bodies are read in large pieces, and nothing of them waits for what does not come.
@Suite struct GatheringTests {
    /// Bytes that are to be there before the kernel tells of them.
    private static func threshold(_ probe: ChannelProbe) throws -> Int {
        try probe.on { channel in
            var (value, size) = (CInt(0), socklen_t(MemoryLayout<CInt>.size))
            getsockopt(channel.descriptor, SOL_SOCKET, SO_RCVLOWAT, &value, &size)
            return Int(value)
        }
    }

    @Test func whatGathersIsReadWhenNoMoreComes() async throws {
        let probe = ChannelProbe(onReceived: { channel in
            // Once, and for what comes first.
            if channel.gathering == nil, channel.sizes.sizeClass == 0 { channel.gather() }
        })
        try await ChannelBench.run(probe) { peer in
            try peer.write("a")
            try ChannelBench.wait(for: "the first") { probe.text == "a" }
            try peer.write([UInt8](repeating: 0x62, count: 1000))
            try ChannelBench.wait(for: "the rest") { probe.seen.value.bytes.count == 1001 }
            try ChannelBench.wait(for: "the usual way") { try Self.threshold(probe) == 1 }
            try peer.write("c")
            try ChannelBench.wait(for: "the last") { probe.seen.value.bytes.count == 1002 }
        }
    }

    @Test func asLongAsItIsWantedTheKernelTellsOfMuchOnly() async throws {
        let thresholds = Shared<[CInt]>([])
        let probe = ChannelProbe(onReceived: { channel in
            channel.gather()
            var (value, size) = (CInt(0), socklen_t(MemoryLayout<CInt>.size))
            getsockopt(channel.descriptor, SOL_SOCKET, SO_RCVLOWAT, &value, &size)
            thresholds.update { [value] in $0.append(value) }
        })
        try await ChannelBench.run(probe) { peer in
            let piece = [UInt8](repeating: 1, count: 1 << 20)
            for _ in 0..<8 { try peer.write(piece) }
            try ChannelBench.wait(for: "all") { probe.seen.value.bytes.count == 8 << 20 }
            try ChannelBench.wait(for: "the usual way") { try Self.threshold(probe) == 1 }
            // What comes while nothing gathers is told at once, and the end too.
            try peer.write("z")
            peer.closeOutput()
            try ChannelBench.wait(for: "the end") { probe.seen.value.inputEnds == 1 }
            #expect(probe.seen.value.bytes.count == 8 << 20 + 1)
        }
        #expect(Set(thresholds.value) == [CInt(StreamChannel.gathered)])
    }

    @Test func aConnectionThatBreaksWhileItGathersIsClosed() async throws {
        let probe = ChannelProbe(onReceived: { $0.gather() })
        try await ChannelBench.run(probe) { peer in
            try peer.write("a")
            try ChannelBench.wait(for: "the first") { probe.text == "a" }
            peer.reset()
            try ChannelBench.wait(for: "the end") { probe.seen.value.ends == 1 }
        }
    }

    /// Of a large upload each piece reaches the app without the next, small ones at its end too, and the connection goes on.
    @Test(arguments: [false, true]) func nothingOfALargeUploadIsLeftWaiting(isChunked: Bool) async throws {
        let (large, small) = (3 << 20, 10)
        let taken = Shared(0)
        let upstream = try StubUpstream { connection in
            for _ in 0..<2 {
                let head = try connection.readHead()
                // Framed or not: what is counted is the letter of the content.
                var tail: [UInt8] = []
                while head.line.contains("/up"),
                    taken.value < large + small || isChunked && tail.suffix(5) != Array("0\r\n\r\n".utf8)[...]
                {
                    let some = try connection.readSome()
                    tail = tail.suffix(5) + some
                    taken.update { $0 += some.count { $0 == 0x78 } }
                }
                try connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            }
        }
        defer { upstream.close() }
        try await TestRouter.with(["app.localhost": upstream.target]) { router async throws in
            try await router.client { connection throws in
                let framing = isChunked ? "Transfer-Encoding: chunked" : "Content-Length: \(large + small)"
                try connection.write("POST /up HTTP/1.1\r\nHost: app.localhost\r\n\(framing)\r\n\r\n")
                func send(_ count: Int) throws {
                    let bytes = [UInt8](repeating: 0x78, count: count)
                    guard isChunked else { return try connection.write(bytes) }
                    try connection.write(Array("\(String(count, radix: 16))\r\n".utf8) + bytes + Array("\r\n".utf8))
                }
                for _ in 0..<48 { try send(large / 48) }
                try ChannelBench.wait(for: "the large part") { taken.value == large }
                for count in 1...small {
                    try send(1)
                    try ChannelBench.wait(for: "a small piece") { taken.value == large + count }
                }
                if isChunked { try connection.write("0\r\n\r\n") }
                for path in ["/up", "/next"] {
                    if path == "/next" { try connection.write("GET /next HTTP/1.1\r\nHost: app.localhost\r\n\r\n") }
                    #expect(try connection.readHead().line.hasPrefix("HTTP/1.1 200"))
                    #expect(try connection.readText(2) == "ok")
                }
            }
        }
    }
}
