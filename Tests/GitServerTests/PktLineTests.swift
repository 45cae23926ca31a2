import Testing

@testable import GitServer

@Suite struct PktLineTests {
    @Test(arguments: [
        ("0006a\n", [Packet.data(Array("a\n".utf8))]), ("0000", [.flush]), ("0001", [.delimiter]),
        ("0002", [.responseEnd]), ("0004", [.data([])]), ("000Aabcdef0000", [.data(Array("abcdef".utf8)), .flush]),
    ])
    func packetsAreRead(text: String, packets: [Packet]) throws {
        var parser = PacketParser()
        parser.append(Array(text.utf8))
        var read: [Packet] = []
        while let packet = try parser.next() { read.append(packet) }
        #expect(read == packets)
        #expect(parser.isEmpty)
    }

    @Test func packetsMayComeInPieces() throws {
        var parser = PacketParser()
        var read: [Packet] = []
        for byte in "000bhello\n\n0000PACK".utf8 {
            parser.append([byte])
            if read.count < 2, let packet = try parser.next() { read.append(packet) }
        }
        #expect(read == [.data(Array("hello\n\n".utf8)), .flush])
        #expect(Array(parser.rest) == Array("PACK".utf8))
    }

    @Test(arguments: ["0003", "zzzz", "-001", "+004", "fff5", "ffff", "00 4"])
    func impossibleLengthsAreRefused(text: String) {
        var parser = PacketParser()
        parser.append(Array(text.utf8))
        #expect(throws: PacketParser.Failure.badLength) { try parser.next() }
    }

    @Test func packetsAreWrittenWithTheirLength() {
        var bytes: [UInt8] = []
        PktLine.append(line: "abc", to: &bytes)
        PktLine.append([UInt8](repeating: 0x61, count: PktLine.maximumPayload), to: &bytes)
        #expect(bytes.starts(with: "0008abc\nfff0aaa".utf8))
        #expect(bytes.count == 8 + 65_520)
    }

    @Test(arguments: [(SideBand.small, 1000), (.large, 65_520)])
    func dataIsSplitAtTheBandsLimit(band: SideBand, size: Int) throws {
        var bytes: [UInt8] = []
        let data = [UInt8](repeating: 0x62, count: 150_000)
        band.append(data, on: .data, to: &bytes)
        var parser = PacketParser()
        parser.append(bytes)
        var joined: [UInt8] = []
        var largest = 0
        while case .data(let payload)? = try parser.next() {
            #expect(payload.first == 1)
            largest = max(largest, payload.count + 4)
            joined += payload.dropFirst()
        }
        #expect(joined == data)
        #expect(largest == size)
        #expect(band.keepalive == Array("0005\u{2}".utf8))
    }

    @Test func withoutABandOnlyDataIsSent() {
        var bytes: [UInt8] = []
        SideBand.none.append(Array("hello".utf8), on: .message, to: &bytes)
        SideBand.none.append(Array("PACK".utf8), on: .data, to: &bytes)
        #expect(bytes == Array("PACK".utf8))
        #expect(SideBand.none.end.isEmpty)
    }
}
