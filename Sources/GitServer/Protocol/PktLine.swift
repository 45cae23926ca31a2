/// One packet of git's framing (gitprotocol-common(5), "pkt-line Format").
enum Packet: Equatable, Sendable {
    case data([UInt8])
    case flush
    case delimiter
    case responseEnd

    /// The text of a data packet without its line end; `nil` for the special ones and for what is not UTF-8.
    var line: String? {
        guard case .data(let bytes) = self else { return nil }
        let text = bytes.last == UInt8(ascii: "\n") ? bytes.dropLast() : bytes[...]
        return String(validating: text, as: UTF8.self)
    }
}

/// Writes packets.
enum PktLine {
    /// Bytes that one packet can carry.
    static let maximumPayload = 65_516

    static let flush = Array("0000".utf8)
    static let delimiter = Array("0001".utf8)

    /// Appends one packet; the payload is at most `maximumPayload` bytes.
    static func append(_ payload: some Collection<UInt8>, to bytes: inout [UInt8]) {
        appendLength(payload.count + 4, to: &bytes)
        bytes += payload
    }

    /// Appends a line of text, with a line end.
    static func append(line: String, to bytes: inout [UInt8]) {
        append(Array(line.utf8) + [UInt8(ascii: "\n")], to: &bytes)
    }

    static func appendLength(_ length: Int, to bytes: inout [UInt8]) {
        for shift in [12, 8, 4, 0] {
            let digit = UInt8(length >> shift & 0xf)
            bytes.append(digit < 10 ? 0x30 + digit : 0x61 + digit - 10)
        }
    }
}

/// Reads packets out of bytes that come in pieces.
struct PacketParser {
    enum Failure: Error, Equatable {
        /// The four digits are none, or name a length that no packet has.
        case badLength
    }

    private(set) var buffer: [UInt8] = []
    private var start = 0

    mutating func append(_ bytes: some Collection<UInt8>) {
        if start == buffer.count {
            buffer.removeAll(keepingCapacity: true)
            start = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// The next packet, `nil` when more bytes are needed.
    mutating func next() throws(Failure) -> Packet? {
        guard buffer.count - start >= 4 else { return nil }
        var length = 0
        for digit in buffer[start..<start + 4] {
            let value: UInt8
            switch digit {
            case 0x30...0x39: value = digit - 0x30
            case 0x61...0x66: value = digit - 0x61 + 10
            case 0x41...0x46: value = digit - 0x41 + 10
            default: throw .badLength
            }
            length = length << 4 | Int(value)
        }
        switch length {
        case 0...2:
            start += 4
            return length == 0 ? .flush : length == 1 ? .delimiter : .responseEnd
        case 4...(PktLine.maximumPayload + 4):
            guard buffer.count - start >= length else { return nil }
            defer { start += length }
            return .data(Array(buffer[start + 4..<start + length]))
        default: throw .badLength
        }
    }

    /// What has not been read as packets.
    var rest: ArraySlice<UInt8> { buffer[start...] }
    /// Whether bytes are left that begin no whole packet.
    var isEmpty: Bool { start == buffer.count }
}
