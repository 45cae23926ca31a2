import NIOCore

/// What the log says of one request. The fields are those of the combined format and four more:
///
/// `ADDRESS - - [DATE] "METHOD TARGET VERSION" STATUS BYTES "REFERER" "USER-AGENT" HOST UPSTREAM MILLISECONDS REQUEST-ID`
///
/// Whatever a client sent is escaped: a line is a line, and a quoted field ends with its quote.
final class AccessLine {
    private(set) var bytes: [UInt8] = []
    private let started = NIODeadline.now()
    /// Where the status goes: behind the request line.
    private var tail: [UInt8] = []
    private(set) var status = 0
    /// Of the connection's counter when the request began.
    private let handed: Int
    var upstream = "-"
    /// One of ours; `nil` when the client's own counts.
    let made: RequestID?
    private let given: String
    var requestID: String { made?.text ?? given }

    /// - Parameters:
    ///   - date: `21/Nov/2026:10:40:32 +0000`.
    ///   - request: method, target and version, as they came.
    init(
        address: String, date: [UInt8], request: [UnsafeRawBufferPointer], referer: UnsafeRawBufferPointer?,
        userAgent: UnsafeRawBufferPointer?, host: UnsafeRawBufferPointer?, handed: Int, made: RequestID?,
        given: String = ""
    ) {
        self.handed = handed
        self.made = made
        self.given = given
        bytes.reserveCapacity(384)
        bytes += (address.isEmpty ? "-" : address).utf8
        bytes += " - - [".utf8
        bytes += date
        bytes += "] \"".utf8
        for (index, part) in request.enumerated() {
            if index > 0 { bytes.append(ByteClass.space) }
            Self.escape(part, into: &bytes)
        }
        bytes += "\" ".utf8
        for value in [referer, userAgent] {
            tail += " \"".utf8
            if let value { Self.escape(value, into: &tail) } else { tail += "-".utf8 }
            tail += "\"".utf8
        }
        tail.append(ByteClass.space)
        if let host, !host.isEmpty { Self.escape(host, isQuoted: false, into: &tail) } else { tail += "-".utf8 }
    }

    /// Sees what goes to the client; the first final status counts.
    func note(_ buffer: ByteBuffer) {
        guard status < 200, status != 101 else { return }
        let found = buffer.withUnsafeReadableBytes { bytes -> Int? in
            guard bytes.count > 12, bytes.starts(with: "HTTP/1.1 ".utf8) else { return nil }
            return bytes[9..<12].reduce(0) { $0 * 10 + Int($1 &- 0x30) }
        }
        if let found { status = found }
    }

    func note(status: Int) { if self.status < 200 { self.status = status } }

    /// The whole line with its end. 499 is a client that went before there was an answer.
    func finish(handed: Int) -> [UInt8] {
        let micros = (NIODeadline.now() - started).nanoseconds / 1000
        append(status == 0 ? 499 : status)
        bytes.append(ByteClass.space)
        append(handed &- self.handed)
        bytes += tail
        bytes.append(ByteClass.space)
        bytes += upstream.utf8
        bytes.append(ByteClass.space)
        append(Int(micros / 1000))
        bytes.append(UInt8(ascii: "."))
        append(Int(micros % 1000), digits: 3)
        bytes.append(ByteClass.space)
        if let made { made.write { bytes.append($0) } } else { bytes += given.utf8 }
        bytes.append(ByteClass.lineFeed)
        return bytes
    }

    /// A number that is not negative, with zeros in front as far as it has to have so many digits.
    private func append(_ number: Int, digits: Int = 1) {
        var (count, unit) = (1, 1)
        while count < digits || number / unit >= 10 {
            unit *= 10
            count += 1
        }
        while unit > 0 {
            bytes.append(UInt8(truncatingIfNeeded: 0x30 + number / unit % 10))
            unit /= 10
        }
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
