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
    var hasRequestID = false
    var accept: ByteSpan?
    var ifNoneMatch: ByteSpan?
    var ifModifiedSince: ByteSpan?
    /// The field lines, without the empty line after them.
    var fields = ByteSpan.empty
    /// Lines within `fields` that are not passed on, line ends included, in order.
    var cuts: [ByteSpan] = []
    /// Bytes of the whole head.
    var length = 0

    /// Whether the client wants the connection kept (RFC 9112 section 9.3).
    var isPersistent: Bool {
        if connection.contains(.close) { return false }
        return !isOld || connection.contains(.keepAlive)
    }
}
