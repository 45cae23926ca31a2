import Logging
import NIOCore
import NIOPosix
import NIOSSL

/// What one event loop owns: its client connections, its upstream connections, its clock. Nothing here is touched from
/// another thread.
final class Worker {
    let eventLoop: SocketLoop
    let configuration: RouterConfiguration
    let routes: RouteTableBox
    let files: SiteFiles
    /// Threads that look names up: files do not wait behind a name server that does not answer.
    let lookups: NIOThreadPool
    let logger: Logger
    /// `Strict-Transport-Security`, with its line end.
    let strictTransportLine: [UInt8]?
    var siteMemo = SiteMemo()
    /// Who answers what is asked for by address.
    let apiHost: String
    private var recorder: AccessRecorder?
    private var memoVersion = 0
    private(set) var clock: TickClock
    let times: TickTimes
    var heads = HeadMemo()
    let held = WaitingFronts()
    private(set) var isClosing = false
    private var dateField = DateField()
    private static let maximumAnswerBuffer = 16 * 1024
    private var answerBuffer = ByteBuffer()
    private var requestIDs = RequestID.Source()
    private var fronts: [any TimedConnection] = []
    private var sweeps: RepeatedTask?
    private var closed: EventLoopPromise<Int>?
    private lazy var upstreams = UpstreamPool(worker: self)

    init(
        eventLoop: SocketLoop, configuration: RouterConfiguration, routes: RouteTableBox, files: SiteFiles,
        lookups: NIOThreadPool, accessLog: AccessLog? = nil, logger: Logger
    ) {
        self.eventLoop = eventLoop
        self.configuration = configuration
        self.routes = routes
        self.files = files
        self.lookups = lookups
        self.logger = logger
        apiHost = "api.\(configuration.domain)"
        recorder = accessLog.map(AccessRecorder.init)
        strictTransportLine = configuration.strictTransportSeconds.map {
            Array("Strict-Transport-Security: max-age=\($0)\r\n".utf8)
        }
        clock = TickClock(resolution: configuration.timerResolution)
        times = TickTimes(configuration, clock)
    }

    var pool: UpstreamPool { upstreams }
    private(set) lazy var origins = OriginDirectory(worker: self)
    /// Towards other servers; `nil` when TLS cannot be set up.
    private(set) lazy var clientTLS: NIOSSLContext? = {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        if let file = self.configuration.originRoots.first { configuration.trustRoots = .file(file) }
        return try? NIOSSLContext(configuration: configuration)
    }()

    /// An empty buffer: that of the last answer, when it has been sent by now.
    func takeAnswerBuffer() -> ByteBuffer {
        var buffer = answerBuffer
        answerBuffer = ByteBuffer()
        buffer.clear()
        return buffer
    }

    func keepAnswerBuffer(_ buffer: ByteBuffer) {
        if buffer.capacity <= Self.maximumAnswerBuffer { answerBuffer = buffer }
    }

    func nextRequestID() -> RequestID { requestIDs.next() }

    /// The `Date` line of this second. The clock is looked at in each sweep.
    func date() -> [UInt8] { dateField.bytes }

    /// Seconds since 1970.
    var seconds: Int { dateField.second }

    // MARK: - The access log

    var logsAccess: Bool { recorder != nil }

    /// The date of this second as the log has it.
    func logDate() -> [UInt8] { recorder?.date(seconds) ?? [] }

    /// - Parameter handed: the connection's counter.
    func record(_ line: AccessLine, handed: Int) { recorder?.add { line.finish(handed: handed, into: &$0) } }

    /// Records an answer that was ready when its request came.
    func record(_ head: LoggedHead, address: String, version: StaticString, status: Int, bytes: Int) {
        let (date, made) = (logDate(), nextRequestID())
        recorder?.add {
            AccessLine.write(
                ready: head, address: address, date: date, version: version, status: status, bytes: bytes, made: made,
                into: &$0)
        }
    }

    /// What is recorded is on its way to the log when it returns.
    func flushLog() { recorder?.flush() }

    // MARK: - Client connections

    func register(_ front: any TimedConnection) {
        front.registration = fronts.count
        fronts.append(front)
        keepTime()
    }

    func unregister(_ front: any TimedConnection) {
        let index = front.registration
        guard fronts.indices.contains(index), fronts[index] === front else { return }
        let last = fronts.removeLast()
        if last !== front {
            last.registration = index
            fronts[index] = last
        }
        front.registration = -1
        if fronts.isEmpty { closed?.succeed(0) }
    }

    // MARK: - Time

    /// Lets the clock run as long as there is something to time.
    func keepTime() {
        guard sweeps == nil else { return }
        dateField.refresh()
        let step = TimeAmount(configuration.timerResolution)
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        sweeps = eventLoop.scheduleRepeatedTask(initialDelay: step, delay: step) { _ in bound.value.sweep() }
    }

    private func sweep() {
        clock.advance()
        dateField.refresh()
        // Releases that are gone must not be kept in memory.
        if memoVersion != routes.version {
            memoVersion = routes.version
            siteMemo.removeAll()
            heads.forgetAnswers()
        }
        recorder?.flush()
        for front in fronts where front.deadline <= clock.now { front.deadlinePassed() }
        pool.closeExpired()
        if fronts.isEmpty, pool.isEmpty {
            sweeps?.cancel()
            sweeps = nil
        }
    }

    // MARK: - Closing

    /// Closes idle connections at once and the others when their request has ended, or when the time is over. The
    /// future has the number of connections that were cut.
    func close(within limit: Duration) -> EventLoopFuture<Int> {
        isClosing = true
        let promise = eventLoop.makePromise(of: Int.self)
        closed = promise
        for front in fronts { front.closeIfIdle() }
        if fronts.isEmpty { promise.succeed(0) }
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        let timer = eventLoop.scheduleTask(in: TimeAmount(limit)) { bound.value.cutAll() }
        promise.futureResult.whenComplete { _ in
            timer.cancel()
            bound.value.pool.closeAll()
            bound.value.sweeps?.cancel()
        }
        return promise.futureResult
    }

    private func cutAll() {
        guard let promise = closed else { return }
        closed = nil
        let count = fronts.count
        // Those who have heard nothing yet are told.
        pool.closeAll()
        for front in fronts { front.cut() }
        promise.succeed(count)
    }
}

extension Worker {
    /// Ticks that an upstream may take to begin its answer; `nil` for ever.
    func firstByteTime(_ upstream: Upstream) -> Int? {
        upstream.isService ? times.serviceFirstByte : times.instanceFirstByte
    }
}
