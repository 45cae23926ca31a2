import Crypto

/// The strong validator of a file's content (RFC 9110 section 8.8.3): half of its SHA-256, as hex.
enum ContentTag {
    private static let length = 16

    /// Without quotes. Blocks.
    static func of(_ file: borrowing OpenFile) throws(FileError) -> String {
        var hash = SHA256()
        try file.read { hash.update(bufferPointer: $0) }
        return String(unsafeUninitializedCapacity: length * 2) { text in
            var end = 0
            for byte in hash.finalize().prefix(length) {
                text[end] = digit(byte >> 4)
                text[end + 1] = digit(byte & 15)
                end += 2
            }
            return end
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}
