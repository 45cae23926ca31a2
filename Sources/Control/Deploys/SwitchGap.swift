import Core

extension ControlConfiguration {
    /// How long requests may have to wait while an app that must not run twice is replaced: those that are open end, its
    /// process ends, the new version becomes ready; when that does not, what came to it ends and the old version becomes
    /// ready again.
    /// - Parameters:
    ///   - grace: seconds that the old version's plan gives its process to end.
    ///   - ready: seconds that either version's plan gives it to become ready.
    public func gap(grace: Int, ready: Int) -> Duration {
        let stop = Duration.seconds(grace) + stopMargin
        let start = Duration.seconds(ready) + startMargin
        return .seconds(drainSeconds) + stop + start + .seconds(failedDrainSeconds) + start
    }

    /// The same with the most that a plan may ask for.
    public var longestGap: Duration {
        gap(grace: RunPlan.graceRange.upperBound, ready: RunPlan.readyRange.upperBound)
    }
}
