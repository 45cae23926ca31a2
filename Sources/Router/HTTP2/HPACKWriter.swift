/// Writes header blocks without state (RFC 7541 section 6.2.2): what is written for one response is right for every other,
/// and no table has to be kept for a client.
enum HPACKWriter {
    /// Bytes that the block of a head, or of other lines, takes at most: each line loses its colon and line end, and gets a
    /// byte for what it is and the lengths of its two strings, of more than one byte only from 127 on.
    static func maximum(_ lines: Int) -> Int { lines + lines / 16 + 16 }

    /// `:status` (appendix A holds seven of them).
    static func writeStatus(_ status: Int, into out: inout PieceWriter) {
        let known: UInt8? =
            switch status {
            case 200: 8
            case 204: 9
            case 206: 10
            case 304: 11
            case 400: 12
            case 404: 13
            case 500: 14
            default: nil
            }
        if let known {
            out.write(0x80 | known)
        } else {
            out.write(0x08)
            out.write(3)
            out.write(String(status))
        }
    }

    /// One field; the name is written in lower case. Cookies are marked as not to be remembered (section 7.1.3).
    static func write(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, into out: inout PieceWriter) {
        let index = staticIndex(name)
        let pattern: UInt8 = index == 55 ? 0x10 : 0
        writeInteger(index, prefix: 4, pattern: pattern, into: &out)
        if index == 0 {
            writeInteger(name.count, prefix: 7, pattern: 0, into: &out)
            for byte in name { out.write(ByteClass.lowered(byte)) }
        }
        writeInteger(value.count, prefix: 7, pattern: 0, into: &out)
        out.write(value)
    }

    /// Section 5.1.
    static func writeInteger(_ number: Int, prefix: UInt8, pattern: UInt8, into out: inout PieceWriter) {
        let limit = (1 << Int(prefix)) - 1
        guard number >= limit else {
            out.write(pattern | UInt8(truncatingIfNeeded: number))
            return
        }
        out.write(pattern | UInt8(truncatingIfNeeded: limit))
        var rest = number - limit
        while rest >= 128 {
            out.write(UInt8(truncatingIfNeeded: rest & 0x7f) | 0x80)
            rest >>= 7
        }
        out.write(UInt8(truncatingIfNeeded: rest))
    }

    /// Names of responses in the static table (appendix A); 0 for others.
    private static func staticIndex(_ name: UnsafeRawBufferPointer) -> Int {
        switch name.count {
        case 3: if name.equalsFolded("age") { return 21 }
        case 4:
            if name.equalsFolded("date") { return 33 }
            if name.equalsFolded("etag") { return 34 }
            if name.equalsFolded("vary") { return 59 }
        case 6: if name.equalsFolded("server") { return 54 }
        case 8: if name.equalsFolded("location") { return 46 }
        case 10: if name.equalsFolded("set-cookie") { return 55 }
        case 12: if name.equalsFolded("content-type") { return 31 }
        case 13:
            if name.equalsFolded("cache-control") { return 24 }
            if name.equalsFolded("last-modified") { return 44 }
            if name.equalsFolded("accept-ranges") { return 18 }
            if name.equalsFolded("content-range") { return 30 }
        case 14: if name.equalsFolded("content-length") { return 28 }
        case 16: if name.equalsFolded("content-encoding") { return 26 }
        default: break
        }
        return 0
    }
}
