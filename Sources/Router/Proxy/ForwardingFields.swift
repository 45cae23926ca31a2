/// What upstreams are told about the client's connection. The lines are written when the first of them is asked.
final class ForwardingFields {
    /// The client's address as text; empty for a client without one.
    let address: String
    /// The connection is encrypted.
    let isSecure: Bool
    /// What the client says of those before it is passed on.
    let isTrusted: Bool
    /// The `Via` line of a request, by the protocol that the client speaks.
    let via: StaticString

    init(address: String, isSecure: Bool, isTrusted: Bool = false, isSecond: Bool = false) {
        self.address = address
        self.isSecure = isSecure
        self.isTrusted = isTrusted
        via = isSecond ? "Via: 2.0 berth\r\n" : "Via: 1.1 berth\r\n"
    }

    /// The same for HTTP/2.
    var second: ForwardingFields {
        ForwardingFields(address: address, isSecure: isSecure, isTrusted: isTrusted, isSecond: true)
    }

    /// `X-Forwarded-For`, `X-Forwarded-Proto` and `Forwarded`, with line ends.
    private(set) lazy var lines = Array("\(who)X-Forwarded-Proto: \(scheme)\r\n\(standard)".utf8)
    /// The same without `X-Forwarded-Proto`, for a trusted proxy that has said it.
    private(set) lazy var linesWithoutScheme = Array("\(who)\(standard)".utf8)

    private var scheme: String { isSecure ? "https" : "http" }
    private var who: String { address.isEmpty ? "" : "X-Forwarded-For: \(address)\r\n" }

    private var standard: String {
        // RFC 7239 section 6: an IPv6 address is in brackets, and so in quotes.
        let forwarded = address.utf8.contains(ByteClass.colon) ? "\"[\(address)]\"" : address
        return "Forwarded: \(address.isEmpty ? "" : "for=\(forwarded);")proto=\(scheme)\r\n"
    }
}
