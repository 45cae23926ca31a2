/// What the log says of a request's head, escaped: the same for every request with that head.
final class LoggedHead {
    /// Method and target, each with a space behind it; or a first line that was not understood.
    let request: [UInt8]
    /// Referer, User-Agent and host, each with a space before it.
    let tail: [UInt8]

    /// - Parameter request: method and target as they came, or all of a line that was not understood.
    init(
        request: [UnsafeRawBufferPointer], isWhole: Bool = false, referer: UnsafeRawBufferPointer?,
        userAgent: UnsafeRawBufferPointer?, host: UnsafeRawBufferPointer?
    ) {
        var line: [UInt8] = []
        for part in request {
            Self.escape(part, into: &line)
            if !isWhole { line.append(ByteClass.space) }
        }
        self.request = line
        var tail: [UInt8] = []
        for value in [referer, userAgent] {
            tail += " \"".utf8
            if let value { Self.escape(value, into: &tail) } else { tail += "-".utf8 }
            tail += "\"".utf8
        }
        tail.append(ByteClass.space)
        if let host, !host.isEmpty { Self.escape(host, isQuoted: false, into: &tail) } else { tail += "-".utf8 }
        self.tail = tail
    }

    /// Control characters, bytes that are not ASCII, quotes and backslashes become `\xHH`; in a field without quotes
    /// spaces as well.
    static func escape(_ value: UnsafeRawBufferPointer, isQuoted: Bool = true, into out: inout [UInt8]) {
        func isPlain(_ byte: UInt8) -> Bool {
            byte > 0x20 && byte < 0x7f && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
                || byte == ByteClass.space && isQuoted
        }
        var isAllPlain = true
        for byte in value { isAllPlain = isAllPlain && isPlain(byte) }
        guard !isAllPlain else {
            out.append(contentsOf: value)
            return
        }
        for byte in value {
            if isPlain(byte) {
                out.append(byte)
            } else {
                out += [UInt8(ascii: "\\"), UInt8(ascii: "x"), digit(byte >> 4), digit(byte & 15)]
            }
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }
}
