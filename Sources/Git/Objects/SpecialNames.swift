/// Names that some file system takes for another one: HFS+ ignores letter case and some code points, NTFS ignores case,
/// dots and spaces at the end and what follows a colon, and knows a file by a short name too (git's `is_hfs_dotgit`,
/// `is_ntfs_dotgit` and their kin in utf8.c and path.c).
enum SpecialNames {
    /// A file that git itself reads from a folder.
    struct File: Sendable {
        /// Without the dot.
        let name: StaticString
        /// The first letters of NTFS's fall-back short name.
        let short: StaticString

        static let modules = File(name: "gitmodules", short: "gi7eba")
        static let attributes = File(name: "gitattributes", short: "gi7d29")
        static let mailmap = File(name: "mailmap", short: "maba30")
    }

    /// Whether the name, being ordinary, needs no look: it begins with neither a dot nor what a short name begins with,
    /// and has nothing that a file system would drop or split at.
    static func isPlain(_ name: UnsafeRawBufferPointer) -> Bool {
        guard let first = name.first else { return true }
        switch lower(first) {
        case UInt8(ascii: "."), UInt8(ascii: "g"), UInt8(ascii: "m"), UInt8(ascii: "~"): return false
        default: break
        }
        // HFS+ ignores code points whose first byte is one of these two.
        return !name.contains { $0 == UInt8(ascii: "\\") || $0 == 0xe2 || $0 == 0xef }
    }

    /// Whether the name may mean `.git`.
    static func isGitFolder(_ name: UnsafeRawBufferPointer) -> Bool {
        if isPlain(name) { return false }
        return isHFS(name, "git") || parts(of: name).contains(where: isNTFSGitFolder)
    }

    /// Whether the name may mean the file.
    static func means(_ file: File, _ name: UnsafeRawBufferPointer) -> Bool {
        if isPlain(name) { return false }
        return isHFS(name, file.name) || parts(of: name).contains { isNTFS($0, file) }
    }

    /// What Windows would see as the parts of a path.
    private static func parts(of name: UnsafeRawBufferPointer) -> [Slice<UnsafeRawBufferPointer>] {
        name.split(separator: UInt8(ascii: "\\"), omittingEmptySubsequences: false)
    }

    private static func isNTFSGitFolder(_ part: Slice<UnsafeRawBufferPointer>) -> Bool {
        for name: StaticString in [".git", "git~1"] where starts(part, with: name) {
            // A slash is refused by itself.
            return part.dropFirst(name.utf8CodeUnitCount).first { $0 != UInt8(ascii: ".") && $0 != UInt8(ascii: " ") }
                .map { $0 == UInt8(ascii: ":") } ?? true
        }
        return false
    }

    private static func isNTFS(_ part: Slice<UnsafeRawBufferPointer>, _ file: File) -> Bool {
        if part.first == UInt8(ascii: "."), starts(part.dropFirst(), with: file.name) {
            return endsThere(part.dropFirst(1 + file.name.utf8CodeUnitCount))
        }
        let bytes = Array(part.prefix(8))
        guard bytes.count == 8 else { return false }
        let long = UnsafeBufferPointer(start: file.name.utf8Start, count: file.name.utf8CodeUnitCount)
        if bytes[6] == UInt8(ascii: "~"), (0x31...0x34).contains(bytes[7]),
            bytes[..<6].map(lower).elementsEqual(long.prefix(6))
        {
            return endsThere(part.dropFirst(8))
        }
        // The fall-back: up to six known letters, a tilde, and a number that fills the eight.
        guard let tilde = bytes.firstIndex(of: UInt8(ascii: "~")), tilde <= 6, tilde < 7 else { return false }
        let short = UnsafeBufferPointer(start: file.short.utf8Start, count: file.short.utf8CodeUnitCount)
        guard bytes[..<tilde].map(lower).elementsEqual(short.prefix(tilde)), (0x31...0x39).contains(bytes[tilde + 1]),
            bytes[(tilde + 2)...].allSatisfy({ (0x30...0x39).contains($0) })
        else { return false }
        return endsThere(part.dropFirst(8))
    }

    /// Whether only dots and spaces follow, or a stream's name after them.
    private static func endsThere(_ rest: Slice<UnsafeRawBufferPointer>) -> Bool {
        rest.first { $0 != UInt8(ascii: ".") && $0 != UInt8(ascii: " ") }.map { $0 == UInt8(ascii: ":") } ?? true
    }

    private static func starts(_ part: Slice<UnsafeRawBufferPointer>, with name: StaticString) -> Bool {
        let count = name.utf8CodeUnitCount
        return part.count >= count
            && zip(part, UnsafeBufferPointer(start: name.utf8Start, count: count)).allSatisfy { lower($0) == $1 }
    }

    /// Whether HFS+ takes the name for `.` and `wanted`. Like git, it takes bytes that are no UTF-8 for the end.
    private static func isHFS(_ name: UnsafeRawBufferPointer, _ wanted: StaticString) -> Bool {
        let count = wanted.utf8CodeUnitCount
        var found = -1
        var decoder = UTF8()
        var bytes = name.makeIterator()
        while true {
            guard case .scalarValue(let scalar) = decoder.decode(&bytes) else { return found == count }
            switch scalar.value {
            case 0x200C...0x200F, 0x202A...0x202E, 0x206A...0x206F, 0xFEFF: continue
            case 0x2E where found < 0: found = 0
            case let value:
                guard found >= 0, found < count, value < 0x80,
                    lower(UInt8(truncatingIfNeeded: value)) == wanted.utf8Start[found]
                else { return false }
                found += 1
            }
        }
    }

    private static func lower(_ byte: UInt8) -> UInt8 { (0x41...0x5a).contains(byte) ? byte | 0x20 : byte }
}
