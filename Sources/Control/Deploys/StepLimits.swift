import Core

extension ControlConfiguration {
    func limit(of step: DeployStep.Name) -> Duration { stepLimits[step] ?? .seconds(3600) }

    /// What the start of an instance may take.
    func startLimit(of plan: RunPlan) -> Duration { .seconds(plan.readySeconds) + startMargin }

    /// What the end of an instance may take, of its open requests too.
    /// - Parameters:
    ///   - drain: seconds that those get.
    ///   - grace: seconds that its process gets.
    func stopLimit(drain: Int, grace: Int) -> Duration { .seconds(drain) + .seconds(grace) + stopMargin }

    /// What the longest deploy may take whose parts all keep to their limits.
    var longestDeploy: Duration {
        if let deployLimit { return deployLimit }
        let turns = buildTurnLimit + servingTurnLimit
        let steps = stepLimits.values.reduce(.zero, +)
        // The switch writes down that it is there, that it has proved sound or the way back, and how the deploy ended.
        let look = watchTime + lookLimit * SwitchWatch.faultyLooks + limit(of: .switch) * 3
        return turns + steps + look + longestGap + .seconds(1800)
    }
}

extension Platform {
    /// Runs a part of a deploy's way, or of an instance's, for at most `limit`.
    /// - Parameters:
    ///   - what: the part, for people.
    ///   - patience: for how long it is waited for when the caller is cancelled; `nil` for as long as when its time is over.
    func within<Value: Sendable>(
        _ limit: Duration, _ what: String, patience: Duration? = nil,
        _ body: @escaping @Sendable () async throws(PlatformError) -> Value
    ) async throws(PlatformError) -> Value {
        try await Deadline.run(what, limit: limit, grace: configuration.stepGrace, patience: patience, body)
    }

    /// Writes something of a deploy down, or reads it: within the limit of a switch, and whether the caller is cancelled or
    /// not.
    /// - Parameter step: the part of the deploy's way, for people.
    func recording<Value: Sendable>(
        for step: DeployStep.Name = .switch, _ body: @escaping @Sendable () async throws(PlatformError) -> Value
    ) async throws(PlatformError) -> Value {
        let limit = configuration.limit(of: .switch)
        return try await within(limit, "the step \(step.rawValue)", patience: limit, body)
    }
}
