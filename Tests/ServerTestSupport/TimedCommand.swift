import Foundation
import Synchronization
import TestSupport

/// A line of output and when it came.
package struct TimedLine: Sendable {
    package let text: String
    package let time: ContinuousClock.Instant
}

/// How a command ended and what it said.
package struct CommandResult: Sendable {
    /// Exit code, or the negative number of the signal that ended it.
    package let status: Int32
    package let output: String
    package let errors: [TimedLine]

    package var errorText: String { errors.map(\.text).joined(separator: "\n") }
}

/// A child process and its output, line by line. It leads a process group of its own.
package struct TimedCommand: Sendable {
    package let processID: pid_t
    private let record: CommandRecord

    /// Starts a program, found on PATH unless it is a path. `environment` is the whole environment.
    package init(
        _ arguments: [String], environment: [String: String], directory: String? = nil, input: String = ""
    ) throws {
        let record = CommandRecord()
        let process = try ChildProcess(
            arguments, environment: environment, directory: directory, input: .pipe, output: .pipe, errors: .pipe)
        processID = process.processID
        self.record = record
        Self.read(process.output) { record.addOutput($0) }
        Self.read(process.errors) { record.addErrors($0) }
        Task { record.end(await process.end()) }
        if !input.isEmpty { try process.input?.write(contentsOf: Data(input.utf8)) }
        try process.input?.close()
    }

    /// Hands over what comes out of a pipe, empty data at its end, on a thread of its own.
    private static func read(_ pipe: FileHandle?, _ take: @escaping @Sendable (Data) -> Void) {
        Thread {
            while true {
                let data = pipe?.availableData ?? Data()
                take(data)
                if data.isEmpty { return }
            }
        }.start()
    }

    /// The lines of standard error that came so far.
    package var errors: [TimedLine] { record.errors }
    package var hasEnded: Bool { record.result != nil }

    /// Ends the process and every process that it started, as a power cut would.
    package func killGroup() { kill(-processID, SIGKILL) }

    /// Waits for the end of the process and of its output.
    package func result(within limit: Duration = .seconds(180)) async throws -> CommandResult {
        do {
            try await eventually("the end of process \(processID)", within: limit) { hasEnded }
        } catch {
            killGroup()
            throw DeadlineExceeded(description: "\(error); it said: \(errors.map(\.text).joined(separator: " | "))")
        }
        return try record.finished()
    }
}

/// What a child process said, gathered on the threads of its pipes.
private final class CommandRecord: Sendable {
    private struct State {
        var output = Data()
        var outputEnded = false
        var partialLine = Data()
        var errors: [TimedLine] = []
        var errorsEnded = false
        var status: Int32?

        mutating func addLine(_ bytes: Data, at time: ContinuousClock.Instant) {
            let text = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespaces)
            if !text.isEmpty { errors.append(TimedLine(text: text, time: time)) }
        }
    }

    private let state = Mutex(State())

    var errors: [TimedLine] { state.withLock { $0.errors } }

    var result: CommandResult? {
        state.withLock { state in
            guard let status = state.status, state.outputEnded, state.errorsEnded else { return nil }
            return CommandResult(
                status: status, output: String(decoding: state.output, as: UTF8.self), errors: state.errors)
        }
    }

    func finished() throws -> CommandResult {
        guard let result else { throw DeadlineExceeded(description: "the process has not ended") }
        return result
    }

    /// Empty data is the end of the stream.
    func addOutput(_ data: Data) {
        state.withLock { state in
            if data.isEmpty { state.outputEnded = true } else { state.output.append(data) }
        }
    }

    /// Git ends progress lines with a carriage return and pads `remote:` lines with spaces.
    func addErrors(_ data: Data) {
        let now = ContinuousClock.now
        state.withLock { state in
            state.partialLine.append(data)
            while let end = state.partialLine.firstIndex(where: { $0 == 10 || $0 == 13 }) {
                state.addLine(state.partialLine[..<end], at: now)
                state.partialLine = Data(state.partialLine[state.partialLine.index(after: end)...])
            }
            if data.isEmpty {
                state.addLine(state.partialLine[...], at: now)
                state.errorsEnded = true
            }
        }
    }

    func end(_ status: Int32) { state.withLock { $0.status = status } }
}

/// Runs a command to its end.
package func run(
    _ arguments: [String], environment: [String: String] = TestEnvironment.plain, directory: String? = nil,
    input: String = ""
) async throws -> CommandResult {
    try await TimedCommand(arguments, environment: environment, directory: directory, input: input).result()
}
