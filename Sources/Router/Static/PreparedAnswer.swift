import NIOCore

/// A whole answer in the forms of both protocols, right for one second.
final class PreparedAnswer {
    /// Content up to this size is copied behind its head: one `write` is cheaper than a `writev` of two.
    private static let maximumJoined = 16 * 1024

    /// The head as HTTP/1.1 has it, with small content behind it.
    let bytes: ByteBuffer
    /// Content that goes behind `bytes`; `nil` when there is none.
    let rest: ByteBuffer?
    /// The head as a header block of HTTP/2 (RFC 7541).
    let block: ByteBuffer
    let body: ByteBuffer?
    private let second: Int
    private let isSecure: Bool

    /// - Parameters:
    ///   - head: with its `Date` and the empty line.
    ///   - isSecure: for connections over TLS.
    init(head: ByteBuffer, body: ByteBuffer?, second: Int, isSecure: Bool) {
        block = HTTP2ResponseReader.block(head)
        self.body = body
        self.second = second
        self.isSecure = isSecure
        if let body, body.readableBytes <= Self.maximumJoined {
            var joined = ByteBufferAllocator().buffer(capacity: head.readableBytes + body.readableBytes)
            joined.writeImmutableBuffer(head)
            joined.writeImmutableBuffer(body)
            bytes = joined
            rest = nil
        } else {
            bytes = head
            rest = body
        }
    }

    /// Bytes as HTTP/1.1 has it.
    var size: Int { bytes.readableBytes + (rest?.readableBytes ?? 0) }

    func holds(second: Int, isSecure: Bool) -> Bool { self.second == second && self.isSecure == isSecure }
}
