/// The methods that the router treats differently; all others are passed on as they are.
enum RequestMethod: Equatable, Sendable {
    case get, head, post, put, delete, options, other
    /// Never served: a tunnel and an echo of what was sent (RFC 9110 sections 9.3.6 and 9.3.8).
    case connect, trace

    /// Methods are case-sensitive (RFC 9110 section 9.1).
    init(_ bytes: UnsafeRawBufferPointer) {
        func matches(_ text: StaticString) -> Bool {
            bytes.count == text.utf8CodeUnitCount
                && bytes.elementsEqual(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
        }
        switch bytes.first {
        case UInt8(ascii: "G") where matches("GET"): self = .get
        case UInt8(ascii: "H") where matches("HEAD"): self = .head
        case UInt8(ascii: "P") where matches("POST"): self = .post
        case UInt8(ascii: "P") where matches("PUT"): self = .put
        case UInt8(ascii: "D") where matches("DELETE"): self = .delete
        case UInt8(ascii: "O") where matches("OPTIONS"): self = .options
        case UInt8(ascii: "C") where matches("CONNECT"): self = .connect
        case UInt8(ascii: "T") where matches("TRACE"): self = .trace
        default: self = .other
        }
    }

    /// RFC 9110 section 9.2.2.
    var isIdempotent: Bool {
        switch self {
        case .get, .head, .put, .delete, .options: true
        default: false
        }
    }
}
