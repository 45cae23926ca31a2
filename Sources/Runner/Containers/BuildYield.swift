/// Whether builds give way to every instance that wakes, by what they got of the processors: they do, unless instances leave them
/// nothing. Pure.
struct BuildYield: Sendable {
    /// What containers have used of the processors since they were first there, seconds.
    struct Usage: Sendable, Hashable {
        var builds: Double
        var instances: Double
    }

    /// Builds that get less than so much of one processor are starved,
    private static let starved = 0.05
    /// where instances take so much of all processors.
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
        let isBusy = usage.instances - before.usage.instances > Self.busy * Double(processors) * time
        let wasIdle = isIdle
        isIdle = !(isBuilding && isStarved && isBusy)
        return isIdle != wasIdle
    }
}
