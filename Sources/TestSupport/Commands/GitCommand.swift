import Foundation

/// The stock git client, run with nothing of the host's configuration.
public struct GitCommand: Sendable {
    public struct Outcome: Sendable {
        public let status: Int32
        /// Standard output and error, as they came.
        public let output: String
    }

    /// Where it runs; also its home.
    public let folder: String
    /// More environment.
    public var environment: [String: String]

    public init(folder: String, environment: [String: String] = [:]) {
        self.folder = folder
        self.environment = environment
    }

    /// Runs git to its end.
    @discardableResult
    public func run(_ arguments: String...) async throws -> Outcome { try await start(arguments).outcome() }

    /// Runs git and expects success; returns the output without the space around it.
    @discardableResult
    public func callAsFunction(_ arguments: String...) async throws -> String {
        let outcome = try await start(arguments).outcome()
        guard outcome.status == 0 else { throw Failure(arguments: arguments, outcome: outcome) }
        return outcome.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    public struct Failure: Error, CustomStringConvertible {
        public let arguments: [String]
        public let outcome: Outcome

        public init(arguments: [String], outcome: Outcome) {
            self.arguments = arguments
            self.outcome = outcome
        }

        public var description: String { "git \(arguments): \(outcome.status)\n\(outcome.output)" }
    }

    /// - Parameter input: path of a file that it reads.
    public func start(_ arguments: [String], input: String? = nil) throws -> RunningCommand {
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
