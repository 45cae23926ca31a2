/// Watches a client for which something waits. One that takes a little now and then is slow; one that takes nothing for the
/// whole time is late.
struct ReaderWatch {
    /// How often within its time a client is looked at.
    private static let looks = 8

    /// The tick at which the client is to be looked at; `never` when nothing waits.
    private(set) var deadline = TickClock.never
    private var end = TickClock.never
    private var taken = 0

    var isOn: Bool { deadline != TickClock.never }

    /// - Parameter taken: bytes that the client has taken so far, from any starting point.
    mutating func start(taken: Int, clock: TickClock, limit: Duration) {
        guard !isOn else { return }
        self.taken = taken
        end = clock.deadline(limit)
        deadline = min(end, clock.deadline(limit / Self.looks))
    }

    /// Looks at the client. True when it is late.
    mutating func look(taken now: Int, clock: TickClock, limit: Duration) -> Bool {
        if now > taken { end = clock.deadline(limit) }
        taken = now
        deadline = min(end, clock.deadline(limit / Self.looks))
        return end <= clock.now
    }

    mutating func stop() { deadline = TickClock.never }
}
