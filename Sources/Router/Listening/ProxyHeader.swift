import NIOCore

/// The line or block that a proxy sends ahead of a connection's bytes to say whose it is: PROXY protocol versions 1 and 2
/// (haproxy.org/download/2.9/doc/proxy-protocol.txt).
enum ProxyHeader: Equatable {
    /// The client's address, `nil` when the proxy speaks for itself (`UNKNOWN`, `LOCAL`); bytes of the header.
    case complete(address: String?, length: Int)
    case needsMore
    case refused

    /// The longest first version, CR LF included.
    static let maximumText = 107
    /// Bytes of a second version after its 16.
    static let maximumBlock = 2048

    private static let signature: [UInt8] = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]

    /// - Parameter bytes: all that has come so far.
    static func parse(_ bytes: UnsafeRawBufferPointer) -> ProxyHeader {
        guard let first = bytes.first else { return .needsMore }
        if first == signature[0] { return parseBlock(bytes) }
        let prefix = "PROXY ".utf8
        guard bytes.prefix(prefix.count).elementsEqual(prefix.prefix(bytes.count)) else { return .refused }
        return parseText(bytes)
    }

    private static func parseText(_ bytes: UnsafeRawBufferPointer) -> ProxyHeader {
        let window = bytes.prefix(maximumText)
        guard let end = window.firstIndex(of: ByteClass.lineFeed) else {
            return bytes.count < maximumText ? .needsMore : .refused
        }
        guard end > 0, bytes[end - 1] == ByteClass.carriageReturn else { return .refused }
        let line = String(decoding: bytes[..<(end - 1)], as: UTF8.self)
        let words = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        guard words.count > 1 else { return .refused }
        if words[1] == "UNKNOWN" { return .complete(address: nil, length: end + 1) }
        guard words.count == 6, words[1] == "TCP4" || words[1] == "TCP6", isPort(words[4]), isPort(words[5]) else {
            return .refused
        }
        for text in words[2...3] {
            guard let address = try? SocketAddress(ipAddress: text, port: 0) else { return .refused }
            switch address {
            case .v4: guard words[1] == "TCP4" else { return .refused }
            case .v6: guard words[1] == "TCP6" else { return .refused }
            case .unixDomainSocket: return .refused
            }
        }
        return .complete(address: words[2], length: end + 1)
    }

    private static func isPort(_ text: String) -> Bool {
        (1...5).contains(text.utf8.count) && text.utf8.allSatisfy(ByteClass.isDigit) && (Int(text) ?? 65_536) < 65_536
    }

    private static func parseBlock(_ bytes: UnsafeRawBufferPointer) -> ProxyHeader {
        guard bytes.prefix(12).elementsEqual(signature.prefix(bytes.count)) else { return .refused }
        guard bytes.count >= 16 else { return .needsMore }
        let (command, family) = (bytes[12], bytes[13])
        let count = Int(bytes[14]) << 8 | Int(bytes[15])
        guard command >> 4 == 2, command & 15 < 2, count <= maximumBlock else { return .refused }
        guard bytes.count >= 16 + count else { return .needsMore }
        let length = 16 + count
        // LOCAL: a health check of the proxy's own.
        guard command & 15 == 1 else { return .complete(address: nil, length: length) }
        switch family {
        case 0x11:
            guard count >= 12 else { return .refused }
            return .complete(address: text(bytes[16..<20]), length: length)
        case 0x21:
            guard count >= 36 else { return .refused }
            return .complete(address: text(bytes[16..<32]), length: length)
        case 0x00, 0x31: return .complete(address: nil, length: length)
        default: return .refused
        }
    }

    private static func text(_ bytes: Slice<UnsafeRawBufferPointer>) -> String? {
        let buffer = ByteBuffer(bytes: bytes)
        return (try? SocketAddress(packedIPAddress: buffer, port: 0))?.ipAddress
    }
}
