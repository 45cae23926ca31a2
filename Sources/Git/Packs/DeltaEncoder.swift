/// Writes the instructions of a delta (gitformat-pack, "Deltified representation"): what of a result is copied from a base.
///
/// The base is known by its blocks; at each place of the result the longest piece that begins with one of them is looked for,
/// so the time goes with the sum of both sizes.
struct DeltaEncoder {
    /// Bytes: what a copy saves must be more than what it takes to say.
    private static let block = 16
    /// Equal blocks that are looked at for one place. A base can be all the same.
    private static let candidates = 16
    /// Older readers take no longer ones.
    private static let longestCopy = 0x1_0000
    private static let longestInsert = 0x7f
    /// Good enough not to look for a better one.
    private static let ample = 4096
    /// What a copy can name.
    private static let largestBase = Int(Int32.max)

    private let base: UnsafeRawBufferPointer
    /// The first block of each hash, counted from 1; 0: none. It is the one from which on most of the base follows.
    private var first: [Int32]
    /// For each block the next one with the same hash.
    private var next: [Int32]
    private let shift: UInt64

    /// - Parameter base: is to stay where it is as long as this is used.
    private init(_ base: UnsafeRawBufferPointer) {
        self.base = base
        let count = base.count / Self.block
        let bits = max(4, Int.bitWidth - count.leadingZeroBitCount)
        shift = UInt64(64 - bits)
        first = [Int32](repeating: 0, count: 1 << bits)
        next = [Int32](repeating: 0, count: count + 1)
        for block in stride(from: count, to: 0, by: -1) {
            let slot = slot(Self.words(base, at: (block - 1) * Self.block))
            next[block] = first[slot]
            first[slot] = Int32(block)
        }
    }

    /// The delta that makes `result` out of `base`; `nil` when it would have more than `limit` bytes, or there is none: neither
    /// may be empty.
    static func delta(
        from base: UnsafeRawBufferPointer, to result: UnsafeRawBufferPointer, limit: Int
    ) -> [UInt8]? {
        guard base.count >= block, base.count <= largestBase, !result.isEmpty else { return nil }
        return DeltaEncoder(base).delta(to: result, limit: limit)
    }

    private func delta(to result: UnsafeRawBufferPointer, limit: Int) -> [UInt8]? {
        var delta: [UInt8] = []
        Self.append(number: base.count, to: &delta)
        Self.append(number: result.count, to: &delta)
        var (position, inserted) = (0, 0)
        while position + Self.block <= result.count {
            guard var match = longestMatch(of: result, at: position) else {
                position += 1
                // What is not found is inserted, so it is too much already.
                guard delta.count + position - inserted <= limit else { return nil }
                continue
            }
            // It may have begun before the block did.
            while match.offset > 0, position > inserted, base[match.offset - 1] == result[position - 1] {
                match.offset -= 1
                match.count += 1
                position -= 1
            }
            Self.append(insert: UnsafeRawBufferPointer(rebasing: result[inserted..<position]), to: &delta)
            Self.append(copy: match, to: &delta)
            position += match.count
            inserted = position
            guard delta.count <= limit else { return nil }
        }
        Self.append(insert: UnsafeRawBufferPointer(rebasing: result[inserted...]), to: &delta)
        return delta.count <= limit ? delta : nil
    }

    private func longestMatch(
        of result: UnsafeRawBufferPointer, at position: Int
    ) -> (offset: Int, count: Int)? {
        let words = Self.words(result, at: position)
        var block = Int(first[slot(words)])
        var best: (offset: Int, count: Int)?
        for _ in 0..<Self.candidates where block > 0 {
            let offset = (block - 1) * Self.block
            block = Int(next[block])
            guard Self.words(base, at: offset) == words else { continue }
            var count = Self.block
            let limit = min(base.count - offset, result.count - position)
            while count < limit, base[offset + count] == result[position + count] { count += 1 }
            if count > best?.count ?? 0 { best = (offset, count) }
            if count >= Self.ample { break }
        }
        return best
    }

    private func slot(_ words: (UInt64, UInt64)) -> Int {
        let mixed = (words.0 ^ (words.1 &* 0x9e37_79b9_7f4a_7c15)) &* 0xd6e8_feb8_6659_fd93
        return Int(truncatingIfNeeded: ((mixed ^ (mixed &>> 32)) &* 0xd6e8_feb8_6659_fd93) &>> shift)
    }

    private static func words(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> (UInt64, UInt64) {
        (
            bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self),
            bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self)
        )
    }

    // MARK: - Instructions

    private static func append(number: Int, to delta: inout [UInt8]) {
        var rest = number
        while rest > 0x7f {
            delta.append(UInt8(rest & 0x7f) | 0x80)
            rest >>= 7
        }
        delta.append(UInt8(rest))
    }

    private static func append(insert bytes: UnsafeRawBufferPointer, to delta: inout [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = rest.prefix(longestInsert)
            delta.append(UInt8(piece.count))
            delta.append(contentsOf: piece)
            rest = rest.dropFirst(piece.count)
        }
    }

    private static func append(copy: (offset: Int, count: Int), to delta: inout [UInt8]) {
        var (offset, rest) = copy
        while rest > 0 {
            let count = min(rest, longestCopy)
            let place = delta.count
            delta.append(0)
            var code: UInt8 = 0x80
            // Bytes that are 0 are left out; a count of 65,536 is written as none.
            for index in 0..<4 where offset >> (8 * index) & 0xff != 0 {
                code |= 1 << UInt8(index)
                delta.append(UInt8(truncatingIfNeeded: offset >> (8 * index)))
            }
            for index in 0..<2 where count >> (8 * index) & 0xff != 0 {
                code |= 0x10 << UInt8(index)
                delta.append(UInt8(truncatingIfNeeded: count >> (8 * index)))
            }
            delta[place] = code
            offset += count
            rest -= count
        }
    }
}
