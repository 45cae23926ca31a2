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
    /// Time that a program gets: it is killed then, with what it has started.
    var limit = Duration.seconds(30)

    /// Runs `program` (absolute path) to its end, even when the caller is cancelled: half a network or half a container
    /// helps nobody. Throws `.internal` when it cannot be started, `.timeout` when it did not end within the limit.
    /// - Parameters:
    ///   - folder: where it works; never where the server was started.
    ///   - name: what it is called in errors; `nil` is its file's name.
    func run(
        _ program: String, _ arguments: [String], input: String = "", environment: [String: String] = [:],
        folder: String = "/", name: String? = nil
    ) async throws(PlatformError) -> Result {
        let name = name ?? Self.name(of: program)
        let result: Result?
        do {
            result = try await TimeLimit.run(limit) {
                try await Self.execute(program, arguments, input: input, environment: environment, folder: folder)
            }
        } catch {
            throw .internal("\(name) could not be run", cause: error)
        }
        guard let result else {
            logger.error(
                "program of the host killed that did not end",
                metadata: ["program": "\(name)", "limit_s": "\(limit.components.seconds)"])
            throw PlatformError(.timeout, "\(name) did not end within \(limit.components.seconds) s")
        }
        return result
    }

    /// Like `run`, and throws `.internal` with the program's own words as cause unless it exits 0.
    @discardableResult
    func succeed(
        _ program: String, _ arguments: [String], input: String = "", environment: [String: String] = [:],
        folder: String = "/", name: String? = nil
    ) async throws(PlatformError) -> Result {
        let result = try await run(
            program, arguments, input: input, environment: environment, folder: folder, name: name)
        guard result.status == 0 else {
            let name = name ?? Self.name(of: program)
            let words = (result.errors + result.output).prefix(2000)
            throw PlatformError(
                .internal, "\(name) failed", cause: "\(name) \(arguments.first ?? "") exited \(result.status): \(words)"
            )
        }
        return result
    }

    /// Ends the program, with its process group, when the task is cancelled.
    private static func execute(
        _ program: String, _ arguments: [String], input: String, environment: [String: String], folder: String
    ) async throws -> Result {
        let result = try await Subprocess.run(
            .path(FilePath(program)), arguments: Arguments(arguments),
            environment: subprocessEnvironment(environment), workingDirectory: FilePath(folder),
            platformOptions: options, input: .string(input),
            output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
        let status: Int32 =
            switch result.terminationStatus {
            case .exited(let code): code
            case .signaled(let signal): 128 + signal
            }
        return Result(status: status, output: result.standardOutput, errors: result.standardError)
    }

    /// A process group of its own, so that what a program has started can be ended with it.
    static var options: PlatformOptions {
        var options = PlatformOptions()
        options.processGroupID = 0
        options.teardownSequence = [
            .send(signal: .kill, toProcessGroup: true, allowedDurationToNextStep: .seconds(1))
        ]
        return options
    }

    private static func name(of program: String) -> String {
        FilePath(program).lastComponent?.string ?? program
    }

    static func subprocessEnvironment(_ extra: [String: String]) -> Environment {
        var values: [Environment.Key: String] = [:]
        for (name, value) in environment.merging(extra, uniquingKeysWith: { $1 }) {
            if let key = Environment.Key(rawValue: name) { values[key] = value }
        }
        return .custom(values)
    }
}
