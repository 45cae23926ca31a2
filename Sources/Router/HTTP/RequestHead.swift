/// What the router needs to know of a request's head. The bytes stay where they are; spans point into them.
struct RequestHead: Sendable {
    /// How the body is delimited (RFC 9112 section 6).
    enum Framing: Equatable, Sendable {
        case none
        case length(Int)
        case chunked
    }

    var method = RequestMethod.other
    var methodText = ByteSpan.empty
    /// Path and query, or `*`. Empty for `http://host`, which means `/`.
    var target = ByteSpan.empty
    /// HTTP/1.0.
    var isOld = false
    /// The Host header's value, or the authority of an absolute-form target when an HTTP/1.0 client sent no header.
    var host: ByteSpan?
    var hasHostField = false
    var framing = Framing.none
    var connection: ConnectionOptions = []
    /// Asks for a WebSocket (RFC 6455 section 4.1). No other upgrade is passed on: `h2c` would open a tunnel past every
    /// check that is made here.
    var wantsWebSocket = false
    var expectsContinue = false
    /// The client's own, when it is harmless.
    var requestID: ByteSpan?
    /// A trusted proxy has said how its client was connected, and to which host.
    var hasForwardedScheme = false
    var hasForwardedHost = false
    var accept: ByteSpan?
    var ifNoneMatch: ByteSpan?
    var ifModifiedSince: ByteSpan?
    /// Has `If-Match` or `If-Unmodified-Since`.
    var hasPrecondition = false
    var acceptEncoding: ByteSpan?
    /// `nil` also when there are several.
    var range: ByteSpan?
    var ifRange: ByteSpan?
    /// The field lines, without the empty line after them.
    var fields = ByteSpan.empty
    /// Lines within `fields` that are not passed on, line ends included, in order.
    var cuts: [ByteSpan] = []
    /// The line of the Host header, line end included.
    var hostLine: ByteSpan?

    var cutsWithHost: [ByteSpan] {
        guard let hostLine else { return cuts }
        return (cuts + [hostLine]).sorted { $0.start < $1.start }
    }

    /// Bytes of the whole head.
    var length = 0

    /// Whether the client wants the connection kept (RFC 9112 section 9.3).
    var isPersistent: Bool {
        if connection.contains(.close) { return false }
        return !isOld || connection.contains(.keepAlive)
    }
}
