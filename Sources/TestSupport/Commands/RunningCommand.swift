import Foundation
import Synchronization

/// A process whose output can be read while it runs.
public final class RunningCommand: Sendable {
    private let process: Process
    private let outputPath: String
    private let ended = Mutex<(status: Int32?, waiters: [CheckedContinuation<Int32, Never>])>((nil, []))

    /// - Parameter input: path of a file that it reads.
    public init(
        _ program: String, _ arguments: [String], folder: String, environment: [String: String], input: String? = nil
    ) throws {
        outputPath = "/tmp/berth-git-test-output-\(UUID().uuidString)"
        try Data().write(to: URL(fileURLWithPath: outputPath))
        let process = Process()
        self.process = process
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.environment = environment
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        let output = try FileHandle(forWritingTo: URL(fileURLWithPath: outputPath))
        process.standardOutput = output
        process.standardError = output
        let input = try input.map { try FileHandle(forReadingFrom: URL(fileURLWithPath: $0)) }
        process.standardInput = input ?? FileHandle.nullDevice
        process.terminationHandler = { [weak self] process in
            let waiters = self?.ended.withLock { state in
                state.status = process.terminationStatus
                defer { state.waiters = [] }
                return state.waiters
            }
            for waiter in waiters ?? [] { waiter.resume(returning: process.terminationStatus) }
        }
        defer {
            // Foundation holds on to them for long, and crashes when there are more than a thousand.
            try? output.close()
            try? input?.close()
        }
        try process.run()
    }

    deinit { try? FileManager.default.removeItem(atPath: outputPath) }

    /// What it has written so far.
    public var output: String { String(decoding: rawOutput, as: UTF8.self) }
    public var rawOutput: Data { FileManager.default.contents(atPath: outputPath) ?? Data() }

    public var isRunning: Bool { ended.withLock { $0.status == nil } }

    public func outcome() async -> GitCommand.Outcome {
        let status = await withCheckedContinuation { continuation in
            let known = ended.withLock { state in
                if state.status == nil { state.waiters.append(continuation) }
                return state.status
            }
            if let known { continuation.resume(returning: known) }
        }
        return GitCommand.Outcome(status: status, output: output)
    }

    /// Ends this process, and the transport helpers that it started, at once.
    public func kill() {
        let parent = process.processIdentifier
        for child in Self.children(of: parent) { Foundation.kill(child, SIGKILL) }
        Foundation.kill(parent, SIGKILL)
    }

    private static func children(of parent: Int32) -> [Int32] {
        let path = "/proc/\(parent)/task/\(parent)/children"
        let text = String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
        let direct = text.split(separator: " ").compactMap { Int32($0) }
        return direct.flatMap { children(of: $0) } + direct
    }
}
