/// Reads a tree object entry by entry, straight from its bytes.
package struct TreeReader {
    /// One entry. The name is valid as long as the tree's bytes are.
    package struct Entry {
        package let mode: UInt32
        package let name: UnsafeRawBufferPointer
        package let id: ObjectID
        /// Where the mode's digits begin with a zero, which git-fsck refuses.
        let hasPaddedMode: Bool

        package var kind: Kind? { Kind(mode: mode) }
        package var text: String { String(decoding: name, as: UTF8.self) }
    }

    /// What an entry is, by its mode (Documentation/technical/index-format, "mode").
    package enum Kind: Sendable, Hashable {
        case folder, file, executable, symlink, submodule

        init?(mode: UInt32) {
            switch mode {
            case 0o40000: self = .folder
            case 0o100644, 0o100664: self = .file
            case 0o100755: self = .executable
            case 0o120000: self = .symlink
            case 0o160000: self = .submodule
            default: return nil
            }
        }
    }

    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    package init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// The next entry, `nil` after the last. Throws when the bytes are no tree.
    package mutating func next() throws(GitError) -> Entry? {
        guard position < bytes.count else { return nil }
        var mode: UInt32 = 0
        let start = position
        while true {
            guard position < bytes.count else { throw Self.truncated }
            let byte = bytes[position]
            position += 1
            if byte == UInt8(ascii: " ") { break }
            guard (0x30...0x37).contains(byte), position - start <= 7 else { throw Self.truncated }
            mode = mode << 3 | UInt32(byte - 0x30)
        }
        let nameStart = position
        while position < bytes.count, bytes[position] != 0 { position += 1 }
        guard position + 1 + ObjectID.byteCount <= bytes.count, position - start > 1 else { throw Self.truncated }
        let name = UnsafeRawBufferPointer(rebasing: bytes[nameStart..<position])
        let id = ObjectID(bytes, at: position + 1)
        position += 1 + ObjectID.byteCount
        return Entry(mode: mode, name: name, id: id, hasPaddedMode: bytes[start] == UInt8(ascii: "0"))
    }

    private static let truncated = GitError(.refused, "a tree object is malformed", operation: "fsck")
}
