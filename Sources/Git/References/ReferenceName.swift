import Foundation

/// The rules for names of refs that clients may make.
package enum ReferenceName {
    /// Our own bound; each part is a file's name and all of it a path.
    package static let maximumLength = 1024
    /// Bytes of one part: a file system takes 255, and `.lock` must fit behind it.
    private static let maximumPart = 250

    /// Whether git takes the name (git-check-ref-format) and it lies at least two levels below the root, in `refs/`.
    package static func isValid(_ name: String) -> Bool {
        isValid(Array(name.utf8))
    }

    /// The same for a name as it came, whose bytes need not be UTF-8.
    package static func isValid(_ name: [UInt8]) -> Bool {
        guard name.starts(with: "refs/".utf8), name.count <= maximumLength else { return false }
        var parts = 0
        var start = name.startIndex
        for index in name.indices {
            let byte = name[index]
            guard !isForbidden(byte) else { return false }
            guard byte == slash else { continue }
            guard isValidPart(name[start..<index]) else { return false }
            parts += 1
            start = index + 1
        }
        return parts >= 2 && name.last != UInt8(ascii: ".") && isValidPart(name[start...])
    }

    /// Whether the bytes are those that every other spelling of the same text comes to (Unicode normal form C). Swift's
    /// strings are equal when their texts are; git's names are equal when their bytes are.
    package static func isNormal(_ name: String) -> Bool {
        if name.utf8.allSatisfy({ $0 < 0x80 }) { return true }
        return name.precomposedStringWithCanonicalMapping.utf8.elementsEqual(name.utf8)
    }

    private static let slash = UInt8(ascii: "/")

    private static func isForbidden(_ byte: UInt8) -> Bool {
        switch byte {
        case 0...0x20, 0x7f, UInt8(ascii: "~"), UInt8(ascii: "^"), UInt8(ascii: ":"), UInt8(ascii: "?"),
            UInt8(ascii: "*"), UInt8(ascii: "["), UInt8(ascii: "\\"):
            true
        default: false
        }
    }

    private static func isValidPart(_ part: ArraySlice<UInt8>) -> Bool {
        guard (1...maximumPart).contains(part.count), part.first != UInt8(ascii: "."),
            !part.suffix(5).elementsEqual(".lock".utf8)
        else { return false }
        for (byte, next) in zip(part, part.dropFirst()) {
            if byte == UInt8(ascii: "."), next == byte { return false }
            if byte == UInt8(ascii: "@"), next == UInt8(ascii: "{") { return false }
        }
        return true
    }
}

extension String {
    /// Git's order of refs: by their bytes.
    func precedesInBytes(_ other: String) -> Bool {
        let order: Bool?? = utf8.withContiguousStorageIfAvailable { left in
            other.utf8.withContiguousStorageIfAvailable { right in
                let common = min(left.count, right.count)
                if common > 0, let left = left.baseAddress, let right = right.baseAddress {
                    let difference = memcmp(left, right, common)
                    if difference != 0 { return difference < 0 }
                }
                return left.count < right.count
            }
        }
        return (order ?? nil) ?? utf8.lexicographicallyPrecedes(other.utf8)
    }
}
