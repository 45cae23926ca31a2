/// The header names that mean something to the router.
enum FieldName: Equatable, Sendable {
    case other
    case host, contentLength, transferEncoding, connection, upgrade, expect
    /// Belongs to one connection and is never passed on (RFC 9110 section 7.6.1; RFC 9113 section 3.1 for
    /// `HTTP2-Settings`).
    case hopByHop
    case keepAlive
    /// Says who the client is. Ours to set.
    case forwarding
    case requestID
    case contentType, date, transportSecurity
    /// A service leaves its body to the router (`HandedBodies`).
    case handedBody
    case accept, acceptEncoding, ifNoneMatch, ifModifiedSince, range, ifRange
    /// `If-Match`, `If-Unmodified-Since`.
    case precondition
    /// A special name written with `_` or `.` for `-`: many servers see the same variable in both spellings.
    case lookAlike

    /// Names are compared without case.
    @inline(__always)
    static func classify(_ name: UnsafeRawBufferPointer) -> FieldName {
        // Most names fail here: nothing special begins with the other letters.
        guard let first = name.first, initials &>> UInt64(first & 0x1f) & 1 == 1 else { return .other }
        let exact = exactly(name)
        if exact != .other { return exact }
        return name.contains(where: { $0 == underscore || $0 == dot }) && isLookAlike(name) ? .lookAlike : .other
    }

    private static let underscore = UInt8(ascii: "_")
    private static let dot = UInt8(ascii: ".")

    /// One bit for each of a b c d e f h i k p r s t u x, by the low five bits, which ignore the case.
    private static var initials: UInt64 {
        (1 << 1) | (1 << 2) | (1 << 3) | (1 << 4) | (1 << 5) | (1 << 6) | (1 << 8) | (1 << 9) | (1 << 11) | (1 << 16)
            | (1 << 18) | (1 << 19) | (1 << 20) | (1 << 21) | (1 << 24)
    }

    @inline(__always)
    private static func exactly(_ name: UnsafeRawBufferPointer) -> FieldName {
        switch name.count {
        case 2: if name.equalsFolded("te") { return .hopByHop }
        case 4:
            if name.equalsFolded("host") { return .host }
            if name.equalsFolded("date") { return .date }
        case 5: if name.equalsFolded("range") { return .range }
        case 6:
            if name.equalsFolded("accept") { return .accept }
            if name.equalsFolded("expect") { return .expect }
        case 7: if name.equalsFolded("upgrade") { return .upgrade }
        case 8:
            if name.equalsFolded("if-range") { return .ifRange }
            if name.equalsFolded("if-match") { return .precondition }
        case 9: if name.equalsFolded("forwarded") || name.equalsFolded("x-real-ip") { return .forwarding }
        case 10:
            if name.equalsFolded("connection") { return .connection }
            if name.equalsFolded("berth-body") { return .handedBody }
            if name.equalsFolded("keep-alive") { return .keepAlive }
        case 12:
            if name.equalsFolded("x-request-id") { return .requestID }
            if name.equalsFolded("content-type") { return .contentType }
        case 13: if name.equalsFolded("if-none-match") { return .ifNoneMatch }
        case 14:
            if name.equalsFolded("content-length") { return .contentLength }
            if name.equalsFolded("http2-settings") { return .hopByHop }
        case 15: if name.equalsFolded("accept-encoding") { return .acceptEncoding }
        case 16: if name.equalsFolded("proxy-connection") { return .hopByHop }
        case 17:
            if name.equalsFolded("transfer-encoding") { return .transferEncoding }
            if name.equalsFolded("if-modified-since") { return .ifModifiedSince }
        case 25: if name.equalsFolded("strict-transport-security") { return .transportSecurity }
        case 18: if name.equalsFolded("proxy-authenticate") { return .hopByHop }
        case 19:
            if name.equalsFolded("proxy-authorization") { return .hopByHop }
            if name.equalsFolded("if-unmodified-since") { return .precondition }
        default: break
        }
        if name.count > forwardedPrefix.utf8CodeUnitCount,
            UnsafeRawBufferPointer(rebasing: name[..<forwardedPrefix.utf8CodeUnitCount]).equalsFolded(forwardedPrefix)
        {
            return .forwarding
        }
        return .other
    }

    private static var forwardedPrefix: StaticString { "x-forwarded-" }

    private static func isLookAlike(_ name: UnsafeRawBufferPointer) -> Bool {
        let folded = name.map { $0 == underscore || $0 == dot ? UInt8(ascii: "-") : $0 }
        return folded.withUnsafeBytes { bytes in
            switch exactly(bytes) {
            case .other, .contentType, .date, .transportSecurity: false
            default: true
            }
        }
    }
}
