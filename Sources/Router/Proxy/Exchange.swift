import NIOCore

/// One request on its way through the router, and its response.
///
/// A class: it is looked at many times in each exchange, and copying what it holds would cost more than making it.
final class Exchange {
    let upstream: Upstream
    let answersHead: Bool
    let isOld: Bool
    let wantsWebSocket: Bool
    /// Whether the client's connection outlives this exchange.
    var isPersistent: Bool
    /// What is left of the request's body.
    var requestBody: BodyFraming
    /// The head as the upstream gets it, kept until the response begins in case it has to be sent again.
    var head: ByteBuffer
    /// The whole body, when the request may be sent again and has one.
    var replayBody: ByteBuffer?
    /// May be sent again on a fresh connection when a used one turns out dead (RFC 9110 section 9.2.2).
    var isRepeatable: Bool
    var wasRepeated = false
    var hasResponse = false
    /// The response's end is told by the end of the connection: a cut must not look like an end.
    var endsWithConnection = false

    /// Set when the hostname's requests are counted, until this one was.
    var measured: MeasuredRequest?

    /// Content of the request's body so far, without framing.
    var bodyBytes = 0
    /// How much of it the upstream had taken when it was last looked at: only an upstream that does not keep up is.
    var bodyTaken: Int?

    init(
        upstream: Upstream, answersHead: Bool, isOld: Bool, wantsWebSocket: Bool, isPersistent: Bool,
        requestBody: BodyFraming, head: ByteBuffer, isRepeatable: Bool
    ) {
        self.upstream = upstream
        self.answersHead = answersHead
        self.isOld = isOld
        self.wantsWebSocket = wantsWebSocket
        self.isPersistent = isPersistent
        self.requestBody = requestBody
        self.head = head
        self.isRepeatable = isRepeatable
    }

    var isRequestComplete: Bool { requestBody.isEnded }
}
