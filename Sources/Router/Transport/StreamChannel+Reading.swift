import Glibc
import NIOCore

/// Reading from the socket.
extension StreamChannel {
    private enum Received {
        case bytes(ByteBuffer)
        case nothing
        case end
        case failed(CInt)
    }

    func read0() {
        guard state == .active, !isInputClosed else { return }
        wantsRead = true
        if isReadable, !isReading { takeAnotherTurn() }
    }

    /// Lets the handlers say whether they want more.
    func askToRead() {
        guard state == .active, !isInputClosed, !wantsRead else { return }
        if let handler { wantsRead = handler.mayRead() } else { pipeline.syncOperations.read() }
    }

    /// Reads what there is, if the handlers want it.
    func readOnce() {
        guard state == .active, isReadable, wantsRead, !isInputClosed, !isReading else { return }
        isReading = true
        takeIn()
        isReading = false
        askToRead()
        if isReadable, wantsRead, state == .active { takeAnotherTurn() }
    }

    /// The peer sends no more: what has come is read, and then the end.
    func readToTheEnd() {
        guard !isReading else { return }
        isReading = true
        isReadable = true
        hasPeerStopped = true
        while state == .active, !isInputClosed, isReadable {
            takeIn()
            if state == .active, !wantsRead { askToRead() }
        }
        isReading = false
    }

    /// The connection is broken.
    func breakDown() {
        readToTheEnd()
        guard state != .closed else { return }
        var (code, size) = (CInt(0), socklen_t(MemoryLayout<CInt>.size))
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
        close0(error: IOError(errnoCode: code == 0 ? ECONNRESET : code, reason: "reset"), mode: .all, promise: nil)
    }

    /// One read.
    private func takeIn() {
        switch receive() {
        case .bytes(let buffer):
            wantsRead = false
            letOff()
            tellReceived(buffer)
            if gathering != nil, !isRecalled { stopGathering() }
            if state == .active { tellReceivedAll() }
        case .nothing: isReadable = false
        case .end:
            isReadable = false
            wantsRead = false
            tellReceivedAll()
            guard state == .active else { return }
            guard allowsHalfClosure, !isOutputClosed else {
                return close0(error: ChannelError.eof, mode: .all, promise: nil)
            }
            isInputClosed = true
            tellInputEnded()
        case .failed(let code):
            isReadable = false
            let error = IOError(errnoCode: code, reason: "recv")
            tellFailed(error)
            close0(error: error, mode: .all, promise: nil)
        }
    }

    private func receive() -> Received {
        let size = sizes.size
        var buffer = loop.buffers.take(sizes)
        var code = CInt(0)
        let count = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: size) { bytes in
            while true {
                let count = recv(descriptor, bytes.baseAddress, size, 0)
                if count >= 0 { return count }
                code = errno
                if code != EINTR { return 0 }
                code = 0
            }
        }
        loop.buffers.keep(buffer, sizes)
        guard code == 0 else { return code == EAGAIN ? .nothing : .failed(code) }
        guard count > 0 else { return .end }
        let isLittle = sizes.isLittle(count)
        sizes.record(count)
        // Less than there was room for: the kernel has no more, and says when it has (epoll(7)). The end it has told already.
        if count < size, !hasPeerStopped { isReadable = false }
        return .bytes(isLittle ? ReadBuffers.fitted(buffer) : buffer)
    }
}
