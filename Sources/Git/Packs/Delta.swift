/// A delta's instructions (gitformat-pack, "Deltified representation"), bounded before a byte of the result is made.
package struct Delta {
    /// Bytes that the base must have.
    package let baseSize: Int
    /// Bytes that the instructions say they come to.
    package let resultSize: Int
    private let instructions: UnsafeRawBufferPointer

    /// Git reads no delta that is shorter.
    private static let minimumSize = 4

    /// Reads the two sizes. Throws `.refused` when they are none.
    package init(_ bytes: UnsafeRawBufferPointer) throws(GitError) {
        guard bytes.count >= Self.minimumSize else { throw Self.damaged }
        var position = 0
        baseSize = try Self.number(bytes, &position)
        resultSize = try Self.number(bytes, &position)
        instructions = UnsafeRawBufferPointer(rebasing: bytes[position...])
    }

    /// Throws `.refused` unless the instructions stay within the base and come to exactly the result's size.
    package func check(base: Int) throws(GitError) {
        // Git cannot read a delta that comes to nothing.
        guard base == baseSize, resultSize > 0 else { throw Self.damaged }
        var position = 0
        var made = 0
        while position < instructions.count {
            let instruction = try next(&position)
            switch instruction {
            case .copy(let offset, let count):
                guard offset <= base, count <= base - offset else { throw Self.damaged }
                made += count
            case .insert(_, let count): made += count
            }
            // No sum overflows: each step is below 2^24 and the sum stays below the size, which an Int holds.
            guard made <= resultSize else { throw Self.damaged }
        }
        guard made == resultSize else { throw Self.damaged }
    }

    /// Writes the result, of `resultSize` bytes. The delta was checked against the base before.
    package func apply(
        to base: UnsafeRawBufferPointer, into result: UnsafeMutableRawBufferPointer
    ) throws(GitError) {
        var position = 0
        var made = 0
        while position < instructions.count {
            let source: UnsafeRawBufferPointer
            switch try next(&position) {
            case .copy(let offset, let count):
                guard offset <= base.count, count <= base.count - offset else { throw Self.damaged }
                source = UnsafeRawBufferPointer(rebasing: base[offset..<offset + count])
            case .insert(let offset, let count):
                source = UnsafeRawBufferPointer(rebasing: instructions[offset..<offset + count])
            }
            guard source.count <= result.count - made, let from = source.baseAddress, let to = result.baseAddress else {
                if source.isEmpty { continue }
                throw Self.damaged
            }
            (to + made).copyMemory(from: from, byteCount: source.count)
            made += source.count
        }
        guard made == result.count else { throw Self.damaged }
    }

    private enum Instruction {
        case copy(offset: Int, count: Int)
        case insert(offset: Int, count: Int)
    }

    private func next(_ position: inout Int) throws(GitError) -> Instruction {
        let code = instructions[position]
        position += 1
        guard code & 0x80 != 0 else {
            let count = Int(code)
            guard count > 0, count <= instructions.count - position else { throw Self.damaged }
            defer { position += count }
            return .insert(offset: position, count: count)
        }
        var (offset, count) = (0, 0)
        for bit in 0..<7 where code & 1 << UInt8(bit) != 0 {
            guard position < instructions.count else { throw Self.damaged }
            let byte = Int(instructions[position])
            position += 1
            if bit < 4 { offset |= byte << (8 * bit) } else { count |= byte << (8 * (bit - 4)) }
        }
        return .copy(offset: offset, count: count == 0 ? 0x10000 : count)
    }

    private static func number(_ bytes: UnsafeRawBufferPointer, _ position: inout Int) throws(GitError) -> Int {
        var (number, shift) = (0, 0)
        while true {
            guard position < bytes.count, shift < 63 else { throw damaged }
            let byte = bytes[position]
            position += 1
            let digits = Int(byte & 0x7f)
            guard digits <= Int.max >> shift else { throw damaged }
            number |= digits << shift
            shift += 7
            if byte & 0x80 == 0 { return number }
        }
    }

    private static let damaged = GitError(
        .refused, "the pack is damaged: a delta does not fit its base", operation: "delta")
}
