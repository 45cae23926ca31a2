import Testing

@testable import Git

@Suite struct ZlibInflaterTests {
    @Test func aStreamIsInflatedToItsEndAndNoFurther() throws {
        let content = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
        let stream = try deflated(content)
        var inflater = try ZlibInflater()
        for _ in 0..<2 {
            var output = [UInt8](repeating: 0, count: content.count)
            let input = stream + [1, 2, 3]
            let count = try output.withUnsafeMutableBytes { output in
                try input.withUnsafeBytes { try inflater.inflateWhole($0, into: output) }
            }
            #expect(count == stream.count)
            #expect(output == content)
        }
    }

    @Test(arguments: [0, 1, 99_999, 100_001])
    func aStreamOfAnotherLengthIsRefused(size: Int) throws {
        let stream = try deflated([UInt8](repeating: 7, count: 100_000))
        var inflater = try ZlibInflater()
        var output = [UInt8](repeating: 0, count: size)
        #expect(throws: GitError.self) {
            try output.withUnsafeMutableBytes { output in
                _ = try stream.withUnsafeBytes { try inflater.inflateWhole($0, into: output) }
            }
        }
    }

    @Test func whatIsCutOffOrChangedIsRefused() throws {
        let content = [UInt8](repeating: 7, count: 1000)
        let stream = try deflated(content)
        var inflater = try ZlibInflater()
        var damaged = (0..<stream.count).map { Array(stream[..<$0]) }
        damaged.append(stream.dropLast() + [stream[stream.count - 1] ^ 1])
        damaged.append([0] + stream.dropFirst())
        for bytes in damaged {
            var output = [UInt8](repeating: 0, count: content.count)
            #expect(throws: GitError.self) {
                try output.withUnsafeMutableBytes { output in
                    _ = try bytes.withUnsafeBytes { try inflater.inflateWhole($0, into: output) }
                }
            }
        }
    }

    @Test func emptyContentIsAStreamToo() throws {
        let stream = try deflated([])
        var inflater = try ZlibInflater()
        let count = try stream.withUnsafeBytes {
            try inflater.inflateWhole($0, into: UnsafeMutableRawBufferPointer(start: nil, count: 0))
        }
        #expect(count == stream.count)
    }
}
