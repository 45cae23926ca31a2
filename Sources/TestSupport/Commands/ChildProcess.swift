import Foundation
import Synchronization

/// A child process, started by posix_spawn(3). It leads a process group of its own and gets three descriptors and no other.
///
/// Foundation's `Process` is not used: it has been seen to crash when many are started from several threads.
public final class ChildProcess: Sendable {
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    /// What one of the three standard streams is.
    public enum Stream: Sendable {
        case nothing
        /// A pipe whose other end is ours.
        case pipe
        case file(Int32)
        /// Only for standard error.
        case sameAsOutput
    }

    public let processID: pid_t
    /// Our ends of pipes.
    public let input: FileHandle?
    public let output: FileHandle?
    public let errors: FileHandle?
    private let ended = Mutex<(status: Int32?, waiters: [CheckedContinuation<Int32, Never>])>((nil, []))

    /// Held while there are descriptors that would be inherited.
    private static let spawning = Mutex(())

    /// Starts a program, found on the `PATH` of `environment`, which is the whole environment.
    public init(
        _ arguments: [String], environment: [String: String], directory: String? = nil, input: Stream = .nothing,
        output: Stream = .nothing, errors: Stream = .sameAsOutput
    ) throws {
        let place = directory.map { ["-C", $0] } ?? []
        let started = try Self.spawning.withLock { _ in
            try Self.spawn(
                ["/usr/bin/env"] + place + ["--"] + arguments, environment, input: input, output: output, errors: errors
            )
        }
        processID = started.processID
        (self.input, self.output, self.errors) = (started.input, started.output, started.errors)
        let thread = Thread { self.wait() }
        thread.stackSize = 256 * 1024
        thread.start()
    }

    /// Exit code, or the negative number of the signal that ended it; `nil` while it runs.
    public var status: Int32? { ended.withLock { $0.status } }
    public var isRunning: Bool { status == nil }

    /// Waits for its end.
    public func end() async -> Int32 {
        await withCheckedContinuation { continuation in
            let known = ended.withLock { state in
                if state.status == nil { state.waiters.append(continuation) }
                return state.status
            }
            if let known { continuation.resume(returning: known) }
        }
    }

    private func wait() {
        var status: Int32 = 0
        while waitpid(processID, &status, 0) < 0, errno == EINTR {}
        let signal = status & 0x7f
        let code = signal == 0 ? status >> 8 & 0xff : -signal
        let waiters = ended.withLock { state in
            state.status = code
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume(returning: code) }
    }

    // MARK: - Starting

    private struct Started {
        var processID: pid_t = 0
        var input, output, errors: FileHandle?
    }

    private static func spawn(
        _ arguments: [String], _ environment: [String: String], input: Stream, output: Stream, errors: Stream
    ) throws -> Started {
        var started = Started()
        var toClose: [Int32] = []
        defer { for descriptor in toClose { close(descriptor) } }
        func descriptor(_ stream: Stream, isInput: Bool, keep: (FileHandle) -> Void) throws -> Int32 {
            switch stream {
            case .file(let descriptor): return descriptor
            case .nothing, .sameAsOutput:
                toClose.append(open("/dev/null", O_RDWR | O_CLOEXEC))
                return toClose[toClose.count - 1]
            case .pipe:
                var ends: [Int32] = [-1, -1]
                guard pipe(&ends) == 0 else { throw Failure(description: "pipe: errno \(errno)") }
                let (ours, its) = isInput ? (ends[1], ends[0]) : (ends[0], ends[1])
                for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
                keep(FileHandle(fileDescriptor: ours, closeOnDealloc: true))
                toClose.append(its)
                return its
            }
        }
        let first = try descriptor(input, isInput: true) { started.input = $0 }
        let second = try descriptor(output, isInput: false) { started.output = $0 }
        var third = second
        if case .sameAsOutput = errors {
        } else {
            third = try descriptor(errors, isInput: false) { started.errors = $0 }
        }

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (number, source) in [first, second, third].enumerated() {
            posix_spawn_file_actions_adddup2(&actions, source, Int32(number))
        }
        for inherited in inheritable() { posix_spawn_file_actions_addclose(&actions, inherited) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // SETPGROUP, SETSIGDEF and SETSIGMASK: a test process may block or ignore signals.
        posix_spawnattr_setflags(&attributes, 0x02 | 0x04 | 0x08)
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)

        var list: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0)=\($1)") } + [nil]
        defer { for item in list + variables { free(item) } }
        let status = posix_spawn(&started.processID, arguments[0], &actions, &attributes, &list, &variables)
        guard status == 0 else { throw Failure(description: "\(arguments): errno \(status)") }
        return started
    }

    /// Descriptors that others have opened without FD_CLOEXEC.
    private static func inheritable() -> [Int32] {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") else { return [] }
        return names.compactMap { Int32($0) }.filter { $0 > 2 && fcntl($0, F_GETFD) == 0 }
    }
}
