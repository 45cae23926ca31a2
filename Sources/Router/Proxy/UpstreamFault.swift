/// How an upstream failed a request.
enum UpstreamFault: Error {
    /// No connection could be opened.
    case notConnected(any Error)
    /// The connection ended before any byte of the response. `wasUsed`: it had carried a request before.
    case closedSilently(wasUsed: Bool)
    /// What came was not an HTTP response.
    case invalidResponse(HeadFault)
    /// The response began and did not end.
    case truncated
    /// No answer in time.
    case timedOut
    /// Cut by the router: the time to drain was over.
    case cut
}
