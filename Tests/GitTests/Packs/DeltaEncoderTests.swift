import Testing

@testable import Git

struct DeltaEncoderTests {
    private static func delta(_ base: [UInt8], _ result: [UInt8], limit: Int = .max) throws -> [UInt8]? {
        let delta = base.withUnsafeBytes { base in
            result.withUnsafeBytes { DeltaEncoder.delta(from: base, to: $0, limit: limit) }
        }
        guard let delta else { return nil }
        var made = [UInt8](repeating: 0, count: result.count)
        try delta.withUnsafeBytes { delta in
            let read = try Delta(delta)
            #expect(read.baseSize == base.count && read.resultSize == result.count)
            try read.check(base: base.count)
            try base.withUnsafeBytes { base in try made.withUnsafeMutableBytes { try read.apply(to: base, into: $0) } }
        }
        #expect(made == result)
        return delta
    }

    private static func bytes(_ count: Int, _ random: inout SeededGenerator) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    @Test func aChangeTakesSoMuchAsIsNew() throws {
        var random = SeededGenerator(seed: 1)
        let base = Self.bytes(10_000, &random)
        let new = base[..<5_000] + Self.bytes(20, &random) + base[5_010...]
        let delta = try #require(try Self.delta(base, Array(new)))
        // Two sizes of two bytes, two copies of at most seven, and an insert.
        #expect(delta.count <= 4 + 14 + 21)
    }

    @Test(arguments: [1, 15, 16, 17, 126, 127, 128, 65_535, 65_536, 65_537, 200_000])
    func everySizeComesOutAsItWas(size: Int) throws {
        var random = SeededGenerator(seed: UInt64(size))
        let base = Self.bytes(max(16, size), &random)
        // The same, a part of it, it twice, and nothing of it.
        for result in [Array(base.prefix(size)), Array(base.suffix(size)), base + base, Self.bytes(size, &random)] {
            #expect(try Self.delta(base, result) != nil)
        }
    }

    @Test func aBaseThatIsAllTheSameTakesNoLonger() throws {
        let base = [UInt8](repeating: 0, count: 1 << 20)
        var result = base
        for place in stride(from: 100, to: result.count, by: 5_000) { result[place] = 1 }
        let delta = try #require(try Self.delta(base, result))
        #expect(delta.count < 6_000)
    }

    @Test func whatIsTooMuchOrNothingIsNone() throws {
        var random = SeededGenerator(seed: 7)
        let base = Self.bytes(4_000, &random)
        #expect(try Self.delta(base, Self.bytes(4_000, &random), limit: 3_999) == nil)
        #expect(try Self.delta(base, []) == nil)
        #expect(try Self.delta(Array(base.prefix(15)), base) == nil)
        let small = try #require(try Self.delta(base, base))
        #expect(try Self.delta(base, base, limit: small.count) != nil)
        #expect(try Self.delta(base, base, limit: small.count - 1) == nil)
    }

    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func manyChangesComeOutAsTheyWere(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        // Few different bytes, so that much is alike that does not belong together.
        let letters = UInt8.random(in: 1...30, using: &random)
        let size = Int.random(in: 16...30_000, using: &random)
        let base = (0..<size).map { _ in UInt8.random(in: 0...letters, using: &random) }
        var result: [UInt8] = []
        while result.count < base.count {
            let from = Int.random(in: 0..<base.count, using: &random)
            result += base[from..<min(base.count, from + Int.random(in: 1...5_000, using: &random))]
            result += Self.bytes(Int.random(in: 0...300, using: &random), &random)
        }
        #expect(try Self.delta(base, result) != nil)
    }
}
