import NIOCore

/// Has a channel for itself: nothing stands between the two, and no pipeline is made. What the channel tells comes on its
/// loop; the handler writes, reads and closes by the channel's own calls.
protocol SocketHandler: AnyObject {
    /// Before anything else.
    func attached(to channel: StreamChannel)
    func channelReceived(_ bytes: ByteBuffer)
    /// What has come at once has been told.
    func receivedAll()
    /// Asked before each read; after false the handler says when by `StreamChannel.read0`.
    func mayRead() -> Bool
    func writabilityChanged()
    /// The peer sends no more; only where the channel allows that.
    func inputEnded()
    /// The channel closes for this reason.
    func failed(_ error: any Error)
    /// The channel is closed. The last call.
    func ended()
}

/// What a channel tells, to the handler that has it for itself or through the pipeline.
extension StreamChannel {
    func tellActive() {
        guard handler == nil else { return }
        pipeline.syncOperations.fireChannelRegistered()
        pipeline.syncOperations.fireChannelActive()
    }

    func tellReceived(_ bytes: ByteBuffer) {
        guard let handler else { return pipeline.syncOperations.fireChannelRead(NIOAny(bytes)) }
        handler.channelReceived(bytes)
    }

    func tellReceivedAll() {
        if let handler { handler.receivedAll() } else { pipeline.syncOperations.fireChannelReadComplete() }
    }

    func tellWritabilityChanged() {
        if let handler { handler.writabilityChanged() } else { pipeline.syncOperations.fireChannelWritabilityChanged() }
    }

    func tellInputEnded() {
        guard let handler else {
            return pipeline.syncOperations.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        }
        handler.inputEnded()
    }

    func tellOutputClosed() {
        guard handler == nil, state == .active else { return }
        pipeline.syncOperations.fireUserInboundEventTriggered(ChannelEvent.outputClosed)
    }

    func tellFailed(_ error: any Error) {
        if let handler { handler.failed(error) } else { pipeline.syncOperations.fireErrorCaught(error) }
    }

    func tellEnded() {
        if let handler {
            self.handler = nil
            return handler.ended()
        }
        pipeline.syncOperations.fireChannelInactive()
        pipeline.syncOperations.fireChannelUnregistered()
        // Later: whoever called may still be on its way through the pipeline.
        loop.later { self.removeHandlers(pipeline: self.pipeline) }
    }
}
