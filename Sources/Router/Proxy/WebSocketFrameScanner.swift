/// Follows the frames of one direction of a WebSocket (RFC 6455 section 5.2), only to know where one ends.
struct WebSocketFrameScanner {
    private var header: [UInt8] = []
    /// Bytes of the payload that have not come.
    private var left: UInt64 = 0
    /// A close frame went by: nothing may follow it.
    private(set) var hasClosed = false

    /// A frame of our own may be put in here.
    var isBetweenFrames: Bool { header.isEmpty && left == 0 && !hasClosed }

    mutating func scan(_ bytes: UnsafeRawBufferPointer) {
        var index = 0
        while index < bytes.count {
            if left > 0 {
                let taken = min(left, UInt64(bytes.count - index))
                left -= taken
                index += Int(taken)
                continue
            }
            header.append(bytes[index])
            index += 1
            guard header.count >= 2 else { continue }
            let short = header[1] & 0x7f
            let extra = short == 126 ? 2 : short == 127 ? 8 : 0
            let mask = header[1] & 0x80 == 0 ? 0 : 4
            guard header.count == 2 + extra + mask else { continue }
            left = extra == 0 ? UInt64(short) : header[2..<(2 + extra)].reduce(0) { $0 << 8 | UInt64($1) }
            if header[0] & 0x0f == 8 { hasClosed = true }
            header.removeAll(keepingCapacity: true)
        }
    }
}
