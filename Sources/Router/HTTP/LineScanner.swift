#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Finds the lines of a message head while it arrives. What was searched once is not searched again, so that a head
/// that comes byte by byte costs no more than one that comes at once.
struct LineScanner {
    /// Offset of the line that `next` will return.
    private(set) var lineStart = 0
    private var searched = 0

    /// The next whole line without its CR LF, `nil` when its end is not there yet.
    /// Throws `.bareLineFeed` for a line end without CR (RFC 9112 section 2.2 lets a recipient take it; two parsers that
    /// decide differently are how requests are smuggled).
    @inline(__always)
    mutating func next(_ bytes: UnsafeRawBufferPointer) throws(HeadFault) -> Range<Int>? {
        guard searched < bytes.count, let base = bytes.baseAddress else { return nil }
        guard let found = memchr(base + searched, Int32(ByteClass.lineFeed), bytes.count - searched) else {
            searched = bytes.count
            return nil
        }
        let lineFeed = UnsafeRawPointer(found) - base
        guard lineFeed > lineStart, bytes[lineFeed - 1] == ByteClass.carriageReturn else { throw .bareLineFeed }
        defer {
            lineStart = lineFeed + 1
            searched = lineFeed + 1
        }
        return lineStart..<(lineFeed - 1)
    }
}
