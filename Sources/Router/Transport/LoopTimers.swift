import NIOCore

/// Something that a loop does at a time.
// Unchecked: made by any thread, and from then on touched by the loop's own only.
final class LoopTimer: @unchecked Sendable {
    let deadline: NIODeadline
    fileprivate var order = 0
    fileprivate var isCancelled = false
    fileprivate var isWaiting = false
    private var body: (() -> Void)?
    private var failure: ((any Error) -> Void)?

    init(_ deadline: NIODeadline, _ body: @escaping () -> Void, failure: @escaping (any Error) -> Void) {
        self.deadline = deadline
        self.body = body
        self.failure = failure
    }

    func run() {
        let body = body
        drop()
        body?()
    }

    func fail(_ error: any Error) {
        let failure = failure
        drop()
        failure?(error)
    }

    /// What the closures hold is given back now, not when the time has come.
    fileprivate func drop() {
        body = nil
        failure = nil
    }
}

/// The timers of one loop, as a heap: the next one is at its top. A cancelled timer stays until it is due or until half of
/// all are cancelled.
struct LoopTimers {
    private var heap: [LoopTimer] = []
    private var count = 0
    private var cancelled = 0

    /// When something is due; maybe earlier than anything is.
    var next: NIODeadline? { heap.first?.deadline }

    mutating func add(_ timer: LoopTimer) {
        guard !timer.isCancelled else { return }
        count &+= 1
        timer.order = count
        timer.isWaiting = true
        heap.append(timer)
        rise(heap.count - 1)
    }

    mutating func cancel(_ timer: LoopTimer) {
        guard !timer.isCancelled else { return }
        timer.isCancelled = true
        timer.drop()
        guard timer.isWaiting else { return }
        cancelled += 1
        guard cancelled > 64, cancelled > heap.count / 2 else { return }
        heap.removeAll(where: \.isCancelled)
        cancelled = 0
        for index in stride(from: heap.count / 2 - 1, through: 0, by: -1) { sink(index) }
    }

    /// The next timer whose time has come.
    mutating func popDue(_ now: NIODeadline) -> LoopTimer? {
        while let first = heap.first, first.deadline <= now {
            let last = heap.removeLast()
            if !heap.isEmpty {
                heap[0] = last
                sink(0)
            }
            first.isWaiting = false
            if !first.isCancelled { return first }
            cancelled -= 1
        }
        return nil
    }

    /// All that are not cancelled, in no order.
    mutating func removeAll() -> [LoopTimer] {
        defer {
            heap.removeAll()
            cancelled = 0
        }
        for timer in heap { timer.isWaiting = false }
        return heap.filter { !$0.isCancelled }
    }

    private func isBefore(_ left: Int, _ right: Int) -> Bool {
        (heap[left].deadline, heap[left].order) < (heap[right].deadline, heap[right].order)
    }

    private mutating func rise(_ start: Int) {
        var index = start
        while index > 0, isBefore(index, (index - 1) / 2) {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    private mutating func sink(_ start: Int) {
        var index = start
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2] where child < heap.count && isBefore(child, least) {
                least = child
            }
            guard least != index else { return }
            heap.swapAt(index, least)
            index = least
        }
    }
}
