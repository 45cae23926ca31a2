import NIOCore

/// Time in steps of the timer's resolution. A deadline is one number in the connection, looked at once a step, so that a
/// request costs no timer and ten thousand idle connections cost one.
struct TickClock {
    static let never = Int.max

    private(set) var now = 0
    let resolution: Duration

    mutating func advance() { now += 1 }

    /// The tick by which at least `duration` has gone by.
    func deadline(_ duration: Duration) -> Int { deadline(ticks: ticks(duration)) }
    func deadline(ticks: Int) -> Int { now + ticks + 2 }

    /// The tick by which a time has not quite gone by.
    func expiry(ticks: Int) -> Int { now + max(1, ticks - 1) }

    func ticks(_ duration: Duration) -> Int {
        let ratio = duration / resolution
        return ratio.isFinite ? Int(min(max(ratio, 0), 1e12)) : 0
    }
}
