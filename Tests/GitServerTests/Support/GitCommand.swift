import Foundation
import Synchronization
import Testing

/// The stock git client, run with nothing of the host's configuration.
struct GitCommand: Sendable {
    struct Outcome: Sendable {
        let status: Int32
        /// Standard output and error, as they came.
        let output: String
    }

    /// Where it runs; also its home.
    let folder: String
    /// More environment.
    var environment: [String: String] = [:]

    /// Runs git to its end.
    @discardableResult
    func run(_ arguments: String...) async throws -> Outcome { try await start(arguments).outcome() }

    /// Runs git and expects success; returns the output without the space around it.
    @discardableResult
    func callAsFunction(_ arguments: String...) async throws -> String {
        let outcome = try await start(arguments).outcome()
        guard outcome.status == 0 else { throw Failure(arguments: arguments, outcome: outcome) }
        return outcome.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    struct Failure: Error, CustomStringConvertible {
        let arguments: [String]
        let outcome: Outcome
        var description: String { "git \(arguments): \(outcome.status)\n\(outcome.output)" }
    }

    /// - Parameter input: path of a file that it reads.
    func start(_ arguments: [String], input: String? = nil) throws -> RunningCommand {
        var variables = [
            "HOME": folder, "PATH": "/usr/bin:/bin", "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0",
            "GIT_AUTHOR_NAME": "T", "GIT_AUTHOR_EMAIL": "t@example.com", "GIT_COMMITTER_NAME": "T",
            "GIT_COMMITTER_EMAIL": "t@example.com", "LC_ALL": "C",
        ]
        variables.merge(environment) { $1 }
        return try RunningCommand(
            "/usr/bin/git", ["-c", "init.defaultBranch=main", "-c", "advice.detachedHead=false"] + arguments,
            folder: folder, environment: variables, input: input)
    }
}

/// A process whose output can be read while it runs.
final class RunningCommand: Sendable {
    private let process: Process
    private let outputPath: String
    private let ended = Mutex<(status: Int32?, waiters: [CheckedContinuation<Int32, Never>])>((nil, []))

    init(_ program: String, _ arguments: [String], folder: String, environment: [String: String], input: String? = nil)
        throws
    {
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
        process.standardInput =
            try input.map { try FileHandle(forReadingFrom: URL(fileURLWithPath: $0)) } ?? FileHandle.nullDevice
        process.terminationHandler = { [weak self] process in
            let waiters = self?.ended.withLock { state in
                state.status = process.terminationStatus
                defer { state.waiters = [] }
                return state.waiters
            }
            for waiter in waiters ?? [] { waiter.resume(returning: process.terminationStatus) }
        }
        try process.run()
    }

    deinit { try? FileManager.default.removeItem(atPath: outputPath) }

    /// What it has written so far.
    var output: String { String(decoding: rawOutput, as: UTF8.self) }
    var rawOutput: Data { FileManager.default.contents(atPath: outputPath) ?? Data() }

    var isRunning: Bool { ended.withLock { $0.status == nil } }

    func outcome() async -> GitCommand.Outcome {
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
    func kill() {
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

/// Waits until `condition` holds; records an issue when it does not within 20 seconds.
func expectEventually(
    _ what: Comment, sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: @Sendable () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + .seconds(20)
    while ContinuousClock.now < deadline {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(5))
    }
    Issue.record(what, sourceLocation: sourceLocation)
}

extension Data {
    /// Bytes that do not compress.
    static func noise(_ count: Int) throws -> Data {
        let source = try FileHandle(forReadingFrom: URL(fileURLWithPath: "/dev/urandom"))
        return try source.read(upToCount: count) ?? Data()
    }
}
