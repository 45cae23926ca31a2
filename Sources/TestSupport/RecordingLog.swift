import Logging
import Synchronization

/// Keeps what is logged, every level of it.
public final class RecordingLog: Sendable {
    public struct Entry: Sendable {
        public let level: Logger.Level
        public let message: String
        public let metadata: [String: String]

        /// Message and metadata in one line.
        public var text: String {
            ([message] + metadata.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }).joined(separator: " ")
        }
    }

    private let state = Mutex<[Entry]>([])

    public init() {}

    public var entries: [Entry] { state.withLock { $0 } }

    /// A logger that writes here.
    public var logger: Logger { Logger(label: "recording") { _ in Handler(log: self) } }

    fileprivate func append(_ entry: Entry) { state.withLock { $0.append(entry) } }

    private struct Handler: LogHandler {
        let log: RecordingLog
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        init(log: RecordingLog) { self.log = log }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let all = metadata.merging(event.metadata ?? [:]) { $1 }
            log.append(
                Entry(
                    level: event.level, message: "\(event.message)",
                    metadata: Dictionary(uniqueKeysWithValues: all.map { ($0.key, "\($0.value)") })))
        }
    }
}
