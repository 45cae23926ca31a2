import NIOCore

/// Buffers that the channels of a loop read into, one of each size: what was read is mostly sent on before the next channel
/// reads, and the same memory serves again. What is still held by somebody is his, and a new one is made.
struct ReadBuffers {
    private var kept: [ByteBuffer?] = .init(repeating: nil, count: ReadSizes.classes)

    /// Takes an empty buffer of a size out.
    mutating func take(_ sizes: ReadSizes) -> ByteBuffer {
        guard var buffer = kept[sizes.sizeClass] else { return ByteBufferAllocator().buffer(capacity: sizes.size) }
        kept[sizes.sizeClass] = nil
        buffer.clear()
        return buffer
    }

    /// The same bytes in a buffer of their size: whoever waits for the rest of a message would hold all of a large one.
    static func fitted(_ buffer: ByteBuffer) -> ByteBuffer {
        var fitted = ByteBufferAllocator().buffer(capacity: buffer.readableBytes)
        fitted.writeImmutableBuffer(buffer)
        return fitted
    }

    /// Keeps a buffer for the next read of its size.
    mutating func keep(_ buffer: ByteBuffer, _ sizes: ReadSizes) { kept[sizes.sizeClass] = buffer }
}
