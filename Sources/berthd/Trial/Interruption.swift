import Glibc
import UnixSignals

/// Ends work in order when a person or the system wants the process to end.
enum Interruption {
    /// Runs `body`; SIGINT, SIGTERM and SIGHUP cancel its task, and are without effect from then on.
    /// - Returns: what `body` returned, and whether a signal came before that.
    static func run<Value: Sendable>(_ body: @escaping @Sendable () async -> Value) async -> (
        Value, wasInterrupted: Bool
    ) {
        // Writing to a reader that has gone must not end the process before it has cleaned up.
        signal(SIGPIPE, SIG_IGN)
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup)
        let work = Task { await body() }
        let watch = Task { () -> Bool in
            for await _ in signals where !Task.isCancelled {
                work.cancel()
                return true
            }
            return false
        }
        let value = await work.value
        watch.cancel()
        let wasInterrupted = await watch.value
        withExtendedLifetime(signals) {}
        return (value, wasInterrupted)
    }
}
