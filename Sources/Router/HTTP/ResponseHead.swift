/// What the router needs to know of an upstream's response head.
struct ResponseHead: Sendable {
    var status = 0
    /// Status code and reason: `200 OK`.
    var statusText = ByteSpan.empty
    var isOld = false
    var contentLength: Int?
    var isChunked = false
    var connection: ConnectionOptions = []
    var upgradesToWebSocket = false
    /// `text/event-stream`: an answer that is not expected to end.
    var isEventStream = false
    var hasDate = false
    /// Has a `Strict-Transport-Security` of its own.
    var hasTransportSecurity = false
    /// Seconds that the upstream says it keeps the connection (`Keep-Alive: timeout=5`).
    var keepAliveSeconds: Int?
    /// Where the body is found that the router sends for a service.
    var handedBody: UInt64?
    var fields = ByteSpan.empty
    var cuts: [ByteSpan] = []
    var length = 0

    var isPersistent: Bool {
        if connection.contains(.close) { return false }
        return !isOld || connection.contains(.keepAlive)
    }

    /// No body whatever the headers say (RFC 9110 section 6.4.1).
    static func hasNoBody(status: Int) -> Bool { status < 200 || status == 204 || status == 304 }

    /// How the body ends (RFC 9112 section 6.3).
    func framing(answersHead: Bool) -> BodyFraming {
        if answersHead || Self.hasNoBody(status: status) { return .ended }
        if isChunked { return .chunked(ChunkScanner()) }
        if let contentLength { return contentLength == 0 ? .ended : .length(contentLength) }
        return .untilClose
    }
}
