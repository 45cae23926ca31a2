import NIOCore

/// Channels that are to be called in a moment, unless something comes for them before.
///
/// Cheaper than timers: nothing is kept in order, and the moment is longer than the kernel's own tick (1 to 10 ms), so that
/// waiting for it seldom means setting the processor's clock, which costs as much as a small write on a virtual machine.
struct LoopRecalls {
    static let moment = TimeAmount.milliseconds(10)

    /// How many still want to be called.
    var wanted = 0
    private var older: [StreamChannel] = []
    private var newer: [StreamChannel] = []
    /// When the older ones are to be called.
    private var end = NIODeadline.distantFuture

    /// When there is somebody to call; `nil` when nobody wants to be.
    var due: NIODeadline? { wanted > 0 ? end : nil }
    var isEmpty: Bool { older.isEmpty && newer.isEmpty }

    mutating func add(_ channel: StreamChannel) {
        wanted += 1
        if isEmpty { end = .now() + Self.moment }
        newer.append(channel)
    }

    /// Those that have waited for one moment or more, two at most while the loop keeps up. Some of them want no call any more, or
    /// were let off and added again: those are called early.
    mutating func take(_ now: NIODeadline) -> [StreamChannel] {
        guard now >= end else { return [] }
        end = now + Self.moment
        defer { (older, newer) = (newer, []) }
        return older
    }
}
