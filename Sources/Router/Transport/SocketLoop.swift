import CLinux
import Dispatch
import Glibc
import NIOCore
import Synchronization

/// Something whose descriptor an event loop watches.
protocol PollSource: AnyObject {
    /// What the kernel has told of the descriptor, as epoll_ctl(2) has it.
    func ready(_ events: UInt32)
    /// The loop ends: everything is to be given back.
    func loopEnds()
}

/// An event loop of the router: one thread that waits in epoll(7) and runs what has come, sent or is due.
///
/// It is NIO's `EventLoop`, with channels of its own: a socket is registered once, for edges, where NIO's own loop changes
/// what it waits for several times for each connection (docs/decisions/0012-own-transport.md).
// Unchecked: what is not guarded by the mutex or atomic is touched by the loop's own thread only.
final class SocketLoop: @unchecked Sendable {
    private struct Slot {
        /// Tells the slot's present source from those before it, of which an event may still be on its way.
        var generation: UInt32 = 0
        var source: (any PollSource)?
    }

    private struct Mailbox {
        var jobs: [@Sendable () -> Void] = []
        var isStopping = false
        var hasEnded = false
        var whenEnded: [@Sendable () -> Void] = []
    }

    private static let wakerKey = UInt64.max
    /// Events that are taken at once.
    private static let batch = 256
    /// Where futures of loops that have ended still tell who waits for them.
    private static let afterlife = DispatchQueue(label: "router.ended")

    /// -1 when the loop ends: nothing new can be watched then.
    private var epoll: CInt
    private let waker: CInt
    private let thread = Atomic<UInt>(0)
    private let mailbox = Mutex(Mailbox())

    private var slots: [Slot] = []
    private var freeSlots: [Int] = []
    private var jobs: [() -> Void] = []
    private var quietJobs = QuietJobs()
    private var eager: [StreamChannel] = []
    private var timers = LoopTimers()
    private var recalls = LoopRecalls()
    private var hasMail = false
    var buffers = ReadBuffers()

    /// Starts the thread. Throws `IOError` when there are no descriptors left.
    init(name: String) throws {
        epoll = clinux_epoll_create()
        guard epoll >= 0 else { throw IOError(errnoCode: errno, reason: "epoll_create1") }
        waker = clinux_eventfd()
        guard waker >= 0 else {
            let code = errno
            Glibc.close(epoll)
            throw IOError(errnoCode: code, reason: "eventfd")
        }
        guard clinux_epoll_add_level(epoll, waker, Self.wakerKey) == 0 else {
            let code = errno
            Glibc.close(epoll)
            throw IOError(errnoCode: code, reason: "epoll_ctl")
        }
        // A peer that has gone is an error of the call, never the end of the process; `sendfile` cannot say so by itself.
        signal(SIGPIPE, SIG_IGN)
        let code = LoopThread.start(name) { self.run() }
        guard code == 0 else {
            Glibc.close(epoll)
            throw IOError(errnoCode: code, reason: "pthread_create")
        }
    }

    // Not at the loop's end: another thread that has posted may be about to wake it, and would write to whoever has the
    // number by then.
    deinit { Glibc.close(waker) }

    var inEventLoop: Bool { thread.load(ordering: .relaxed) == UInt(pthread_self()) }

    // MARK: - The loop

    private func run() {
        thread.store(UInt(pthread_self()), ordering: .relaxed)
        let events = UnsafeMutableBufferPointer<epoll_event>.allocate(capacity: Self.batch)
        defer { events.deallocate() }
        var isStopping = false
        while !isStopping {
            let count = epoll_wait(epoll, events.baseAddress, CInt(Self.batch), patience)
            for index in 0..<max(0, Int(count)) { tell(events[index]) }
            runEager()
            runRecalls()
            runTimers()
            if hasMail { isStopping = takeMail() }
            runJobs()
            for job in quietJobs.take(isQuiet: count <= 0 && jobs.isEmpty && eager.isEmpty) { job() }
        }
        end()
    }

    /// Milliseconds that there may be nothing to do; -1 for ever.
    private var patience: CInt {
        guard eager.isEmpty, jobs.isEmpty, quietJobs.isEmpty else { return 0 }
        guard let next = Self.earlier(timers.next, recalls.due) else { return -1 }
        let left = next.uptimeNanoseconds.subtractingReportingOverflow(NIODeadline.now().uptimeNanoseconds)
        guard !left.overflow else { return 0 }
        // Up, so that it does not run hot in the last millisecond.
        return CInt(min((left.partialValue + 999_999) / 1_000_000, 60_000))
    }

    private static func earlier(_ one: NIODeadline?, _ other: NIODeadline?) -> NIODeadline? {
        guard let one, let other else { return one ?? other }
        return min(one, other)
    }

    private func tell(_ event: epoll_event) {
        let key = event.data.u64
        guard key != Self.wakerKey else {
            var count: UInt64 = 0
            _ = Glibc.read(waker, &count, 8)
            hasMail = true
            return
        }
        let (index, generation) = (Int(key & 0xFFFF_FFFF), UInt32(key >> 32))
        guard index < slots.count, slots[index].generation == generation else { return }
        slots[index].source?.ready(event.events)
    }

    private func runEager() {
        guard !eager.isEmpty else { return }
        let now = eager
        eager.removeAll()
        for channel in now { channel.goOn() }
    }

    private func runRecalls() {
        guard !recalls.isEmpty else { return }
        for channel in recalls.take(.now()) { channel.recalled() }
    }

