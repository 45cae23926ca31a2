import NIOCore

/// The last header block of a connection that was made of references to the table alone (RFC 7541 section 6.1), and what it
/// meant. Such a block changes nothing in the table: until one comes that may, the same bytes mean the same.
struct HeaderBlockMemo {
    static let maximumBytes = 256

    private var bytes: [UInt8] = []
    private var head: HTTP2RequestHead?
    /// What the request was answered with, and to which state of the routes that belongs.
    private var answer: (ready: PreparedAnswer, version: Int)?
    /// The stream that the remembered request came on, as long as it is being answered.
    private var stream = 0

    func head(_ block: ByteBuffer) -> HTTP2RequestHead? {
        guard let head, block.readableBytes == bytes.count, block.readableBytesView.elementsEqual(bytes) else {
            return nil
        }
        return head
    }

    /// The answer that the request got before, if it still holds.
    func answer(version: Int, second: Int, isSecure: Bool) -> PreparedAnswer? {
        guard let answer, answer.version == version, answer.ready.holds(second: second, isSecure: isSecure) else {
            return nil
        }
        return answer.ready
    }

    /// The remembered request comes again, on this stream.
    mutating func began(_ stream: Int) { self.stream = stream }

    /// A stream was answered with something that was ready.
    mutating func answered(_ stream: Int, _ ready: PreparedAnswer, version: Int) {
        guard stream == self.stream, head != nil, ready.body?.readableBytes ?? 0 <= HTTP2Frame.maximumLength else {
            return
        }
        answer = (ready, version)
    }

    /// The block was decoded.
    /// - Parameter head: of a request without a body; `nil` for anything else.
    mutating func decoded(_ block: ByteBuffer, _ head: HTTP2RequestHead?) {
        guard Self.isIndexedOnly(block) else {
            self.head = nil
            answer = nil
            return
        }
        guard let head, block.readableBytes <= Self.maximumBytes else { return }
        bytes = Array(block.readableBytesView)
        self.head = head
        answer = nil
    }

    private static func isIndexedOnly(_ block: ByteBuffer) -> Bool {
        block.withUnsafeReadableBytes { bytes in
            var index = 0
            while index < bytes.count {
                guard bytes[index] & 0x80 != 0 else { return false }
                let isLong = bytes[index] == 0xff
                index += 1
                guard isLong else { continue }
                while index < bytes.count, bytes[index] & 0x80 != 0 { index += 1 }
                index += 1
            }
            return true
        }
    }
}
