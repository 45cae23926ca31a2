import Core

/// A plan in lines for people.
struct PlanDescription {
    let plan: BuildPlan

    var lines: [String] {
        let run = plan.run
        var lines = plan.steps.map { step in
            "step \(step.name): \(Self.shown(step.arguments))\(step.directory.map { " in \($0)/" } ?? "")"
                + ", at most \(step.timeLimit) s\(step.isOffline == true ? ", without network" : "")"
        }
        if lines.isEmpty { lines.append("no steps") }
        if let packages = plan.packages { lines.append("packages: \(packages.joined(separator: " "))") }
        lines += (plan.versions ?? []).map { "version: \($0.program) \($0.wanted), says \($0.place)" }
        lines += (plan.caches ?? []).map {
            "cache: \(ContainerTask.cachePath)/\($0.name), up to \(ByteCount.text($0.bytes))"
        }
        let place = plan.directory.map { " in \($0)/" } ?? ""
        if let site = plan.site {
            let folders = site.candidates.map { $0 == "." ? "the root" : "\($0)/" }.joined(separator: ", ")
            lines.append("publish\(place): the first that has \(site.marker) of \(folders)")
        } else {
            lines.append("start\(place): \(Self.shown(run.command))")
            lines.append(
                "ready: when \(Self.question(run)), within \(run.readySeconds) s"
                    + (run.kind == .web ? "; the port is in \(run.portVariable)" : ""))
            if let signal = run.stopSignal { lines.append("stop: \(signal.rawValue)") }
        }
        return lines
    }

    /// What makes the app count as ready.
    private static func question(_ run: RunPlan) -> String {
        switch run.readiness {
        case .file: return "it has made the file that \(RunPlan.readyFileVariable) names"
        case .up:
            return "it has run for \(RunPlan.upSeconds) s, or made the file that \(RunPlan.readyFileVariable) names"
        case .tcp: return "port \(run.port) accepts connections"
        case .http, nil: return "GET \(run.healthPath) on port \(run.port) answers with a status below 500"
        }
    }

    /// An argument vector as one would type it.
    static func shown(_ arguments: [String]) -> String {
        arguments.map { argument in
            let isPlain = argument.utf8.allSatisfy {
                (0x61...0x7a).contains($0) || (0x41...0x5a).contains($0) || (0x2b...0x3a).contains($0) || $0 == 0x3d
                    || $0 == 0x40 || $0 == 0x5f
            }
            guard argument.isEmpty || !isPlain else { return argument }
            return "'\(argument.replacing("'", with: #"'\''"#))'"
        }.joined(separator: " ")
    }
}

extension ReleaseBuilder {
    /// What a build of this request would do, in lines for people. Throws as `build` does for what cannot be planned.
    public func describePlan(_ request: BuildRequest, log: any DeployLogSink) async throws(PlatformError) -> [String] {
        PlanDescription(plan: try await plan(request, log: log)).lines
    }
}
