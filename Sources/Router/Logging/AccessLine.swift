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
    let requestID: String

    /// - Parameters:
    ///   - date: `21/Nov/2026:10:40:32 +0000`.
    ///   - request: method, target and version, as they came.
    init(
        address: String, date: [UInt8], request: [UnsafeRawBufferPointer], referer: UnsafeRawBufferPointer?,
        userAgent: UnsafeRawBufferPointer?, host: UnsafeRawBufferPointer?, handed: Int, requestID: String
    ) {
        self.handed = handed
        self.requestID = requestID
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
        let fraction = String(1000 + micros % 1000).dropFirst()
        bytes += "\(status == 0 ? 499 : status) \(handed &- self.handed)".utf8
        bytes += tail
        bytes += " \(upstream) \(micros / 1000).\(fraction) \(requestID)\n".utf8
        return bytes
    }

    /// Control characters, bytes that are not ASCII, quotes and backslashes become `\xHH`; in a field without quotes
    /// spaces as well.
    static func escape(_ value: UnsafeRawBufferPointer, isQuoted: Bool = true, into out: inout [UInt8]) {
        for byte in value {
            let isPlain =
                byte > 0x20 && byte < 0x7f && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
                || byte == ByteClass.space && isQuoted
            if isPlain {
                out.append(byte)
            } else {
                out += [UInt8(ascii: "\\"), UInt8(ascii: "x"), digit(byte >> 4), digit(byte & 15)]
            }
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }
}
