import Core
import Synchronization

/// Copies what an app writes into a deploy's log while the deploy waits for it.
final class OutputFollower: Sendable {
    private struct State {
        var reader: ContainerLog.Reader
        var left: Int
    }

    private let state: Mutex<State>
    private let sink: any DeployLogSink

    /// - Parameter limit: so many lines at most.
    init(log: ContainerLog, sink: any DeployLogSink, limit: Int) {
        state = Mutex(State(reader: ContainerLog.Reader(path: log.path), left: limit))
        self.sink = sink
    }

    /// Copies what came since.
    func follow() {
        let (lines, isCut) = state.withLock { state -> ([String], Bool) in
            guard state.left > 0 else { return ([], false) }
            let lines = Array(state.reader.readMore().prefix(state.left))
            state.left -= lines.count
            return (lines, state.left == 0)
        }
        if !lines.isEmpty { sink.write(contentsOf: lines) }
        if isCut { sink.write("… more output is in the app's own log") }
    }
}
