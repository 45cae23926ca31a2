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
        out.writePieces(atMost: head.length + own.count + Self.own) { out in
            out.write("HTTP/1.1 ")
            out.write(head.statusText.slice(bytes))
            out.write("\r\n")
            RequestHeadWriter.writeFields(head.fields, without: head.cuts, bytes, into: &out)
            out.write(own)
            if isChunked { out.write("Transfer-Encoding: chunked\r\n") }
            switch persistence {
            case .implied: out.write("\r\n")
            case .keepAlive: out.write("Connection: keep-alive\r\n\r\n")
            case .close: out.write("Connection: close\r\n\r\n")
            case .upgrade: out.write("Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
            }
        }
    }

    /// More than all the fixed texts of a head together.
    static let own = 96
}
