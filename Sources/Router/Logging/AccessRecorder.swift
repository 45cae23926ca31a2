/// The lines of one event loop on their way to the log: handed over together.
struct AccessRecorder {
    private static let batch = 32 * 1024

    private let log: AccessLog
    private var lines: [UInt8] = []
    private var second = -1
    private var dateBytes: [UInt8] = []

    init(_ log: AccessLog) { self.log = log }

    /// - Parameter write: adds a whole line with its end.
    mutating func add(_ write: (inout [UInt8]) -> Void) {
        write(&lines)
        if lines.count >= Self.batch { flush() }
    }

    mutating func flush() {
        guard !lines.isEmpty else { return }
        log.append(lines)
        lines.removeAll(keepingCapacity: true)
    }

    /// `21/Nov/2026:10:40:32 +0000`.
    mutating func date(_ second: Int) -> [UInt8] {
        if second != self.second {
            self.second = second
            dateBytes = Array(HTTPDate.logString(seconds: second).utf8)
        }
        return dateBytes
    }
}
