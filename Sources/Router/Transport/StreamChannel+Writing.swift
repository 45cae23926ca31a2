import Glibc
import NIOCore

/// Sending on the socket.
extension StreamChannel {
    /// Bytes that one channel sends before others have their turn.
    private static let turn = 1 << 20

    /// Bytes that wait here.
    var unsent: Int { writes.bytes }

    func write0(_ data: NIOAny, promise: EventLoopPromise<Void>?) {
        write(unwrapData(data, as: IOData.self), promise)
    }

    /// Takes what is to be sent with the next flush.
    func write(_ buffer: ByteBuffer) {
        if state != .closed, !isOutputClosed, !closesOutput { append(.byteBuffer(buffer), nil) }
    }

    /// The same, told when it has been sent; the promise fails when it is not. Nothing, which is no more to send, is also
    /// taken while the output is about to close: whoever waits for what is before it is told.
    func write(_ data: IOData, _ promise: EventLoopPromise<Void>?) {
        guard state != .closed, !isOutputClosed, !closesOutput || data.readableBytes == 0 else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        append(data, promise)
    }

    private func append(_ data: IOData, _ promise: EventLoopPromise<Void>?) {
        writes.append(data, promise)
        if isWritable, writes.bytes > waterMark.high { setWritable(false) }
    }

    func flush0() {
        guard state != .closed else { return }
        writes.flush()
        if state == .active, !isFull { sendFlushed() }
    }

    /// Sends until all is sent, the kernel has no room, or others are to have a turn. What is written meanwhile is sent too.
    func sendFlushed() {
        guard !isSending else { return }
        isSending = true
        defer { isSending = false }
        var left = Self.turn
        while state == .active, !isFull, writes.hasFlushed {
            guard left > 0 else { return takeAnotherTurn() }
            switch writes.send(to: descriptor) {
            case .sent(let count): left -= count
            case .full: isFull = true
            case .failed(let code): return sendingFailed(code)
            }
            if !writes.completed.isEmpty { tellCompleted() }
            if !isWritable, state == .active, writes.bytes < waterMark.low { setWritable(true) }
        }
        if closesOutput, state == .active, writes.isEmpty { shutDownOutput() }
    }

    private func tellCompleted() {
        let promises = writes.completed
        writes.completed.removeAll()
        for promise in promises { promise.succeed() }
    }

    /// What has already come is still read: it may be the reason, or an answer that is whole. Not when it is a file of ours
    /// that failed: the peer may send for as long as it likes.
    private func sendingFailed(_ code: CInt) {
        tellCompleted()
        if code != EIO, code != EBADF { readToTheEnd() }
        guard state != .closed else { return }
        close0(error: IOError(errnoCode: code, reason: "send"), mode: .all, promise: nil)
    }

    // MARK: - Closing

    func closeNow() {
        if state != .closed { closeAll(ChannelError.ioOnClosedChannel, nil) }
    }

    /// Sends no more when what waits has been sent.
    func closeOutput() { close0(error: ChannelError.outputClosed, mode: .output, promise: nil) }

    func close0(error: any Error, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard state != .closed else {
            promise?.fail(ChannelError.alreadyClosed)
            return
        }
        switch mode {
        case .all: closeAll(error, promise)
        case .output: closeOutput(error, promise)
        case .input: promise?.fail(ChannelError.operationUnsupported)
        }
    }

    private func closeOutput(_ error: any Error, _ promise: EventLoopPromise<Void>?) {
        guard state == .active, !isOutputClosed, !closesOutput else {
            promise?.fail(ChannelError.outputClosed)
            return
        }
        guard !isInputClosed else { return closeAll(error, promise) }
        closesOutput = true
        outputClosed = promise
        if writes.isEmpty { shutDownOutput() }
    }

    private func shutDownOutput() {
        closesOutput = false
        isOutputClosed = true
        let promise = outputClosed
        outputClosed = nil
        shutdown(descriptor, CInt(SHUT_WR))
        promise?.succeed()
        tellOutputClosed()
    }
}
