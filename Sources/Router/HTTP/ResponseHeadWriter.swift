import NIOCore

/// Writes a response head as the client gets it: the upstream's own bytes without the lines that are cut, and what
/// frames and ends the message on this connection.
enum ResponseHeadWriter {
    /// What becomes of the client's connection after the response.
    enum Persistence: Equatable {
        /// Nothing needs to be said.
        case implied
        /// An HTTP/1.0 client asked for it.
        case keepAlive
        case close
        /// The connection becomes a WebSocket.
        case upgrade
    }

    /// - Parameter own: further lines, each with its line end.
    static func write(
        _ head: ResponseHead, _ bytes: UnsafeRawBufferPointer, own: [UInt8] = [], isChunked: Bool,
        persistence: Persistence, into out: inout ByteBuffer
    ) {
        out.writeStaticString("HTTP/1.1 ")
        out.writeBytes(head.statusText.slice(bytes))
        out.writeStaticString("\r\n")
        RequestHeadWriter.writeFields(head.fields, without: head.cuts, bytes, into: &out)
        out.writeBytes(own)
        if isChunked { out.writeStaticString("Transfer-Encoding: chunked\r\n") }
        switch persistence {
        case .implied: out.writeStaticString("\r\n")
        case .keepAlive: out.writeStaticString("Connection: keep-alive\r\n\r\n")
        case .close: out.writeStaticString("Connection: close\r\n\r\n")
        case .upgrade: out.writeStaticString("Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        }
    }
}
