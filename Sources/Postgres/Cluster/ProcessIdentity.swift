import Foundation

/// A process that cannot be mistaken for a later one with the same number.
struct ProcessIdentity: Sendable, Hashable {
    let pid: Int32
    /// Clock ticks after the start of the machine (proc(5), `/proc/pid/stat`, field 22).
    private let startTicks: UInt64

    /// `nil` when no such process runs.
    init?(pid: Int32) {
        guard pid > 1, let ticks = Self.startTicks(pid) else { return nil }
        self.pid = pid
        startTicks = ticks
    }

    var isRunning: Bool { Self.startTicks(pid) == startTicks }

    /// Sends a signal, if the process still runs.
    func signal(_ number: Int32) {
        if isRunning { kill(pid, number) }
    }

    private static func startTicks(_ pid: Int32) -> UInt64? {
        guard let bytes = FileManager.default.contents(atPath: "/proc/\(pid)/stat"),
            let text = String(data: bytes, encoding: .utf8), let nameEnd = text.lastIndex(of: ")")
        else { return nil }
        // After the name, which may hold anything: state is field 3, the start time is field 22.
        let fields = text[text.index(after: nameEnd)...].split(separator: " ")
        guard fields.count > 19, fields[0] != "Z", fields[0] != "X" else { return nil }
        return UInt64(fields[19])
    }
}
