import CLinux
import Glibc
import NIOCore

/// A connection, to a client or to an upstream, on a `SocketLoop`.
///
/// Reads by itself whenever its handlers let it. When the peer sends no more or the connection breaks, what has already come
/// is read to its end first, whether the handlers want it or not.
// Unchecked: everything but the promises is touched by the loop's own thread only.
final class StreamChannel: NIOCore.Channel, ChannelCore, PollSource, @unchecked Sendable {
    enum State { case new, connecting, active, closed }

    /// Bytes that may wait to be sent before the channel is not writable, and below which it is again.
    struct WaterMark: Sendable {
        let low: Int
        let high: Int

        init(_ bytes: Int) {
            low = max(1, bytes / 2)
            high = max(1, bytes)
        }
    }

    let loop: SocketLoop
    /// -1 when it is closed.
    var descriptor: CInt
    let remoteAddress: SocketAddress?
    let waterMark: WaterMark
    let allocator = ByteBufferAllocator()
    private lazy var closePromise = loop.makePromise(of: Void.self)
    private var isCloseTold = false
    /// Made for a channel without a handler of its own.
    private(set) lazy var pipeline = ChannelPipeline(channel: self)
    var handler: (any SocketHandler)?

    var state: State
    private var place: Int?
    /// Told once whether the connection stands.
    var connected: ((Result<StreamChannel, any Error>) -> Void)?
    var connectTimer: Scheduled<Void>?
    /// A peer that sends no more may still receive.
    var allowsHalfClosure = false
    var isInputClosed = false
    var isOutputClosed = false
    /// The output is closed when what waits has been sent.
    var closesOutput = false
    var outputClosed: EventLoopPromise<Void>?

    /// The handlers want to read.
    var wantsRead = false
    /// The kernel may have something to read.
    var isReadable = false
    var isReading = false
    /// After what has come there is only the end, or an error.
    var hasPeerStopped = false
    var sizes = ReadSizes()
    /// Has a turn ahead.
    var isEager = false
    /// Is called in a moment.
    private(set) var isRecalled = false
    /// The kernel tells only of much at once. Is called in a moment, too.
    var gathering: Gathering?

    var writes = PendingWrites()
    private(set) var isWritable = true
    /// The kernel has no room, and says when it has.
    var isFull = false
    var isSending = false

    /// Takes the descriptor over, which does not block.
    init(_ descriptor: CInt, remote: SocketAddress?, on loop: SocketLoop, waterMark: WaterMark, state: State = .new) {
        self.descriptor = descriptor
        self.loop = loop
        self.waterMark = waterMark
        self.state = state
        remoteAddress = remote
    }

    var eventLoop: any EventLoop { loop }
    /// Only for the loop's own thread.
    var closeFuture: EventLoopFuture<Void> {
        isCloseTold = true
        if state == .closed { closePromise.succeed() }
        return closePromise.futureResult
    }
    var parent: (any NIOCore.Channel)? { nil }
    var isActive: Bool { state == .active }
    var _channelCore: any ChannelCore { self }
    var localAddress: SocketAddress? { try? localAddress0() }

    // MARK: - Beginning

    /// Gives the channel to a handler of its own.
    func attach(_ handler: any SocketHandler) {
        self.handler = handler
        handler.attached(to: self)
    }

    /// Begins a connection that stands. Closed when it cannot be watched.
    func begin() {
        guard watch() else { return }
        becomeActive()
    }

    /// False when it could not be, and is closed.
    func watch() -> Bool {
        place = loop.watch(self, descriptor)
        if place != nil { return true }
        close0(error: IOError(errnoCode: errno, reason: "epoll_ctl"), mode: .all, promise: nil)
        return false
    }

    func becomeActive() {
        state = .active
        tellActive()
        guard state == .active else { return }
        if writes.hasFlushed { sendFlushed() }
        askToRead()
    }

    // MARK: - What the kernel tells

    func ready(_ events: UInt32) {
        if state == .connecting {
            guard finishConnecting() else { return }
        }
        guard state == .active else { return }
        if events & clinux_broken != 0 { return breakDown() }
        if isFull, events & clinux_writable != 0 {
            isFull = false
            sendFlushed()
        }
        if events & clinux_read_hang_up != 0 {
            readToTheEnd()
        } else if events & clinux_readable != 0 {
            isReadable = true
            readOnce()
        }
    }

    /// Goes on with what it has left for its next turn.
    func goOn() {
        isEager = false
        guard state == .active else { return }
        if !isFull { sendFlushed() }
        readOnce()
    }

    /// Tells in a moment once more that all has been received, unless more comes before.
    func tellAgainSoon() {
        guard !isRecalled else { return }
        isRecalled = true
        loop.recall(self)
    }

    func recalled() {
        guard isRecalled else { return }
        letOff()
        if gathering != nil { readGathered() } else { tellReceivedAll() }
    }

    func letOff() {
        guard isRecalled else { return }
        isRecalled = false
        loop.letOff()
    }

    func takeAnotherTurn() {
        guard !isEager else { return }
        isEager = true
        loop.letGoOn(self)
    }

    func loopEnds() { close0(error: EventLoopError.shutdown, mode: .all, promise: nil) }

    func setWritable(_ isWritable: Bool) {
        guard self.isWritable != isWritable else { return }
        self.isWritable = isWritable
        tellWritabilityChanged()
    }

    // MARK: - Ending

    /// Everything ends: what waits is not sent any more.
    func closeAll(_ error: any Error, _ promise: EventLoopPromise<Void>?) {
        state = .closed
        letOff()
        connectTimer?.cancel()
        connectTimer = nil
        if let place { loop.forget(place) }
        Glibc.close(descriptor)
        descriptor = -1
        isWritable = false
        let unsent = writes.removeAll() + [outputClosed].compactMap { $0 }
        let connected = connected
        self.connected = nil
        outputClosed = nil
        for waiting in unsent { waiting.fail(error) }
        connected?(.failure(error))
        promise?.succeed()
        // Also when it never was active: the handlers are there already, and learn of the end by this.
        tellEnded()
        if isCloseTold { loop.later { self.closePromise.succeed() } }
    }
}
