import Core

extension ControlConfiguration {
    /// How long requests may have to wait while an app that must not run twice is replaced: those that are open end, its
    /// process ends, the new version becomes ready; when that does not, what came to it ends and the old version becomes
    /// ready again.
    /// - Parameters:
    ///   - grace: seconds that the old version's plan gives its process to end.
    ///   - ready: seconds that either version's plan gives it to become ready.
    public func gap(grace: Int, ready: Int) -> Duration {
        let stop = stopLimit(drain: drainSeconds, grace: grace)
        let start = Duration.seconds(ready) + startMargin
        let removal = stopLimit(drain: failedDrainSeconds, grace: 0)
        let parts = [stop, start, removal, start]
        // Each may be waited for when its time is over. And it is written down that the new version is there, that it is
        // switched to, and that the old one is there again.
        return parts.reduce(.zero, +) + stepGrace * parts.count + limit(of: .switch) * 3
    }

    /// The same with the most that a plan may ask for.
    public var longestGap: Duration {
        gap(grace: RunPlan.graceRange.upperBound, ready: RunPlan.readyRange.upperBound)
    }
}
