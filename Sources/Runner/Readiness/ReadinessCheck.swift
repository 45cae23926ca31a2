import Synchronization

/// Waits until a process answers, ends, or has had its time.
final class ReadinessCheck: Sendable {
    enum Result: Sendable, Hashable {
        case ready
        case exited(ContainerExit)
        case timedOut
        case cancelled
    }

    private static let shortestPause = Duration.microseconds(1500)
    private static let longestPause = Duration.milliseconds(250)
    /// Between two looks at the process.
    private static let followInterval = Duration.milliseconds(20)

    private let probe: HTTPProbe
    private let limit: Duration
    private let progress = Mutex<(attempts: Int, lastSeen: HTTPProbe.Outcome?)>((0, nil))

    init(host: String, target: ReadinessTarget) {
        probe = HTTPProbe(host: host, port: target.port, path: target.path)
        limit = .seconds(target.seconds)
    }

    var attempts: Int { progress.withLock { $0.attempts } }
    var lastSeen: HTTPProbe.Outcome? { progress.withLock { $0.lastSeen } }

    /// - Parameters:
    ///   - exit: how the process ended, `nil` as long as it runs.
    ///   - follow: called about every 20 ms.
    func run(
        exit: @escaping @Sendable () -> ContainerExit?, follow: @escaping @Sendable () -> Void
    ) async -> Result {
        await withTaskGroup(of: Result.self) { group in
            group.addTask { await self.askUntilReady() }
            group.addTask {
                while (try? await Task.sleep(for: Self.followInterval)) != nil {
                    follow()
                    if let exit = exit() { return .exited(exit) }
                }
                return .cancelled
            }
            group.addTask {
                let isOver = (try? await Task.sleep(for: self.limit)) != nil
                return isOver ? .timedOut : .cancelled
            }
            let first = await group.next() ?? .cancelled
            group.cancelAll()
            await group.waitForAll()
            return first
        }
    }

    private func askUntilReady() async -> Result {
        let clock = ContinuousClock()
        let begun = clock.now
        while !Task.isCancelled {
            let outcome = await probe.ask()
            if Task.isCancelled { break }
            progress.withLock { $0 = ($0.attempts + 1, outcome) }
            if outcome.isReady { return .ready }
            // In proportion to the time that has gone: a quick app is found ready within a few milliseconds.
            let pause = min(max((clock.now - begun) / 32, Self.shortestPause), Self.longestPause)
            guard (try? await Task.sleep(for: pause)) != nil else { break }
        }
        return .cancelled
    }
}
