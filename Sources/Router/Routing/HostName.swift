import NIOCore

/// The value of a Host header or the authority of a request target: `uri-host [":" port]` (RFC 9110 section 7.2), made
/// comparable: case folded, one trailing dot removed, default ports dropped.
struct HostName: Hashable, Sendable {
    /// `api.localhost`, `127.0.0.1`, `[::1]`.
    let name: String
    /// An IP address rather than a name.
    let isAddress: Bool
    /// `nil` when missing, empty or 80 or 443.
    let port: Int?

    static let maximumLength = 253
    static let maximumLabel = 63

    /// Throws `.malformedHost` for what is not a DNS name or an IP address with an optional port: an empty value, user
    /// info, percent-encoding, bytes that are not ASCII, empty or overlong labels, a port over 65535.
    init(_ value: UnsafeRawBufferPointer) throws(HeadFault) {
        if value.first == UInt8(ascii: "[") {
            guard let close = value.firstIndex(of: UInt8(ascii: "]")), close > 1 else { throw .malformedHost }
            let text = String(decoding: value[1..<close], as: UTF8.self)
            guard !text.contains("%"), case .v6? = try? SocketAddress(ipAddress: text, port: 0) else {
                throw .malformedHost
            }
            name = "[\(text.lowercased())]"
            isAddress = true
            port = try Self.port(value, after: close + 1)
            return
        }
        let colon = value.firstIndex(of: ByteClass.colon) ?? value.count
        port = try Self.port(value, after: colon)
        var end = colon
        if end > 0, value[end - 1] == UInt8(ascii: ".") { end -= 1 }
        guard (1...Self.maximumLength).contains(end) else { throw .malformedHost }
        var label = 0
        var isNumeric = true
        for index in 0..<end {
            let byte = ByteClass.lowered(value[index])
            if byte == UInt8(ascii: ".") {
                guard label > 0 else { throw .malformedHost }
                label = 0
                continue
            }
            let isDigit = ByteClass.isDigit(byte)
            guard isDigit || byte &- 0x61 < 26 || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") else {
                throw .malformedHost
            }
            isNumeric = isNumeric && isDigit
            label += 1
            guard label <= Self.maximumLabel else { throw .malformedHost }
        }
        guard label > 0 else { throw .malformedHost }
        name = String(unsafeUninitializedCapacity: end) { buffer in
            for index in 0..<end { buffer[index] = ByteClass.lowered(value[index]) }
            return end
        }
        isAddress = isNumeric && (try? SocketAddress(ipAddress: name, port: 0)) != nil
    }

    private static func port(_ value: UnsafeRawBufferPointer, after end: Int) throws(HeadFault) -> Int? {
        guard end < value.count else { return nil }
        guard value[end] == ByteClass.colon, value.count - end <= 6 else { throw .malformedHost }
        var number = 0
        for byte in value[(end + 1)...] {
            guard ByteClass.isDigit(byte) else { throw .malformedHost }
            number = number * 10 + Int(byte &- 0x30)
        }
        guard number <= 65_535 else { throw .malformedHost }
        return number == 0 || number == 80 || number == 443 ? nil : number
    }
}
