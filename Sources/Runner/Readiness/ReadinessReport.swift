/// What is written into a deploy's log about an instance that did not become ready.
struct ReadinessReport: Sendable {
    let plan: ReadinessTarget
    let lastSeen: HTTPProbe.Outcome?
    let attempts: Int
    let sockets: [ListeningSocket]
    let output: [String]
    /// How the process ended; `nil` when it still ran.
    let exit: ContainerExit?

    /// One line, the reason of the failure.
    var reason: String {
        if let exit { return "the app \(exit.description) before it was ready" }
        switch lastSeen {
        case .answered(let status):
            return "the app answered GET \(plan.path ?? "/") with status \(status) for \(plan.seconds) s"
        default: return "the app did not answer on port \(plan.port) within \(plan.seconds) s"
        }
    }

    var lines: [String] {
        var lines = ["health check failed: \(reason)"]
        if exit == nil {
            lines.append("tried: \(plan.question), \(attempts) times")
            lines.append("seen: \(lastSeen?.description ?? "nothing")")
            let listening = sockets.map { "\($0.address):\($0.port)" }.joined(separator: ", ")
            lines.append("listening in the container: \(listening.isEmpty ? "nothing" : listening)")
            if let hint { lines.append("hint: \(hint)") }
        }
        if output.isEmpty {
            lines.append("the app wrote no output")
        } else {
            lines.append("last \(output.count) \(output.count == 1 ? "line" : "lines") of output:")
            lines += output.map { "  \($0)" }
        }
        return lines
    }

    private var hint: String? {
        let right = sockets.filter { $0.port == plan.port }
        if right.contains(where: { !$0.isLoopback }) { return nil }
        if let socket = right.first {
            return "the app listens on \(socket.address) only, which nobody outside reaches; let it listen on 0.0.0.0"
        }
        guard let socket = sockets.first else {
            return "the app must listen on port \(plan.port), given as \(plan.variable)"
        }
        return "the app listens on port \(socket.port); it must listen on \(plan.port), given as \(plan.variable)"
    }
}

/// What a readiness check asks for.
struct ReadinessTarget: Sendable, Hashable {
    let port: Int
    /// What `GET` asks for; `nil` when it is enough that the port accepts.
    let path: String?
    let variable: String
    let seconds: Int

    /// `GET / on port 8080`, or `a connection to port 8080`.
    var question: String { path.map { "GET \($0) on port \(port)" } ?? "a connection to port \(port)" }
}
