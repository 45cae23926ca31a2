import NIOCore

/// Buffers that wait to be sent, in order. Costs nothing as long as it is empty.
struct ByteQueue {
    private var buffers: [ByteBuffer] = []
    private var start = 0
    /// Bytes of all of them.
    private(set) var count = 0

    var isEmpty: Bool { start == buffers.count }

    mutating func append(_ buffer: ByteBuffer) {
        buffers.append(buffer)
        count += buffer.readableBytes
    }

    /// The next bytes, at most `limit` of them and all from one buffer; `nil` when there are none.
    mutating func next(_ limit: Int) -> ByteBuffer? {
        guard start < buffers.count else { return nil }
        let size = min(limit, buffers[start].readableBytes)
        count -= size
        if size < buffers[start].readableBytes { return buffers[start].readSlice(length: size) }
        let whole = buffers[start]
        start += 1
        if start == buffers.count {
            removeAll()
        } else if start >= 32, start * 2 >= buffers.count {
            buffers.removeFirst(start)
            start = 0
        }
        return whole
    }

    mutating func removeAll() {
        buffers.removeAll(keepingCapacity: false)
        start = 0
        count = 0
    }
}
