import CGit2
import Glibc

/// A child process with a pipe to it and one from it, and no other descriptors of ours than those that it is to get.
enum SpawnedProcess {
    enum Ending: Equatable, CustomStringConvertible {
        case exited(Int32)
        case signalled(Int32)
        case timedOut

        var description: String {
            switch self {
            case .exited(let status): "status \(status)"
            case .signalled(let signal): "signal \(signal)"
            case .timedOut: "it took too long"
            }
        }
    }

    /// Bytes of output that are read.
    private static let outputLimit = 1 << 20

    /// Starts a program, gives it `input`, which fits a pipe, takes what it says and waits for its end. Blocks. What comes
    /// after the last line end is the output.
    /// - Parameters:
    ///   - files: what it gets as descriptors 3, 4 and so on.
    ///   - seconds: after which it is killed.
    ///   - onLine: gets each whole line as it comes, without its end.
    static func run(
        _ program: String, _ arguments: [String], input: [UInt8], files: [OpenFile], seconds: Int,
        onLine: ([UInt8]) -> Void
    ) throws(GitError) -> (output: [UInt8], ending: Ending) {
        var (order, answer): ([Int32], [Int32]) = ([-1, -1], [-1, -1])
        defer { for end in order + answer where end >= 0 { close(end) } }
        // A socket, since to write to a pipe that nobody reads any more is a signal to the whole server.
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &order) == 0, cgit2_pipe(&answer) == 0 else {
            throw LibGit2.systemError("pipe")
        }
        let pid = try spawn(program, arguments, input: order[0], output: answer[1], files)
        for end in [order[0], answer[1]] { close(end) }
        (order[0], answer[1]) = (-1, -1)
        let written = input.withUnsafeBytes { send(order[1], $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        close(order[1])
        order[1] = -1
        let deadline = clock() + seconds * 1000
        // One that is gone already has its own way of having ended.
        let output = written == input.count || written < 0 ? read(answer[0], until: deadline, onLine) : nil
        if output == nil { kill(pid, SIGKILL) }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        let signal = status & 0x7f
        return (
            output ?? [], output == nil ? .timedOut : signal != 0 ? .signalled(signal) : .exited(status >> 8 & 0xff)
        )
    }

    private static func spawn(
        _ program: String, _ arguments: [String], input: Int32, output: Int32, _ files: [OpenFile]
    ) throws(GitError) -> pid_t {
        // Out of the way of the numbers that they get, so that none is replaced before it is taken.
        var sources: [Int32] = []
        defer { for source in sources { close(source) } }
        for number in [input, output] + files.map(\.number) {
            let source = fcntl(number, F_DUPFD_CLOEXEC, Int32(16))
            guard source >= 0 else { throw LibGit2.systemError("fcntl") }
            sources.append(source)
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (place, source) in sources.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, source, Int32(place < 2 ? place : place + 1))
        }
        _ = cgit2_close_from(&actions, Int32(files.count + 3))
        var list: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) }
        list.append(nil)
        defer { for item in list { free(item) } }
        // Nothing of the server's environment.
        var environment: [UnsafeMutablePointer<CChar>?] = [nil]
        var pid: pid_t = 0
        let status = posix_spawn(&pid, program, &actions, nil, &list, &environment)
        guard status == 0 else { throw LibGit2.systemError("posix_spawn", status) }
        return pid
    }

    /// What comes until the other end is closed, after the last line end; `nil` when that is too late, or too much.
    private static func read(_ descriptor: Int32, until deadline: Int, _ onLine: ([UInt8]) -> Void) -> [UInt8]? {
        var bytes: [UInt8] = []
        var total = 0
        while total < outputLimit {
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let ready = poll(&waiting, 1, Int32(clamping: max(0, deadline - clock())))
            if ready < 0, errno == EINTR { continue }
            guard ready > 0 else { return nil }
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return bytes }
            bytes += buffer[..<count]
            total += count
            while let end = bytes.firstIndex(of: UInt8(ascii: "\n")) {
                onLine(Array(bytes[..<end]))
                bytes.removeSubrange(...end)
            }
        }
        return nil
    }

    /// Milliseconds.
    private static func clock() -> Int {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return now.tv_sec * 1000 + now.tv_nsec / 1_000_000
    }
}
