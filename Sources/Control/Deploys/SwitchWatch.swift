import Core

/// Looks at a new version in the first seconds after the switch.
struct SwitchWatch: Sendable {
    /// Failures below this number say nothing.
    static let minimumFailures = 3
    /// How much more of the requests may fail than before: twice the share, and this.
    static let margin = 0.05
    /// Looks at the instance that must find a fault one after the other; one may be bad luck under load.
    static let faultyLooks = 2
    private static let interval = Duration.milliseconds(100)
    /// Every so many looks at the traffic also one at the instance.
    private static let thoroughness = 3

    /// The traffic of the old version.
    let before: TrafficFigures

    /// Looks for `time`, or until the turn is cancelled or the server is being stopped, whatever comes first. Returns why the
    /// version is not sound; `nil` when it is, as far as was seen.
    func run(
        for time: Duration, turn: DeployTurn, traffic: @Sendable () -> TrafficFigures,
        fault: @Sendable () async -> String?
    ) async -> String? {
        let deadline = ContinuousClock.now + time
        var faults = 0
        var look = 0
        while true {
            if let reason = turn.cancellation { return reason }
            if let reason = judge(traffic()) { return reason }
            let isOver = ContinuousClock.now >= deadline
            // What looked faulty once is looked at again before anything is concluded.
            if isOver || faults > 0 || look.isMultiple(of: Self.thoroughness) {
                if let seen = await fault() {
                    faults += 1
                    if faults >= Self.faultyLooks { return "the new version is not sound after the switch: \(seen)" }
                } else {
                    faults = 0
                }
            }
            if isOver, faults == 0 { return nil }
            look += 1
            do { try await Task.sleep(for: Self.interval) } catch { return turn.cancellation }
        }
    }

    /// Why the traffic speaks against the new version; `nil` when it does not.
    func judge(_ after: TrafficFigures) -> String? {
        guard after.failed >= Self.minimumFailures,
            after.failureRate > before.failureRate * 2 + Self.margin
        else { return nil }
        return "\(after.failed) of \(after.requests) requests failed after the switch, "
            + "\(before.failed) of \(before.requests) before it"
    }
}
