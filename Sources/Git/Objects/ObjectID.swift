import CGit2
import Core

/// An object's name: a SHA-1 of 20 bytes.
package struct ObjectID: Sendable, Hashable {
    // Most significant bytes first, so that order and hashing need no byte loop.
    private let high: UInt64
    private let middle: UInt64
    private let low: UInt32

    package static let byteCount = 20

    /// The first eight bytes are as good as all: to make many objects that share them is work for a supercomputer.
    package func hash(into hasher: inout Hasher) { hasher.combine(high) }
    package static let zero = ObjectID(high: 0, middle: 0, low: 0)

    private init(high: UInt64, middle: UInt64, low: UInt32) {
        self.high = high
        self.middle = middle
        self.low = low
    }

    /// Reads the 20 bytes at `offset`; the caller has checked that they are there.
    package init(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
        high = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        middle = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self))
        low = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset + 16, as: UInt32.self))
    }

    init(_ oid: git_oid) {
        self = withUnsafeBytes(of: oid) { ObjectID($0, at: 0) }
    }

    package init(_ commit: CommitID) {
        self = ObjectID(hex: commit.rawValue.utf8) ?? .zero
    }

    /// Reads exactly 40 hex digits in either case; anything else is `nil`.
    package init?(hex digits: some Collection<UInt8>) {
        guard digits.count == 2 * Self.byteCount else { return nil }
        // Digit by digit through a collection that is not known takes ten times as long.
        let quick = digits.withContiguousStorageIfAvailable { ObjectID(hexDigits: UnsafeRawBufferPointer($0), at: 0) }
        if let quick {
            guard let quick else { return nil }
            self = quick
            return
        }
        var (high, middle, low): (UInt64, UInt64, UInt32) = (0, 0, 0)
        for (index, digit) in digits.enumerated() {
            let value: UInt8
            switch digit {
            case 0x30...0x39: value = digit - 0x30
            case 0x61...0x66: value = digit - 0x61 + 10
            case 0x41...0x46: value = digit - 0x41 + 10
            default: return nil
            }
            switch index {
            case ..<16: high = high << 4 | UInt64(value)
            case ..<32: middle = middle << 4 | UInt64(value)
            default: low = low << 4 | UInt32(value)
            }
        }
        self.init(high: high, middle: middle, low: low)
    }

    package init?(_ text: String) { self.init(hex: text.utf8) }

    /// Reads the 40 hex digits at `offset`; the caller has checked that so many bytes are there.
    package init?(hexDigits bytes: UnsafeRawBufferPointer, at offset: Int) {
        func digits(_ range: Range<Int>) -> UInt64? {
            var value: UInt64 = 0
            for index in range {
                let digit = bytes[offset + index]
                switch digit {
                case 0x30...0x39: value = value << 4 | UInt64(digit - 0x30)
                case 0x61...0x66: value = value << 4 | UInt64(digit - 0x61 + 10)
                case 0x41...0x46: value = value << 4 | UInt64(digit - 0x41 + 10)
                default: return nil
                }
            }
            return value
        }
        guard let high = digits(0..<16), let middle = digits(16..<32), let low = digits(32..<40) else { return nil }
        self.init(high: high, middle: middle, low: UInt32(truncatingIfNeeded: low))
    }

    /// Appends the 40 lower-case hex digits, without a string in between.
    package func append(to bytes: inout [UInt8]) {
        func put(_ value: UInt64, digits: Int) {
            for shift in stride(from: 4 * (digits - 1), through: 0, by: -4) {
                let nibble = UInt8(truncatingIfNeeded: value >> UInt64(shift) & 0xf)
                bytes.append(nibble < 10 ? 0x30 + nibble : 0x61 + nibble - 10)
            }
        }
        put(high, digits: 16)
        put(middle, digits: 16)
        put(UInt64(low), digits: 8)
    }

    package var isZero: Bool { self == .zero }

    /// The first byte, by which an index fans out.
    package var firstByte: UInt8 { UInt8(truncatingIfNeeded: high >> 56) }

    /// A hash under a secret seed: names in a client's trees are of its choosing.
    func hash(seed: UInt64) -> UInt64 {
        var hash = (high ^ seed) &* 0x9e37_79b9_7f4a_7c15
        hash = (hash ^ hash &>> 29 ^ middle) &* (seed | 1)
        hash = (hash ^ hash &>> 32 ^ UInt64(low)) &* 0xd6e8_feb8_6659_fd93
        return hash ^ hash &>> 32
    }

    var oid: git_oid {
        var oid = git_oid()
        withUnsafeMutableBytes(of: &oid) { bytes in
            bytes.storeBytes(of: high.bigEndian, as: UInt64.self)
            bytes.storeBytes(of: middle.bigEndian, toByteOffset: 8, as: UInt64.self)
            bytes.storeBytes(of: low.bigEndian, toByteOffset: 16, as: UInt32.self)
        }
        return oid
    }

    /// Adds the 20 bytes to `bytes`.
    package func appendBytes(to bytes: inout [UInt8]) {
        for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: high >> shift)) }
        for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: middle >> shift)) }
        for shift in stride(from: 24, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: low >> shift)) }
    }

    /// The name as a commit's; `nil` for the zero name. Tags may have it too.
    package var commitID: CommitID? { isZero ? nil : CommitID(description) }
}

extension ObjectID: Comparable {
    package static func < (left: ObjectID, right: ObjectID) -> Bool {
        (left.high, left.middle, left.low) < (right.high, right.middle, right.low)
    }
}

extension ObjectID: CustomStringConvertible {
    /// 40 lower-case hex digits.
    package var description: String {
        String(unsafeUninitializedCapacity: 40) { buffer in
            let digits = StaticString("0123456789abcdef").utf8Start
            for index in 0..<40 {
                let nibble =
                    switch index {
                    case ..<16: high >> UInt64(60 - 4 * index)
                    case ..<32: middle >> UInt64(60 - 4 * (index - 16))
                    default: UInt64(low >> UInt32(28 - 4 * (index - 32)))
                    }
                buffer[index] = digits[Int(nibble & 0xf)]
            }
            return 40
        }
    }
}

/// The four kinds of objects.
package enum ObjectKind: String, Sendable, Hashable {
    case commit, tree, blob, tag

    init?(_ type: git_object_t) {
        switch type {
        case GIT_OBJECT_COMMIT: self = .commit
        case GIT_OBJECT_TREE: self = .tree
        case GIT_OBJECT_BLOB: self = .blob
        case GIT_OBJECT_TAG: self = .tag
        default: return nil
        }
    }
}
