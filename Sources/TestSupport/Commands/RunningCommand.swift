import Foundation

/// A process whose output can be read while it runs.
public final class RunningCommand: Sendable {
    private let process: ChildProcess
    private let outputPath: String

    /// - Parameter input: path of a file that it reads.
    public init(
        _ program: String, _ arguments: [String], folder: String, environment: [String: String], input: String? = nil
    ) throws {
        outputPath = "/tmp/berth-git-test-output-\(UUID().uuidString)"
        try Data().write(to: URL(fileURLWithPath: outputPath))
        let output = try FileHandle(forWritingTo: URL(fileURLWithPath: outputPath))
        let input = try input.map { try FileHandle(forReadingFrom: URL(fileURLWithPath: $0)) }
        defer {
            try? output.close()
            try? input?.close()
        }
        process = try ChildProcess(
            [program] + arguments, environment: environment, directory: folder,
            input: input.map { .file($0.fileDescriptor) } ?? .nothing, output: .file(output.fileDescriptor))
    }

    deinit { try? FileManager.default.removeItem(atPath: outputPath) }

    /// What it has written so far.
    public var output: String { String(decoding: rawOutput, as: UTF8.self) }
    public var rawOutput: Data { FileManager.default.contents(atPath: outputPath) ?? Data() }

    public var isRunning: Bool { process.isRunning }

    public func outcome() async -> GitCommand.Outcome {
        let status = await process.end()
        // As a shell says it.
        return GitCommand.Outcome(status: abs(status), output: output)
    }

    /// Ends this process, and the transport helpers that it started, at once.
    public func kill() {
        let parent = process.processID
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
