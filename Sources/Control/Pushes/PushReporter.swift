import Core

/// Merges the logs of the deploys that one push set off into what the pusher sees.
enum PushReporter {
    /// What a pusher is told whose deploys have not ended when the server is stopped.
    static let interrupted = "the server is being stopped; the deploy starts again when the server does"

    struct Listener: Sendable {
        let deploy: Deploy
        let channel: String
        /// The site's address.
        let url: String?
        let events: AsyncStream<DeployLogEvent>
    }

    /// The lines as they come (with the channel's name in front when there are several), the site's address after a
    /// success, and one verdict a ref once all of its deploys have ended.
    static func events(of listeners: [Listener]) -> AsyncStream<PushEvent> {
        let (stream, continuation) = AsyncStream<PushEvent>.makeStream()
        let task = Task {
            var waiting: [ExactText: Int] = [:]
            var failures: [ExactText: [String]] = [:]
            for listener in listeners { waiting[ExactText(listener.deploy.ref ?? ""), default: 0] += 1 }
            await withTaskGroup(of: (ref: ExactText, failure: String?).self) { group in
                for listener in listeners {
                    let prefix = listeners.count > 1 ? "\(listener.channel) | " : ""
                    group.addTask {
                        var failure: String? = Self.interrupted
                        for await event in listener.events {
                            switch event {
                            case .lines(let lines): continuation.yield(.lines(lines.map { prefix + $0 }))
                            case .ended(let reason):
                                failure = reason
                                if reason == nil, let url = listener.url { continuation.yield(.lines([prefix + url])) }
                            }
                        }
                        let ref = ExactText(listener.deploy.ref ?? "")
                        return (ref, failure.map { "deploy of \(listener.channel) failed: \($0)" })
                    }
                }
                for await (ref, failure) in group {
                    waiting[ref, default: 0] -= 1
                    if let failure { failures[ref, default: []].append(failure) }
                    if waiting[ref] == 0 {
                        continuation.yield(
                            .settled(ref: ref.text, failure: failures[ref]?.sorted().joined(separator: "; ")))
                    }
                }
            }
            continuation.finish()
        }
        // Whoever stops listening ends the reporting, never the deploys.
        continuation.onTermination = { _ in task.cancel() }
        return stream
    }
}
