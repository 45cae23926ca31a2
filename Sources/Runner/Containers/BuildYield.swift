/// Whether builds give way to all else that wakes, by what they got of the processors: they do, unless that leaves them nothing.
/// Pure.
struct BuildYield: Sendable {
    /// What was used of the processors, seconds since some beginning.
    struct Usage: Sendable, Hashable {
        var builds: Double
        /// Of all else on the machine.
        var others: Double
    }

    /// Builds that get less than so much of one processor are starved,
    private static let starved = 0.05
    /// where others take so much of all processors.
    private static let busy = 0.8

    private let processors: Int
    private var last: (usage: Usage, date: ContinuousClock.Instant)?
    private(set) var isIdle = true

    init(processors: Int) { self.processors = processors }

    /// Looks at what was used since the last look. Whether `isIdle` has changed.
    /// - Parameter isBuilding: builds run.
    mutating func look(_ usage: Usage, isBuilding: Bool, now: ContinuousClock.Instant = .now) -> Bool {
        let before = last
        last = (usage, now)
        guard let before, now > before.date else { return false }
        let time = (now - before.date) / .seconds(1)
        let isStarved = usage.builds - before.usage.builds < Self.starved * time
        let isBusy = usage.others - before.usage.others > Self.busy * Double(processors) * time
        let wasIdle = isIdle
        isIdle = !(isBuilding && isStarved && isBusy)
        return isIdle != wasIdle
    }
}
