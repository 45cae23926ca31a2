import Core

/// The steps of a plan, one after another.
extension ReleaseBuilder {
    /// Runs those whose result is not kept from an earlier build.
    func run(
        _ plan: BuildPlan, with steps: StepRunner, of request: BuildRequest, log: any DeployLogSink
    ) async throws(PlatformError) {
        try await withCaches(plan, of: request, log: log) { [steps] (cache) async throws(PlatformError) in
            var steps = steps
            steps.cache = cache
            for step in plan.steps {
                // Only now: no step is left that could put something else in their places.
                if step.name == PlanResolver.releaseStep { steps.volumes = try await volumeMounts(plan.run, request) }
                try await run(step, with: steps, of: request, log: log)
            }
        }
    }

    /// Takes over what every one of the steps would make. False when something is not kept any more; the release's folder then has
    /// a part of it.
    func takeAll(
        _ steps: [BuildStep], of request: BuildRequest, root: String, log: any DeployLogSink
    ) async -> Bool {
        for step in steps {
            guard await take(step, of: request, root: root, log: log) else { return false }
        }
        return true
    }
}
