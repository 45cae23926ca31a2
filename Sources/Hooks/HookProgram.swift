import Blocking
import Core
import Foundation
import Glibc
import Subprocess
import Synchronization
import SystemPackage

/// One run of a program of the operator's.
struct HookProgram: Sendable {
    enum Ending: Sendable, Hashable {
        case succeeded
        case exited(Int32)
        case killed(Int32)
        case timedOut

        var failure: String? {
            switch self {
            case .succeeded: nil
            case .exited(let code): "exited \(code)"
            case .killed(let signal): "was killed by signal \(signal)"
            case .timedOut: "took too long"
            }
        }
    }

    /// Absolute path first.
    let command: [String]
    let environment: [String: String]
    let folder: String
    let limit: Duration
    /// Bytes of output that are passed on.
    let outputLimit: Int
    /// Where its output is read.
    let pool: BlockingPool

    /// Runs it to its end. What it left running in its session is killed with it when its time is over, or the task is
    /// cancelled.
    func run(input: String, output: @escaping @Sendable (String) -> Void) async throws -> Ending {
        var options = PlatformOptions()
        options.createSession = true
        options.teardownSequence = [
            .send(signal: .kill, toProcessGroup: true, allowedDurationToNextStep: .seconds(1))
        ]
        let isLate = Flag()
        let input = try Self.file(of: input)
        let pipe: (FileDescriptor, FileDescriptor)
        do { pipe = try FileDescriptor.pipe(options: .closeOnExec) } catch {
            try? input.close()
            throw error
        }
        let (reading, writing) = pipe
        defer { try? reading.close() }
        let result = try await Subprocess.run(
            .path(FilePath(command[0])), arguments: Arguments(Array(command.dropFirst())),
            environment: Self.environment(environment), workingDirectory: FilePath(folder), platformOptions: options,
            input: .fileDescriptor(input, closeAfterSpawningProcess: true),
            output: .fileDescriptor(writing, closeAfterSpawningProcess: true), error: .combinedWithOutput
        ) { execution in
            // It leads a session, and so a group; it is not collected before this has ended.
            let program = execution.processIdentifier.value
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { [limit] in
                    guard (try? await Task.sleep(for: limit)) != nil else { return }
                    isLate.set()
                    kill(-program, SIGKILL)
                }
                let source = HookOutput(file: reading, program: program, limit: outputLimit)
                try await pool.run { try source.forward(to: output) }
                tasks.cancelAll()
            }
        }
        if isLate.isSet { return .timedOut }
        return switch result.terminationStatus {
        case .exited(0): .succeeded
        case .exited(let code): .exited(code)
        case .signaled(let signal): .killed(signal)
        }
    }

    private static func environment(_ values: [String: String]) -> Environment {
        var environment: [Environment.Key: String] = [:]
        for (name, value) in values { if let key = Environment.Key(rawValue: name) { environment[key] = value } }
        return .custom(environment)
    }

    /// A file without a name: a program that does not read its input must not stop who writes it.
    private static func file(of text: String) throws -> FileDescriptor {
        let path = FilePath("/tmp/berth-hook-\(UUID().uuidString)")
        let file = try FileDescriptor.open(
            path, .readWrite, options: [.create, .exclusiveCreate, .closeOnExec], permissions: .ownerReadWrite)
        unlink(path.string)
        do {
            try file.writeAll(text.utf8)
            try file.seek(offset: 0, from: .start)
        } catch {
            try? file.close()
            throw error
        }
        return file
    }
}

/// Something that happened.
private final class Flag: Sendable {
    private let state = Mutex(false)

    var isSet: Bool { state.withLock { $0 } }
    func set() { state.withLock { $0 = true } }
}
