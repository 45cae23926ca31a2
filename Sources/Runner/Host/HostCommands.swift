import Core
import Logging
import Subprocess
import SystemPackage

/// Runs programs of the host to their end, with an environment of their own and no shell.
struct HostCommands: Sendable {
    struct Result: Sendable {
        let status: Int32
        let output: String
        let errors: String
    }

    /// What programs of the host get to see; never the server's own environment.
    static let environment = ["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"]

    let logger: Logger

    /// Runs `program` (absolute path) to its end, even when the caller is cancelled: half a network or half a container
    /// helps nobody. Throws `.internal` when it cannot be started.
    /// - Parameter folder: where it works; never where the server was started.
    func run(
        _ program: String, _ arguments: [String], input: String = "", environment: [String: String] = [:],
        folder: String = "/"
    ) async throws(PlatformError) -> Result {
        let work = Task {
            let result = try await Subprocess.run(
                .path(FilePath(program)), arguments: Arguments(arguments),
                environment: Self.subprocessEnvironment(environment), workingDirectory: FilePath(folder),
                input: .string(input),
                output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
            let status: Int32 =
                switch result.terminationStatus {
                case .exited(let code): code
                case .signaled(let signal): 128 + signal
                }
            return Result(status: status, output: result.standardOutput, errors: result.standardError)
        }
        do {
            return try await work.value
        } catch {
            throw .internal("\(FilePath(program).lastComponent?.string ?? program) could not be run", cause: error)
        }
    }

    /// Like `run`, and throws `.internal` with the program's own words as cause unless it exits 0.
    @discardableResult
    func succeed(
        _ program: String, _ arguments: [String], input: String = "", environment: [String: String] = [:],
        folder: String = "/"
    ) async throws(PlatformError) -> Result {
        let result = try await run(program, arguments, input: input, environment: environment, folder: folder)
        guard result.status == 0 else {
            let name = FilePath(program).lastComponent?.string ?? program
            let words = (result.errors + result.output).prefix(2000)
            throw PlatformError(
                .internal, "\(name) failed", cause: "\(name) \(arguments.first ?? "") exited \(result.status): \(words)"
            )
        }
        return result
    }

    static func subprocessEnvironment(_ extra: [String: String]) -> Environment {
        var values: [Environment.Key: String] = [:]
        for (name, value) in environment.merging(extra, uniquingKeysWith: { $1 }) {
            if let key = Environment.Key(rawValue: name) { values[key] = value }
        }
        return .custom(values)
    }
}
