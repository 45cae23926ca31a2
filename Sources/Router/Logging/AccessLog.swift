import Core
import Logging
import NIOPosix
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A file, or standard output, that gets a line for each request. Lines are written by a thread of its own; when that one
/// does not keep up, lines are dropped and counted rather than requests held back.
final class AccessLog: Sendable {
    private struct State {
        var waiting: [UInt8] = []
        var dropped = 0
        var isWriting = false
        var isReopening = false
    }

    /// Bytes that may wait to be written.
    static let maximumWaiting = 4 * 1024 * 1024

    private let path: String
    private let logger: Logger
    private let thread = NIOThreadPool(numberOfThreads: 1)
    private let state = Mutex(State())
    /// Touched by the writing thread only, once there is one.
    private let descriptor: Mutex<CInt>

    /// - Parameter path: a file, which is made or continued; `-` for standard output.
    /// Throws `.invalid` when it cannot be opened.
    init(path: String, logger: Logger) throws(PlatformError) {
        self.path = path
        self.logger = logger
        let opened = path == "-" ? STDOUT_FILENO : Self.open(path)
        guard opened >= 0 else {
            throw .invalid("the access log \(path) cannot be opened: \(String(cString: strerror(errno)))")
        }
        descriptor = Mutex(opened)
        thread.start()
    }

    deinit { if path != "-" { descriptor.withLock { _ = close($0) } } }

    /// Takes whole lines.
    func append(_ lines: [UInt8]) {
        let starts = state.withLock { state in
            guard state.waiting.count + lines.count <= Self.maximumWaiting else {
                state.dropped += lines.count { $0 == ByteClass.lineFeed }
                return false
            }
            state.waiting += lines
            defer { state.isWriting = true }
            return !state.isWriting
        }
        if starts { thread.submit { _ in self.writeAll() } }
    }

    /// Goes on in a new file of the same name before the next line.
    func reopen() { state.withLock { $0.isReopening = true } }

    /// Writes what waits and stops.
    func finish() async {
        try? await thread.shutdownGracefully()
        writeAll()
    }

    // MARK: - The writing thread

    private func writeAll() {
        while true {
            let taken = state.withLock { state in
                let taken = (lines: state.waiting, dropped: state.dropped, isReopening: state.isReopening)
                state = State(isWriting: !taken.lines.isEmpty)
                return taken
            }
            let (lines, dropped, isReopening) = taken
            if dropped > 0 {
                logger.warning("access log lines dropped", metadata: ["lines": "\(dropped)", "path": "\(path)"])
            }
            guard !lines.isEmpty else { return }
            descriptor.withLock { descriptor in
                if path != "-", isReopening || isMoved(descriptor) { replace(&descriptor) }
                write(lines, to: descriptor)
            }
        }
    }

    /// The file is not the one of its name any more: somebody rotates logs.
    private func isMoved(_ descriptor: CInt) -> Bool {
        var (mine, named) = (stat(), stat())
        guard fstat(descriptor, &mine) == 0, stat(path, &named) == 0 else { return true }
        return mine.st_ino != named.st_ino || mine.st_dev != named.st_dev
    }

    private func replace(_ descriptor: inout CInt) {
        let opened = Self.open(path)
        guard opened >= 0 else {
            logger.error("access log cannot be opened", metadata: ["path": "\(path)", "errno": "\(errno)"])
            return
        }
        close(descriptor)
        descriptor = opened
    }

    private func write(_ lines: [UInt8], to descriptor: CInt) {
        var sent = 0
        lines.withUnsafeBytes { bytes in
            while sent < bytes.count, let base = bytes.baseAddress {
                #if canImport(Glibc)
                    let count = Glibc.write(descriptor, base + sent, bytes.count - sent)
                #elseif canImport(Musl)
                    let count = Musl.write(descriptor, base + sent, bytes.count - sent)
                #else
                    let count = Darwin.write(descriptor, base + sent, bytes.count - sent)
                #endif
                if count < 0, errno == EINTR { continue }
                guard count > 0 else {
                    logger.error("access log cannot be written", metadata: ["path": "\(path)", "errno": "\(errno)"])
                    return
                }
                sent += count
            }
        }
    }

    private static func open(_ path: String) -> CInt {
        #if canImport(Glibc)
            Glibc.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o640)
        #elseif canImport(Musl)
            Musl.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o640)
        #else
            Darwin.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o640)
        #endif
    }
}
