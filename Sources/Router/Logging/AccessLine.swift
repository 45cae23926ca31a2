import NIOCore

/// What the log says of one request. The fields are those of the combined format and four more:
///
/// `ADDRESS - - [DATE] "METHOD TARGET VERSION" STATUS BYTES "REFERER" "USER-AGENT" HOST UPSTREAM MILLISECONDS REQUEST-ID`
///
/// Whatever a client sent is escaped: a line is a line, and a quoted field ends with its quote.
final class AccessLine {
    let head: LoggedHead
    private let address: String
    private let date: [UInt8]
    private let version: StaticString
    private let started = NIODeadline.now()
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
    ///   - version: `HTTP/1.1`; empty for a line that was not understood.
    init(
        _ head: LoggedHead, address: String, date: [UInt8], version: StaticString, handed: Int, made: RequestID?,
        given: String = ""
    ) {
        self.head = head
        self.address = address
        self.date = date
        self.version = version
        self.handed = handed
        self.made = made
        self.given = given
    }

    /// Sees what goes to the client; the first final status counts.
    func note(_ buffer: ByteBuffer) {
        guard status < 200, status != 101 else { return }
        let found = buffer.withUnsafeReadableBytes { bytes -> Int? in
            guard bytes.count > 12, bytes[0] == UInt8(ascii: "H"), bytes[8] == ByteClass.space,
                bytes.starts(with: "HTTP/1.1 ".utf8)
            else { return nil }
            return bytes[9..<12].reduce(0) { $0 * 10 + Int($1 &- 0x30) }
        }
        if let found { status = found }
    }

    func note(status: Int) { if self.status < 200 { self.status = status } }

    /// Writes the whole line with its end. 499 is a client that went before there was an answer.
    /// - Parameter handed: the connection's counter now.
    func finish(handed: Int, into out: inout [UInt8]) {
        let micros = max(0, (NIODeadline.now() - started).nanoseconds / 1000)
        Self.write(
            head, address: address, date: date, version: version, status: status == 0 ? 499 : status,
            bytes: handed &- self.handed, into: &out)
        out += upstream.utf8
        out.append(ByteClass.space)
        Self.append(Int(micros / 1000), into: &out)
        out.append(UInt8(ascii: "."))
        Self.append(Int(micros % 1000), digits: 3, into: &out)
        out.append(ByteClass.space)
        if let made { Self.append(made, into: &out) } else { out += given.utf8 }
        out.append(ByteClass.lineFeed)
    }

    /// The line of an answer that was ready when its request came.
    static func write(
        ready head: LoggedHead, address: String, date: [UInt8], version: StaticString, status: Int, bytes: Int,
        made: RequestID, into out: inout [UInt8]
    ) {
        write(head, address: address, date: date, version: version, status: status, bytes: bytes, into: &out)
        append("- 0.000 ", to: &out)
        append(made, into: &out)
        out.append(ByteClass.lineFeed)
    }

    /// As far as the host, with a space behind it.
    private static func write(
        _ head: LoggedHead, address: String, date: [UInt8], version: StaticString, status: Int, bytes: Int,
        into out: inout [UInt8]
    ) {
        if address.isEmpty { append("-", to: &out) } else { out += address.utf8 }
        append(" - - [", to: &out)
        out += date
        append("] \"", to: &out)
        out += head.request
        append(version, to: &out)
        append("\" ", to: &out)
        append(status, into: &out)
        out.append(ByteClass.space)
        append(bytes, into: &out)
        out += head.tail
        out.append(ByteClass.space)
    }

    private static func append(_ text: StaticString, to out: inout [UInt8]) {
        out.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    private static func append(_ id: RequestID, into out: inout [UInt8]) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: RequestID.length) { digits in
            var index = 0
            id.write { digit in
                digits[index] = digit
                index += 1
            }
            out.append(contentsOf: UnsafeBufferPointer(digits))
        }
    }

    /// A number that is not negative, with zeros in front as far as it has to have so many digits.
    private static func append(_ number: Int, digits: Int = 1, into out: inout [UInt8]) {
        var (count, unit) = (1, 1)
        while count < digits || number / unit >= 10 {
            unit *= 10
            count += 1
        }
        while unit > 0 {
            out.append(UInt8(truncatingIfNeeded: 0x30 + number / unit % 10))
            unit /= 10
        }
    }
}
