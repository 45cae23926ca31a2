/// What tells that an instance has reached a limit.
struct LimitCounters: Sendable, Hashable {
    /// How often a process was refused.
    var refusals = 0
    /// Processes that were killed for want of memory.
    var kills = 0
    /// Where its log ends; `nil` where there is none.
    var logEnd: ContainerLog.Place?
}

extension LimitCounters {
    /// Those of a group, and of the log of what runs in it.
    init(of group: String, in groups: ControlGroups, log: ContainerLog) {
        self.init(
            refusals: groups.refusedProcesses(group), kills: groups.memoryKills(group), logEnd: log.end)
    }
}

/// Tells from one look at an instance to the next which limits it has reached while it runs on. Pure.
struct LimitWatch: Sendable {
    enum Hit: Sendable, Hashable {
        /// So many processes were refused since that was told last.
        case refusals(Int)
        /// It starts processes and does nothing else.
        case forkBomb
        /// Processes of it were killed for want of memory.
        case kills
        /// It writes more in a minute than its log keeps.
        case flood
    }

    private enum Kind: Sendable, Hashable { case refusals, kills, flood }

    /// What goes on is told again after this time.
    static let repetition = Duration.seconds(3600)
    /// Refusals a second, from one look to the next: a program that is refused a process gives up or waits.
    static let bombRate = 2_000
    /// So many looks in a row, a second apart.
    static let bombLooks = 3
    /// A log that begins anew sooner than that is flooded.
    static let floodTime = Duration.seconds(60)

    private var last: (counters: LimitCounters, date: ContinuousClock.Instant)?
    /// When the file of the log was first seen.
    private var logBegun: ContinuousClock.Instant?
    /// Looks in a row that saw so many refusals.
    private var fastLooks = 0
    /// The last look saw refusals as fast as a fork bomb's, and it is not known yet whether they go on.
    var isSuspect: Bool { fastLooks > 0 }
    /// What was not told yet.
    private var pending: [Kind: Int] = [:]
    private var told: [Kind: ContinuousClock.Instant] = [:]

    /// The container was made anew: the kernel counts from nothing.
    /// - Parameter logEnd: where its log goes on.
    mutating func begin(logEnd: ContainerLog.Place?, now: ContinuousClock.Instant = .now) {
        last = (LimitCounters(logEnd: logEnd), now)
        logBegun = now
        fastLooks = 0
    }

    /// Whether refusals came as fast as a fork bomb's since the last look.
    /// - Parameter pace: what the instance had of its processors meanwhile, of 1. A bomb with less of them is slower.
    func isFast(_ counters: LimitCounters, pace: Double = 1, now: ContinuousClock.Instant = .now) -> Bool {
        guard let last else { return false }
        let refusals = counters.refusals - last.counters.refusals
        return refusals > 0 && Double(refusals) >= Double(Self.bombRate) * pace * ((now - last.date) / .seconds(1))
    }

    /// What is to be told of. The first look at what was there before only takes note of how it stands.
    /// - Parameter pace: as of `isFast`.
    mutating func look(_ counters: LimitCounters, pace: Double = 1, now: ContinuousClock.Instant = .now) -> [Hit] {
        let isFast = isFast(counters, pace: pace, now: now)
        let before = last
        last = (counters, now)
        watchLog(counters.logEnd, after: before?.counters.logEnd, now: now)
        guard let before else { return [] }
        add(.kills, counters.kills - before.counters.kills)
        add(.refusals, counters.refusals - before.counters.refusals)
        fastLooks = isFast ? fastLooks + 1 : 0
        if fastLooks == Self.bombLooks {
            fastLooks = 0
            pending[.refusals] = nil
            return [.forkBomb]
        }
        var hits: [Hit] = []
        if take(.kills, now: now) != nil { hits.append(.kills) }
        // Whether it is a burst or a bomb the next looks tell.
        if fastLooks == 0, let count = take(.refusals, now: now) { hits.append(.refusals(count)) }
        if take(.flood, now: now) != nil { hits.append(.flood) }
        return hits
    }

    private mutating func watchLog(
        _ end: ContainerLog.Place?, after before: ContainerLog.Place?, now: ContinuousClock.Instant
    ) {
        guard let end else { return }
        if let before, end.inode != before.inode || end.position < before.position {
            if let logBegun, now - logBegun < Self.floodTime { add(.flood, 1) }
            logBegun = now
        }
        logBegun = logBegun ?? now
    }

    private mutating func add(_ kind: Kind, _ count: Int) { if count > 0 { pending[kind, default: 0] += count } }

    /// How often what is to be told now happened since it was told last.
    private mutating func take(_ kind: Kind, now: ContinuousClock.Instant) -> Int? {
        guard let count = pending[kind] else { return nil }
        if let last = told[kind], now - last < Self.repetition { return nil }
        pending[kind] = nil
        told[kind] = now
        return count
    }
}