    private func runTimers() {
        guard let next = timers.next else { return }
        let now = NIODeadline.now()
        guard next <= now else { return }
        while let timer = timers.popDue(now) { timer.run() }
    }

    private func runJobs() {
        guard !jobs.isEmpty else { return }
        let now = jobs
        jobs.removeAll()
        for job in now { job() }
    }

    /// True when the loop is to end.
    private func takeMail() -> Bool {
        hasMail = false
        let (mail, isStopping) = mailbox.withLock { mailbox in
            defer { mailbox.jobs.removeAll() }
            return (mailbox.jobs, mailbox.isStopping)
        }
        for job in mail { jobs.append(job) }
        return isStopping
    }

    private func end() {
        Glibc.close(epoll)
        epoll = -1
        eager.removeAll()
        for slot in slots { slot.source?.loopEnds() }
        recalls = LoopRecalls()
        var isDone = false
        while !isDone {
            settle()
            let mail = mailbox.withLock { mailbox in
                defer { mailbox.jobs.removeAll() }
                mailbox.hasEnded = mailbox.jobs.isEmpty
                // The system gives the number to another thread, which is not this loop.
                if mailbox.hasEnded { thread.store(0, ordering: .relaxed) }
                return mailbox.jobs
            }
            for job in mail { jobs.append(job) }
            isDone = mail.isEmpty
        }
        let told = mailbox.withLock { mailbox in
            defer { mailbox.whenEnded.removeAll() }
            return mailbox.whenEnded
        }
        for callback in told { callback() }
    }

    /// Does what closing has left to be done, and what that leaves in turn.
    private func settle() {
        while !jobs.isEmpty || !quietJobs.isEmpty || timers.next != nil {
            for timer in timers.removeAll() { timer.fail(EventLoopError.shutdown) }
            runJobs()
            for job in quietJobs.take(isQuiet: true) { job() }
        }
    }

    /// Runs what came after the end, so that nobody waits for ever for a future of this loop.
    func runAfterEnd(_ task: @escaping @Sendable () -> Void) {
        Self.afterlife.async {
            self.thread.store(UInt(pthread_self()), ordering: .relaxed)
            task()
            self.settle()
            self.thread.store(0, ordering: .relaxed)
        }
    }

    // MARK: - What it watches

    /// Watches a socket: each change of what it can do is told once. Returns its place, `nil` when the kernel refuses.
    func watch(_ source: any PollSource, _ descriptor: CInt) -> Int? {
        place(source) { clinux_epoll_add_edges(epoll, descriptor, $0) }
    }

    /// Watches a listening socket: told for as long as somebody waits there.
    func watchListener(_ source: any PollSource, _ descriptor: CInt) -> Int? {
        place(source) { clinux_epoll_add_level(epoll, descriptor, $0) }
    }

    private func place(_ source: any PollSource, _ add: (UInt64) -> CInt) -> Int? {
        if freeSlots.isEmpty {
            freeSlots.append(slots.count)
            slots.append(Slot())
        }
        guard let index = freeSlots.last else { return nil }
        guard add(UInt64(slots[index].generation) << 32 | UInt64(index)) == 0 else { return nil }
        freeSlots.removeLast()
        slots[index].source = source
        return index
    }

    /// Forgets a source. Its descriptor is closed by whoever has it, which ends the watch with it.
    func forget(_ index: Int) {
        slots[index].generation &+= 1
        slots[index].source = nil
        freeSlots.append(index)
    }

    /// Stops watching a descriptor that stays open.
    func unwatch(_ index: Int, _ descriptor: CInt) {
        _ = clinux_epoll_remove(epoll, descriptor)
        forget(index)
    }

    /// A channel that can go on without anything new from the kernel has its turn after the others.
    func letGoOn(_ channel: StreamChannel) { eager.append(channel) }

    /// Calls a channel in a moment, unless it is let off before.
    func recall(_ channel: StreamChannel) { recalls.add(channel) }
    func letOff() { recalls.wanted -= 1 }

    // MARK: - What it is asked to do

    /// Runs a job in the loop's next turn; only from the loop's own thread.
    func later(_ job: @escaping () -> Void) { jobs.append(job) }

    /// Runs a job when nothing is ready any more, or after some turns; only from the loop's own thread.
    func whenQuiet(_ job: @escaping () -> Void) { quietJobs.add(job) }

    /// False when the loop has ended and takes nothing more.
    func post(_ job: @escaping @Sendable () -> Void) -> Bool {
        let (isTaken, isFirst) = mailbox.withLock { mailbox in
            guard !mailbox.hasEnded else { return (false, false) }
            mailbox.jobs.append(job)
            return (true, mailbox.jobs.count == 1)
        }
        if isFirst { wake() }
        return isTaken
    }

    private func wake() {
        var one: UInt64 = 1
        _ = Glibc.write(waker, &one, 8)
    }

    func add(_ timer: LoopTimer) { timers.add(timer) }
    func cancel(_ timer: LoopTimer) { timers.cancel(timer) }

    /// Closes what is open and ends the thread; `callback` comes then.
    func stop(_ callback: @escaping @Sendable () -> Void) {
        let (isOver, isFirst) = mailbox.withLock { mailbox in
            guard !mailbox.hasEnded else { return (true, false) }
            mailbox.whenEnded.append(callback)
            defer { mailbox.isStopping = true }
            return (false, !mailbox.isStopping)
        }
        if isOver { callback() } else if isFirst { wake() }
    }
}
