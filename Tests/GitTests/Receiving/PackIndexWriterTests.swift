import Foundation
import Glibc
import TestSupport
import Testing

@testable import Git

@Suite struct PackIndexWriterTests {
    @Test func gitReadsTheIndexAlsoWithOffsetsOfMoreThan31Bits() async throws {
        let scratch = try TemporaryDirectory("berth-index")
        var generator = SeededGenerator(seed: 9)
        var entries: [PackEntry] = []
        for number in 0..<3000 {
            var entry = PackEntry(offset: number % 3 == 0 ? (1 << 31) * number + 12 : 12 + number)
            let bytes = (0..<20).map { _ in UInt8.random(in: 0...255, using: &generator) }
            entry.id = bytes.withUnsafeBytes { ObjectID($0, at: 0) }
            entry.crc = UInt32(truncatingIfNeeded: generator.next())
            entries.append(entry)
        }
        let path = scratch.path("x.idx")
        let file = try OpenFile(path, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
        try PackIndexWriter.write(entries, trailer: entries[0].id, to: file)
        let output = try GitCommand(folder: scratch.path).start(["show-index"], input: path)
        let lines = await output.outcome().output.split(separator: "\n").map(String.init)
        let expected = entries.sorted { $0.id < $1.id }
            .map { entry in
                let crc = String(entry.crc, radix: 16)
                return "\(entry.offset) \(entry.id) (\(String(repeating: "0", count: 8 - crc.count))\(crc))"
            }
        #expect(lines == expected)
        let bytes = try #require(try FileSystem.contents(of: path))
        var sum = PlainSHA1()
        sum.update(Array(bytes.dropLast(20)))
        var hash: [UInt8] = []
        sum.finish().appendBytes(to: &hash)
        #expect(Array(bytes.suffix(20)) == hash)
    }
}
