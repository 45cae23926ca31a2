import Foundation

/// What a deploy did, in figures: how long its steps took, and what its switch cost. Kept with the deploy when it has ended.
public struct DeployReport: Sendable, Hashable, Codable {
    /// In the order in which they began.
    public var steps: [DeployStep]
    /// `nil` when it did not come to a switch.
    public var switched: SwitchFigures?
    /// It brought a kept release live, without a build.
    public var isReuse: Bool

    public init(steps: [DeployStep] = [], switched: SwitchFigures? = nil, isReuse: Bool = false) {
        self.steps = steps
        self.switched = switched
        self.isReuse = isReuse
    }
}

extension DeployReport {
    /// `took 240 ms: resolve 3 ms, database 2 ms, build 61 ms, start 170 ms, switch 4 ms`. Steps may overlap.
    public var line: String {
        let ended = steps.compactMap { step in step.milliseconds.map { (step, $0) } }
        guard let first = steps.map(\.startedAt).min() else { return "took no time" }
        let ends = ended.map { step, milliseconds in
            Int((step.startedAt.timeIntervalSince(first) * 1000).rounded()) + milliseconds
        }
        let parts = ended.map { step, milliseconds in "\(step.name.rawValue) \(milliseconds) ms" }
        return "took \(ends.max() ?? 0) ms: \(parts.joined(separator: ", "))"
    }
}

/// A part of a deploy's way.
public struct DeployStep: Sendable, Hashable, Codable {
    public enum Name: String, Sendable, Codable, CaseIterable {
        /// Finding the commit.
        case resolve
        /// Waiting for the channel's database.
        case database
        /// The operator's `pre-deploy` programs.
        case hooks
        /// Waiting for a turn among the builds of all users, then checkout, steps, files.
        case build
        /// From the container to the first sound answer.
        case start
        /// The switch of the route, and the look at the new version after it.
        case `switch`
    }

    public let name: Name
    public let startedAt: Date
    /// `nil` while it goes on.
    public var milliseconds: Int?

    public init(name: Name, startedAt: Date, milliseconds: Int? = nil) {
        self.name = name
        self.startedAt = startedAt
        self.milliseconds = milliseconds
    }
}

/// What a switch cost those who asked meanwhile. Times are those to the first byte of an answer, milliseconds.
public struct SwitchFigures: Sendable, Hashable, Codable {
    /// Requests that were answered, or not, from the switch of the route until the new version was taken for sound.
    public var requests: Int
    /// Those of them that got no answer, or one with a status from 500.
    public var failed: Int
    /// The same of the old version, from the begin of the deploy to the switch.
    public var requestsBefore: Int
    public var failedBefore: Int
    /// The time within which 99 of 100 were answered; `nil` when there were none.
    public var p99Before: Double?
    public var p99After: Double?

    public init(before: TrafficFigures, after: TrafficFigures) {
        requests = after.requests
        failed = after.failed
        requestsBefore = before.requests
        failedBefore = before.failed
        p99Before = before.latencies.percentile(99)
        p99After = after.latencies.percentile(99)
    }

    /// `switch: 0 failed of 4812, p99 +3 ms`.
    public var line: String {
        guard let p99Before, let p99After else { return "switch: \(failed) failed of \(requests)" }
        let difference = Int((p99After - p99Before).rounded())
        return "switch: \(failed) failed of \(requests), p99 \(difference < 0 ? "" : "+")\(difference) ms"
    }
}
