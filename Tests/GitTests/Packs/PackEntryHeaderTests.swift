import Testing

@testable import Git

@Suite struct PackEntryHeaderTests {
    private static func header(_ bytes: [UInt8]) throws(GitError) -> PackEntryHeader? {
        try bytes.span.bytes.withUnsafeBytes { (buffer) throws(GitError) in try PackEntryHeader(buffer) }
    }

    @Test(arguments: [0, 1, 15, 16, 127, 2047, 2048, 1 << 20, 1 << 40, Int.max])
    func whatIsWrittenIsReadAgain(number: Int) throws {
        let id = try #require(ObjectID("0123456789abcdef0123456789abcdef01234567"))
        var contents: [PackEntryHeader.Content] = [
            .object(.commit), .object(.tree), .object(.blob), .object(.tag), .referenceDelta(base: id),
        ]
        if number > 0, number < Int.max >> 8 { contents.append(.offsetDelta(distance: number)) }
        for content in contents {
            let bytes = PackEntryHeader.encode(content, size: number)
            let header = try #require(try Self.header(bytes + [1, 2, 3]))
            #expect(header.content == content)
            #expect(header.size == number)
            #expect(header.byteCount == bytes.count)
            #expect(bytes.count <= PackEntryHeader.maximumByteCount)
            for count in 0..<bytes.count { #expect(try Self.header(Array(bytes[..<count])) == nil) }
        }
    }

    @Test func distancesAreGitsOwn() throws {
        // 0x80 0x00 is 128: a continued digit counts one more than it says.
        #expect(try Self.header([0x61, 0x80, 0x00])?.content == .offsetDelta(distance: 128))
        #expect(try Self.header([0x61, 0x7f])?.content == .offsetDelta(distance: 127))
        #expect(PackEntryHeader.encode(.offsetDelta(distance: 128), size: 1) == [0x61, 0x80, 0x00])
    }

    @Test(
        arguments: [
            [0x00], [0x50, 0x00], [0x80, 0x01], [0x60, 0x00], [UInt8](repeating: 0xff, count: 32),
            [0xb0] + [UInt8](repeating: 0x80, count: 20) + [0x00],
            [0xb0] + [UInt8](repeating: 0x80, count: 8) + [0x7f],
            [0x60] + [UInt8](repeating: 0xff, count: 16) + [0x00],
        ] as [[UInt8]])
    func whatIsNoHeaderIsRefused(bytes: [UInt8]) {
        #expect(throws: GitError.self) { try Self.header(bytes) }
    }
}
