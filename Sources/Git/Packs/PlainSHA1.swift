import CGit2

/// SHA-1 (FIPS 180-4) of a pack's or an index's own bytes, in pieces of any size.
///
/// It guards against damage on the way, not against a forger: objects are named by `ObjectHasher`, which finds
/// collisions.
package struct PlainSHA1: Sendable {
    private static let blockSize = 64

    private static let isBuiltIn = cgit2_has_sha1() != 0

    private var a: UInt32 = 0x6745_2301
    private var b: UInt32 = 0xefcd_ab89
    private var c: UInt32 = 0x98ba_dcfe
    private var d: UInt32 = 0x1032_5476
    private var e: UInt32 = 0xc3d2_e1f0
    private var count = 0
    private var rest: [UInt8] = []
    private let allowsBuiltIn: Bool

    /// - Parameter allowsBuiltIn: whether the processor's own instructions may be used where there are any.
    package init(allowsBuiltIn: Bool = true) {
        self.allowsBuiltIn = allowsBuiltIn
        rest.reserveCapacity(2 * Self.blockSize)
    }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        count += bytes.count
        var bytes = bytes
        if !rest.isEmpty {
            let missing = min(Self.blockSize - rest.count, bytes.count)
            rest.append(contentsOf: bytes.prefix(missing))
            bytes = UnsafeRawBufferPointer(rebasing: bytes[missing...])
            guard rest.count == Self.blockSize else { return }
            let block = rest
            block.withUnsafeBytes { compress($0) }
            rest.removeAll(keepingCapacity: true)
        }
        let whole = bytes.count / Self.blockSize * Self.blockSize
        compress(UnsafeRawBufferPointer(rebasing: bytes[..<whole]))
        rest.append(contentsOf: bytes[whole...])
    }

    package mutating func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { update($0) }
    }

    /// The hash of all bytes.
    package consuming func finish() -> ObjectID {
        let bits = UInt64(truncatingIfNeeded: count) &* 8
        var padding: [UInt8] = [0x80]
        while (rest.count + padding.count) % Self.blockSize != Self.blockSize - 8 { padding.append(0) }
        for shift in stride(from: 56, through: 0, by: -8) { padding.append(UInt8(truncatingIfNeeded: bits >> shift)) }
        padding.withUnsafeBytes { update($0) }
        var hash: [UInt8] = []
        hash.reserveCapacity(ObjectID.byteCount)
        for word in [a, b, c, d, e] {
            for shift in stride(from: 24, through: 0, by: -8) { hash.append(UInt8(truncatingIfNeeded: word >> shift)) }
        }
        return hash.withUnsafeBytes { ObjectID($0, at: 0) }
    }

    /// Takes whole blocks.
    private mutating func compress(_ blocks: UnsafeRawBufferPointer) {
        guard !blocks.isEmpty else { return }
        guard Self.isBuiltIn, allowsBuiltIn else { return compressPlainly(blocks) }
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 5) { state in
            _ = state.initialize(from: [a, b, c, d, e])
            cgit2_sha1_blocks(
                state.baseAddress, blocks.baseAddress?.assumingMemoryBound(to: UInt8.self),
                blocks.count / Self.blockSize)
            (a, b, c, d, e) = (state[0], state[1], state[2], state[3], state[4])
        }
    }

    /// The same without the processor's help.
    private mutating func compressPlainly(_ blocks: UnsafeRawBufferPointer) {
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 80) { words in
            guard let base = blocks.baseAddress, let w = words.baseAddress else { return }
            var (a, b, c, d, e) = (a, b, c, d, e)
            for block in stride(from: 0, to: blocks.count, by: Self.blockSize) {
                for index in 0..<16 {
                    w[index] = UInt32(
                        bigEndian: base.loadUnaligned(fromByteOffset: block + 4 * index, as: UInt32.self))
                }
                for index in 16..<80 {
                    w[index] = Self.rotated(w[index - 3] ^ w[index - 8] ^ w[index - 14] ^ w[index - 16], 1)
                }
                let before = (a, b, c, d, e)
                for index in stride(from: 0, to: 20, by: 5) {
                    Self.chooseRounds(&a, &b, &c, &d, &e, w + index)
                }
                for index in stride(from: 20, to: 40, by: 5) {
                    Self.parityRounds(&a, &b, &c, &d, &e, w + index, 0x6ed9_eba1)
                }
                for index in stride(from: 40, to: 60, by: 5) {
                    Self.majorityRounds(&a, &b, &c, &d, &e, w + index)
                }
                for index in stride(from: 60, to: 80, by: 5) {
                    Self.parityRounds(&a, &b, &c, &d, &e, w + index, 0xca62_c1d6)
                }
                a = a &+ before.0
                b = b &+ before.1
                c = c &+ before.2
                d = d &+ before.3
                e = e &+ before.4
            }
            (self.a, self.b, self.c, self.d, self.e) = (a, b, c, d, e)
        }
    }

    @inline(__always)
    private static func rotated(_ word: UInt32, _ count: UInt32) -> UInt32 { word &<< count | word &>> (32 &- count) }

    /// One round; the five words change places by the order in which they are named.
    @inline(__always)
    private static func round(
        _ a: UInt32, _ b: inout UInt32, _ e: inout UInt32, _ mixed: UInt32, _ word: UInt32, _ constant: UInt32
    ) {
        e = e &+ rotated(a, 5) &+ mixed &+ word &+ constant
        b = rotated(b, 30)
    }

    @inline(__always)
    private static func chooseRounds(
        _ a: inout UInt32, _ b: inout UInt32, _ c: inout UInt32, _ d: inout UInt32, _ e: inout UInt32,
        _ w: UnsafeMutablePointer<UInt32>
    ) {
        let k: UInt32 = 0x5a82_7999
        round(a, &b, &e, d ^ (b & (c ^ d)), w[0], k)
        round(e, &a, &d, c ^ (a & (b ^ c)), w[1], k)
        round(d, &e, &c, b ^ (e & (a ^ b)), w[2], k)
        round(c, &d, &b, a ^ (d & (e ^ a)), w[3], k)
        round(b, &c, &a, e ^ (c & (d ^ e)), w[4], k)
    }

    @inline(__always)
    private static func parityRounds(
        _ a: inout UInt32, _ b: inout UInt32, _ c: inout UInt32, _ d: inout UInt32, _ e: inout UInt32,
        _ w: UnsafeMutablePointer<UInt32>, _ k: UInt32
    ) {
        round(a, &b, &e, b ^ c ^ d, w[0], k)
        round(e, &a, &d, a ^ b ^ c, w[1], k)
        round(d, &e, &c, e ^ a ^ b, w[2], k)
        round(c, &d, &b, d ^ e ^ a, w[3], k)
        round(b, &c, &a, c ^ d ^ e, w[4], k)
    }

    @inline(__always)
    private static func majorityRounds(
        _ a: inout UInt32, _ b: inout UInt32, _ c: inout UInt32, _ d: inout UInt32, _ e: inout UInt32,
        _ w: UnsafeMutablePointer<UInt32>
    ) {
        let k: UInt32 = 0x8f1b_bcdc
        round(a, &b, &e, (b & c) | (d & (b | c)), w[0], k)
        round(e, &a, &d, (a & b) | (c & (a | b)), w[1], k)
        round(d, &e, &c, (e & a) | (b & (e | a)), w[2], k)
        round(c, &d, &b, (d & e) | (a & (d | e)), w[3], k)
        round(b, &c, &a, (c & d) | (e & (c | d)), w[4], k)
    }
}
