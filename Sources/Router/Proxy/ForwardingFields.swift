/// What upstreams are told about the client's connection.
struct ForwardingFields: Sendable {
    /// `X-Forwarded-For`, `X-Forwarded-Proto` and `Forwarded`, with line ends.
    let lines: [UInt8]
    /// The same without `X-Forwarded-Proto`, for a trusted proxy that has said it.
    let linesWithoutScheme: [UInt8]
    /// The client's address as text; empty for a client without one.
    let address: String
    /// The connection is encrypted.
    let isSecure: Bool
    /// The `Via` line of a request, by the protocol that the client speaks.
    var via: StaticString { isSecond ? "Via: 2.0 berth\r\n" : "Via: 1.1 berth\r\n" }
    /// The connection speaks HTTP/2.
    var isSecond = false
    /// What the client says of those before it is passed on.
    let isTrusted: Bool

    /// The same for HTTP/2.
    var second: ForwardingFields {
        var copy = self
        copy.isSecond = true
        return copy
    }

    init(address: String, isSecure: Bool, isTrusted: Bool = false) {
        self.address = address
        self.isSecure = isSecure
        self.isTrusted = isTrusted
        let scheme = isSecure ? "https" : "http"
        // RFC 7239 section 6: an IPv6 address is in brackets, and so in quotes.
        let forwarded = address.contains(":") ? "\"[\(address)]\"" : address
        let who = address.isEmpty ? "" : "X-Forwarded-For: \(address)\r\n"
        let node = address.isEmpty ? "" : "for=\(forwarded);"
        let standard = "Forwarded: \(node)proto=\(scheme)\r\n"
        lines = Array("\(who)X-Forwarded-Proto: \(scheme)\r\n\(standard)".utf8)
        linesWithoutScheme = Array("\(who)\(standard)".utf8)
    }
}
