/// What stands before the compressed bytes of one entry of a pack (gitformat-pack, "pack-*.pack files"): what it is, how
/// long it is when it is inflated, and what a delta builds on.
package struct PackEntryHeader: Sendable, Hashable {
    package enum Content: Sendable, Hashable {
        case object(ObjectKind)
        /// A delta; its base begins this many bytes before the entry. Never 0.
        case offsetDelta(distance: Int)
        /// A delta on an object that is named.
        case referenceDelta(base: ObjectID)
    }

    /// More bytes than any header has.
    package static let maximumByteCount = 32

    package let content: Content
    /// Inflated bytes; of a delta its own, not its result's.
    package let size: Int
    /// Bytes of the header itself.
    package let byteCount: Int

    /// Reads a header; `nil` when it is longer than `bytes`.
    ///
    /// Throws `.refused` when it is none: types 0 and 5, a number that overflows, a base that is the entry itself.
    package init?(_ bytes: UnsafeRawBufferPointer) throws(GitError) {
        guard var byte = bytes.first else { return nil }
        let type = byte >> 4 & 7
        var size = Int(byte & 0xf)
        var position = 1
        var shift = 4
        while byte & 0x80 != 0 {
            guard position < bytes.count else { return nil }
            byte = bytes[position]
            position += 1
            let digits = Int(byte & 0x7f)
            guard digits == 0 || (shift < Int.bitWidth - 1 && digits <= Int.max >> shift) else { throw Self.overflow }
            // What is left over of a number that was padded is zeros; an endless row of them is not a number.
            guard shift < Int.bitWidth else { throw Self.overflow }
            size |= digits << shift
            shift += 7
        }
        switch type {
        case 1: content = .object(.commit)
        case 2: content = .object(.tree)
        case 3: content = .object(.blob)
        case 4: content = .object(.tag)
        case 6:
            guard let (distance, end) = try Self.distance(bytes, from: position) else { return nil }
            content = .offsetDelta(distance: distance)
            position = end
        case 7:
            guard position + ObjectID.byteCount <= bytes.count else { return nil }
            content = .referenceDelta(base: ObjectID(bytes, at: position))
            position += ObjectID.byteCount
        default: throw GitError(.refused, "the pack is damaged: an entry has type \(type)", operation: "pack")
        }
        self.size = size
        byteCount = position
    }

    /// The bytes of a header.
    package static func encode(_ content: Content, size: Int) -> [UInt8] {
        let type: UInt8 =
            switch content {
            case .object(.commit): 1
            case .object(.tree): 2
            case .object(.blob): 3
            case .object(.tag): 4
            case .offsetDelta: 6
            case .referenceDelta: 7
            }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(maximumByteCount)
        var rest = size >> 4
        bytes.append(type << 4 | UInt8(size & 0xf) | (rest > 0 ? 0x80 : 0))
        while rest > 0 {
            bytes.append(UInt8(rest & 0x7f) | (rest > 0x7f ? 0x80 : 0))
            rest >>= 7
        }
        switch content {
        case .object: break
        case .offsetDelta(let distance):
            // Most significant digit first; each continued digit counts one more than it says, so that no number has two
            // spellings.
            var digits = [UInt8(distance & 0x7f)]
            var rest = distance >> 7
            while rest > 0 {
                rest -= 1
                digits.append(UInt8(rest & 0x7f) | 0x80)
                rest >>= 7
            }
            bytes += digits.reversed()
        case .referenceDelta(let base): base.appendBytes(to: &bytes)
        }
        return bytes
    }

    private static func distance(
        _ bytes: UnsafeRawBufferPointer, from start: Int
    ) throws(GitError) -> (distance: Int, end: Int)? {
        guard start < bytes.count else { return nil }
        var position = start
        var byte = bytes[position]
        position += 1
        var distance = Int(byte & 0x7f)
        while byte & 0x80 != 0 {
            guard distance < Int.max >> 8 else { throw overflow }
            guard position < bytes.count else { return nil }
            byte = bytes[position]
            position += 1
            distance = (distance + 1) << 7 | Int(byte & 0x7f)
        }
        guard distance > 0 else {
            throw GitError(.refused, "the pack is damaged: a delta is its own base", operation: "pack")
        }
        return (distance, position)
    }

    private static let overflow = GitError(
        .refused, "the pack is damaged: a number in it is too large", operation: "pack")
}
