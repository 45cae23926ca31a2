import Foundation
import Glibc
import Subprocess
import Synchronization
import SystemPackage

/// A process of ours whose output is read piece by piece: it waits while nobody reads.
final class ChildProcess: Sendable {
    /// How it ended, with what it said on standard error.
    struct End: Sendable {
        let isSuccess: Bool
        let message: String
    }

    /// What a look at the output found.
    enum Output: Sendable {
        case bytes([UInt8])
        case ended
        /// Nothing came for as long as the limit.
        case silent
    }

    private static let pieceSize = 64 * 1024
    private static let messageLimit = 64 * 1024

    private let descriptor: Int32
    private let exit: Task<End, any Error>
    private let isOpen = Mutex(true)

    /// Starts `command` (absolute path first) in a session of its own, with this environment and nothing else of ours.
    init(_ command: [String], environment: [String: String]) throws {
        // A pair of sockets, because only those are made closed to other children of ours (socket(2), SOCK_CLOEXEC).
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw FileFault(operation: "socketpair", path: "") }
        descriptor = ends[0]
        let output = FileDescriptor(rawValue: ends[1])
        var options = PlatformOptions()
        options.createSession = true
        let configuration = Configuration(
            executable: .path(FilePath(command[0])), arguments: Arguments(Array(command.dropFirst())),
            environment: .custom(
                Dictionary(
                    uniqueKeysWithValues: environment.map { (Environment.Key(stringLiteral: $0.key), $0.value) })),
            workingDirectory: "/", platformOptions: options)
        // Not a child task: it ends when the process does, or with `close`.
        exit = Task {
            let result = try await run(
                configuration, output: .fileDescriptor(output, closeAfterSpawningProcess: true),
                error: .string(limit: Self.messageLimit))
            return End(isSuccess: result.terminationStatus.isSuccess, message: result.standardError)
        }
    }

    /// A process that nobody reads to its end must not go on.
    deinit { close() }

    /// Waits for the next piece of output, for at most `seconds`. Blocks; one thread at a time.
    func read(seconds: Int32) -> Output {
        while true {
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let ready = poll(&waiting, 1, seconds * 1000)
            if ready == 0 { return .silent }
            if ready < 0 {
                if errno == EINTR { continue }
                return .ended
            }
            let piece = take()
            return piece.isEmpty ? .ended : .bytes(piece)
        }
    }

    /// How it ended; waits for that. Throws when it could not be started, or said more than is sensible.
    func end() async throws -> End { try await exit.value }

    /// Kills the process, if it has not ended. What it has written can still be read.
    func kill() { exit.cancel() }

    /// Kills the process, if it has not ended, and gives back what it held. May be repeated.
    func close() {
        let wasOpen = isOpen.withLock { isOpen in
            defer { isOpen = false }
            return isOpen
        }
        guard wasOpen else { return }
        exit.cancel()
        Glibc.close(descriptor)
    }

    private func take() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Self.pieceSize) { buffer, count in
            var taken = Glibc.read(descriptor, buffer.baseAddress, Self.pieceSize)
            while taken < 0, errno == EINTR { taken = Glibc.read(descriptor, buffer.baseAddress, Self.pieceSize) }
            count = max(0, taken)
        }
    }
}
