import NIOCore

/// The last header block of a connection that was made of references to the table and of literals that are not put into it
/// (RFC 7541 sections 6.1, 6.2.2 and 6.2.3), and what it meant. Such a block changes nothing in the table: until one comes
/// that may, the same bytes mean the same.
final class HeaderBlockMemo {
    static let maximumBytes = 256

    private var bytes: [UInt8] = []
    private var head: HTTP2RequestHead?
    /// What the request was answered with, and to which state of the routes that belongs.
    private var answer: (ready: PreparedAnswer, version: Int)?
    /// What the access log says of the request, where there is one, and of its answer.
    private(set) var logged: (head: LoggedHead, status: Int)?
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
    func began(_ stream: Int) { self.stream = stream }

    /// A stream was answered with something that was ready.
    func answered(_ stream: Int, _ ready: PreparedAnswer, version: Int, logged: (head: LoggedHead, status: Int)?) {
        guard stream == self.stream, head != nil, ready.body?.readableBytes ?? 0 <= HTTP2Frame.maximumLength else {
            return
        }
        answer = (ready, version)
        self.logged = logged
    }

    /// The block was decoded.
    /// - Parameter head: of a request without a body; `nil` for anything else.
    func decoded(_ block: ByteBuffer, _ head: HTTP2RequestHead?) {
        guard Self.changesNothing(block) else {
            self.head = nil
            answer = nil
            return
        }
        guard let head else { return }
        bytes = Array(block.readableBytesView)
        self.head = head
        answer = nil
    }

    /// Whether decoding leaves the table as it is: nothing but references and literals that are not put into it.
    private static func changesNothing(_ block: ByteBuffer) -> Bool {
        guard block.readableBytes <= maximumBytes else { return false }
        return block.withUnsafeReadableBytes { bytes in
            var index = 0
            while index < bytes.count {
                let first = bytes[index]
                if first & 0x80 != 0 {
                    guard readInteger(bytes, &index, prefix: 7) != nil else { return false }
                } else if first & 0xe0 == 0 {
                    guard let name = readInteger(bytes, &index, prefix: 4) else { return false }
                    for _ in 0..<(name == 0 ? 2 : 1) {
                        guard let length = readInteger(bytes, &index, prefix: 7), length <= bytes.count - index else {
                            return false
                        }
                        index += length
                    }
                } else {
                    return false
                }
            }
            return true
        }
    }

    /// Section 5.1; `nil` for what is cut off or longer than any block that is remembered.
    private static func readInteger(_ bytes: UnsafeRawBufferPointer, _ index: inout Int, prefix: Int) -> Int? {
        guard index < bytes.count else { return nil }
        let mask = UInt8(1 << prefix) &- 1
        var value = Int(bytes[index] & mask)
        index += 1
        guard value == Int(mask) else { return value }
        for shift in [0, 7] where index < bytes.count {
            value += Int(bytes[index] & 0x7f) << shift
            index += 1
            if bytes[index - 1] & 0x80 == 0 { return value }
        }
        return nil
    }
}
