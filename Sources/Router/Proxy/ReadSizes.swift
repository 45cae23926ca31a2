import NIOCore

/// How much is read and held at once.
enum ReadSizes {
    /// Small at first, larger while a body keeps filling the buffer, small again afterwards.
    static let allocator = AdaptiveRecvByteBufferAllocator(minimum: 2048, initial: 4096, maximum: 1024 * 1024)

    static func waterMark(_ configuration: RouterConfiguration) -> ChannelOptions.Types.WriteBufferWaterMark {
        .init(low: max(1, configuration.bufferedBytes / 2), high: max(1, configuration.bufferedBytes))
    }
}
