import NIOCore

/// Lets a connection read more at once than NIO does by itself: a push of a hundred megabytes comes in pieces of what the
/// router writes, and each piece costs several threads a turn.
final class LargeReads: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = Any

    /// Bytes; small at first, and again when little comes.
    private static let maximum = 256 << 10

    func handlerAdded(context: ChannelHandlerContext) {
        let allocator = AdaptiveRecvByteBufferAllocator(minimum: 64, initial: 2048, maximum: Self.maximum)
        _ = try? context.channel.syncOptions?.setOption(.recvAllocator, value: allocator)
    }
}
