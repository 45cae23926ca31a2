import NIOCore

/// The last header block of a connection that was made of references to the table alone (RFC 7541 section 6.1), and what it
/// meant. Such a block changes nothing in the table: until one comes that may, the same bytes mean the same.
struct HeaderBlockMemo {
    static let maximumBytes = 256

    private var bytes: [UInt8] = []
    private var head: HTTP2RequestHead?

    func head(_ block: ByteBuffer) -> HTTP2RequestHead? {
        guard let head, block.readableBytes == bytes.count, block.readableBytesView.elementsEqual(bytes) else {
            return nil
        }
        return head
    }

    /// The block was decoded.
    /// - Parameter head: of a request without a body; `nil` for anything else.
    mutating func decoded(_ block: ByteBuffer, _ head: HTTP2RequestHead?) {
        guard Self.isIndexedOnly(block) else {
            self.head = nil
            return
        }
        guard let head, block.readableBytes <= Self.maximumBytes else { return }
        bytes = Array(block.readableBytesView)
        self.head = head
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
