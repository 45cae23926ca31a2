import Core
import Synchronization

/// Keeps the lines that were written to it.
public final class RecordingLogSink: DeployLogSink {
    private let state = Mutex<[String]>([])

    public init() {}

    public func write(_ line: String) { state.withLock { $0.append(line) } }
    public var lines: [String] { state.withLock { $0 } }
}
