/// Jobs that wait until nothing else is ready: what they do is cheaper done for many at once.
struct QuietJobs {
    /// Turns of a busy loop that they wait at most.
    static let patience = 8

    private var jobs: [() -> Void] = []
    private var turns = 0

    var isEmpty: Bool { jobs.isEmpty }

    mutating func add(_ job: @escaping () -> Void) { jobs.append(job) }

    /// Those whose time has come.
    /// - Parameter isQuiet: nothing was ready in this turn.
    mutating func take(isQuiet: Bool) -> [() -> Void] {
        guard !jobs.isEmpty else { return [] }
        turns += 1
        guard isQuiet || turns >= Self.patience else { return [] }
        turns = 0
        defer { jobs.removeAll() }
        return jobs
    }
}
