import Glibc

/// A process told apart from a later one with the same number by the time it started.
struct ProcessIdentity: Sendable, Hashable, Codable {
    let pid: Int32
    /// Clock ticks since boot (proc_pid_stat(5), field 22).
    let startTime: UInt64

    /// The process that has this number now; `nil` when there is none.
    init?(pid: Int32) {
        guard pid > 1, let stat = HostFiles.text("/proc/\(pid)/stat"), let fields = Self.fields(stat) else {
            return nil
        }
        self.pid = pid
        startTime = fields.startTime
    }

    /// The process whose number `path` holds.
    init?(pidFile path: String) {
        guard let text = HostFiles.text(path), let pid = Int32(text.filter { $0.isNumber }) else { return nil }
        self.init(pid: pid)
    }

    /// It exists and is no zombie.
    var isAlive: Bool {
        guard let stat = HostFiles.text("/proc/\(pid)/stat"), let fields = Self.fields(stat) else { return false }
        return fields.startTime == startTime && fields.state != "Z" && fields.state != "X"
    }

    /// Sends a signal unless the process is gone.
    func signal(_ signal: Int32) { if isAlive { kill(pid, signal) } }

    /// Waits for its end; false when it did not come in time.
    func ends(within limit: Duration) async -> Bool {
        let deadline = ContinuousClock.now + limit
        var pause = Duration.milliseconds(2)
        while isAlive {
            guard ContinuousClock.now < deadline, (try? await Task.sleep(for: pause)) != nil else { return false }
            pause = min(pause * 2, .milliseconds(50))
        }
        return true
    }

    /// The second field is the command's name in parentheses, and may hold spaces and parentheses itself.
    static func fields(_ stat: String) -> (state: String, startTime: UInt64)? {
        guard let end = stat.lastIndex(of: ")") else { return nil }
        let rest = stat[stat.index(after: end)...].split(separator: " ")
        guard rest.count > 19, let startTime = UInt64(rest[19]) else { return nil }
        return (String(rest[0]), startTime)
    }
}
