import NIOCore
import NIOHPACK

/// Turns the headers of an HTTP/2 request into the head of an HTTP/1.1 request, byte for byte what such a client would send:
/// the checks of that way then hold for both. Refuses what could mean something else there (RFC 9113 sections 8.2 and 8.3).
final class HTTP2RequestHead {
    /// The request is malformed: a stream error of type PROTOCOL_ERROR (section 8.1.1).
    struct Malformed: Error {}

    private(set) var bytes = ByteBuffer()
    private(set) var isHead = false
    /// `nil` when the body is chunked on its way on, or there is none.
    private(set) var contentLength: Int?
    /// RFC 8441.
    private(set) var isWebSocket = false
    private(set) var authority = ""

    private var method = ""
    private var scheme = ""
    private var path = ""
    private var protocolName: String?
    private var host: String?
    private var cookies: [String] = []
    private var hasRegular = false
    private var fields = ByteBuffer()

    /// - Parameter hasBody: the stream goes on after the headers.
    init(_ headers: HPACKHeaders, hasBody: Bool) throws(Malformed) {
        for (name, value, _) in headers { try read(name, value) }
        guard !method.isEmpty, !path.isEmpty, scheme == "http" || scheme == "https" else { throw Malformed() }
        if let protocolName {
            guard method == "CONNECT", protocolName == "websocket", hasBody else { throw Malformed() }
            isWebSocket = true
            method = "GET"
        }
        if let host {
            guard authority.isEmpty || authority.lowercased() == host.lowercased() else { throw Malformed() }
            if authority.isEmpty { authority = host }
        }
        guard path.utf8.first == ByteClass.slash || path == "*" else { throw Malformed() }
        guard hasBody || (contentLength ?? 0) == 0 else { throw Malformed() }
        guard !isWebSocket || contentLength == nil else { throw Malformed() }
        isHead = method == "HEAD"
        write(hasBody: hasBody)
    }

    private func read(_ name: String, _ value: String) throws(Malformed) {
        guard Self.isValue(value) else { throw Malformed() }
        guard name.utf8.first == ByteClass.colon else { return try readField(name, value) }
        guard !hasRegular else { throw Malformed() }
        func once(_ text: inout String) throws(Malformed) {
            guard text.isEmpty, !value.isEmpty else { throw Malformed() }
            text = value
        }
        switch name {
        case ":method":
            try once(&method)
            guard value.utf8.allSatisfy(ByteClass.isToken) else { throw Malformed() }
        case ":scheme": try once(&scheme)
        case ":path":
            try once(&path)
            guard value.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { throw Malformed() }
        case ":authority":
            guard authority.isEmpty else { throw Malformed() }
            authority = value
        case ":protocol":
            guard protocolName == nil else { throw Malformed() }
            protocolName = value
        default: throw Malformed()
        }
    }

    private func readField(_ name: String, _ value: String) throws(Malformed) {
        hasRegular = true
        let isName = !name.isEmpty && name.utf8.allSatisfy { ByteClass.isToken($0) && !(0x41...0x5a).contains($0) }
        guard isName else { throw Malformed() }
        switch name {
        case "connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade": throw Malformed()
        case "te": guard value == "trailers" else { throw Malformed() }
        case "host":
            guard host == nil else { throw Malformed() }
            host = value
        case "cookie": cookies.append(value)
        case "content-length":
            let length = Array(value.utf8).withUnsafeBytes { try? ContentLength.parse($0) }
            guard contentLength == nil, let length else { throw Malformed() }
            contentLength = length
        // Of the handshake that is made here.
        case "sec-websocket-key" where protocolName != nil: break
        default:
            fields.writeString(name)
            fields.writeStaticString(": ")
            fields.writeString(value)
            fields.writeStaticString("\r\n")
        }
    }

    static func isValue(_ value: String) -> Bool {
        let utf8 = value.utf8
        guard utf8.allSatisfy(ByteClass.isFieldValue) else { return false }
        // Stands, for all that is known here, for bytes that were not UTF-8: to pass it on would be to change what was said.
        guard !utf8.contains(0xef) || !value.unicodeScalars.contains("\u{fffd}") else { return false }
        guard let first = utf8.first, let last = utf8.last else { return true }
        return !ByteClass.isWhitespace(first) && !ByteClass.isWhitespace(last)
    }

    private func write(hasBody: Bool) {
        bytes.reserveCapacity(path.utf8.count + authority.utf8.count + fields.readableBytes + 96)
        bytes.writeString(method)
        bytes.writeStaticString(" ")
        bytes.writeString(path)
        bytes.writeStaticString(" HTTP/1.1\r\n")
        if !authority.isEmpty {
            bytes.writeStaticString("Host: ")
            bytes.writeString(authority)
            bytes.writeStaticString("\r\n")
        }
        bytes.writeBuffer(&fields)
        // RFC 9113 section 8.2.3.
        if !cookies.isEmpty { bytes.writeString("cookie: \(cookies.joined(separator: "; "))\r\n") }
        if isWebSocket {
            let key = (0..<16).map { _ in UInt8.random(in: .min ... .max) }
            bytes.writeString(
                "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: \(Base64.text(key))\r\n")
        } else if hasBody {
            if let contentLength {
                bytes.writeString("Content-Length: \(contentLength)\r\n")
            } else {
                bytes.writeStaticString("Transfer-Encoding: chunked\r\n")
            }
        }
        bytes.writeStaticString("\r\n")
    }
}

/// RFC 4648 section 4.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func text(_ bytes: [UInt8]) -> String {
        var out: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let part = bytes[start..<min(start + 3, bytes.count)]
            let word = part.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - part.count))
            for index in 0..<4 {
                let digit = Int(word >> UInt32(18 - 6 * index) & 0x3f)
                out.append(index <= part.count ? alphabet[digit] : UInt8(ascii: "="))
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
