import NIOCore

/// How much is read and held at once.
enum ReadSizes {
    /// Buffers up to this size stay with their connection, larger ones only as long as bytes are in them: what a transfer
    /// needed is given back when it is over.
    static let maximumKept = 16 * 1024

    /// Small at first, larger while a body keeps filling the buffer, small again afterwards.
    static let allocator = Allocator()

    /// One read for each time that a connection is found readable: a second one would mostly find nothing, and each more
    /// would keep a buffer of its own.
    static let messages: UInt = 1

    static func waterMark(_ configuration: RouterConfiguration) -> ChannelOptions.Types.WriteBufferWaterMark {
        .init(low: max(1, configuration.bufferedBytes / 2), high: max(1, configuration.bufferedBytes))
    }

    struct Allocator: RecvByteBufferAllocator {
        static let minimum = 1024
        static let maximum = 1024 * 1024
        private static let step = 4

        private var size = minimum
        private var wasLow = false

        func buffer(allocator: ByteBufferAllocator) -> ByteBuffer { allocator.buffer(capacity: size) }

        /// `nil` keeps NIO from holding on to the buffer.
        func nextBufferSize() -> Int? { size <= ReadSizes.maximumKept ? size : nil }

        mutating func record(actualReadBytes count: Int) -> Bool {
            if count >= size, size < Self.maximum {
                size *= Self.step
                wasLow = false
            } else if count <= size / (2 * Self.step), size > Self.minimum {
                // Once may be the end of a burst.
                if wasLow { size /= Self.step }
                wasLow.toggle()
            } else {
                wasLow = false
            }
            return size > ReadSizes.maximumKept
        }
    }
}
