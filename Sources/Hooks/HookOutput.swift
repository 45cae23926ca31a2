import Core
import Glibc
import SystemPackage

/// Reads what a program writes, until everybody has closed it, or the program has ended: what it left running may hold its
/// output open for as long as it likes.
struct HookOutput: Sendable {
    /// How long what is on its way is waited for after the program's end.
    private static let afterEnd = Duration.seconds(1)
    /// Milliseconds between looks at the program while it is silent.
    private static let interval: Int32 = 20

    /// The end of a pipe to read from.
    let file: FileDescriptor
    /// A child of this process that nobody collects meanwhile.
    let program: pid_t
    /// Bytes that are passed on; the rest is read and dropped.
    let limit: Int

    /// Blocks. Throws what `read` does.
    func forward(to output: (String) -> Void) throws {
        var splitter = LineSplitter()
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        var left = limit
        var end: ContinuousClock.Instant?
        while true {
            var poll = pollfd(fd: file.rawValue, events: Int16(POLLIN), revents: 0)
            let isReady = Glibc.poll(&poll, 1, Self.interval) > 0
            let now = ContinuousClock.now
            if end == nil, hasEnded() { end = now }
            if let end, now - end >= Self.afterEnd { break }
            guard isReady else { continue }
            let count = try buffer.withUnsafeMutableBytes { try file.read(into: $0) }
            guard count > 0 else { break }
            let taken = min(count, left)
            left -= taken
            for line in splitter.append(buffer.prefix(taken)) { output(line) }
        }
        for line in splitter.end() { output(line) }
    }

    private func hasEnded() -> Bool {
        var information = siginfo_t()
        let result = waitid(P_PID, id_t(program), &information, WEXITED | WNOHANG | WNOWAIT)
        // Without a child's state, its number is left zero: it still runs. It may have been collected after all.
        return result != 0 || information._sifields._sigchld.si_pid != 0
    }
}
