import ArgumentParser
import Builder
import Core
import Foundation
import Glibc
import Logging

/// `berthd template try`
struct TemplateTryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "try",
        abstract: "Build a repository with a template and boot it, once, without a server.",
        discussion: """
            Plans, builds and boots as a deploy does, in containers with a network of their own; says what happens, and \
            removes everything again. There is no database. Needs root, as serve does. Exits with 0 when the app became \
            ready or the site was published, else with 1.
            """)

    @Argument(help: "The template's folder.")
    var template: String

    @Argument(
        help: """
            The folder to build: of a git repository, its HEAD commit; of a folder without .git, all its files.
            """)
    var repository: String

    @Option(
        name: .customLong("env"),
        help: ArgumentHelp("A variable of the app. May be given several times.", valueName: "NAME=VALUE"))
    var variables: [String] = []

    func run() async throws {
        do {
            let environment = try Self.environment(variables)
            let catalog = try TemplateCatalog(template: template)
            guard geteuid() == 0 else { throw PlatformError(.forbidden, "template try needs root, as serve does") }
            let folder = URL(fileURLWithPath: repository).standardizedFileURL.path
            let (result, wasInterrupted) = await Interruption.run {
                await Self.run(catalog, folder: folder, environment: environment)
            }
            if let leftover = result.leftover { throw leftover }
            if wasInterrupted { throw PlatformError(.cancelled, "interrupted; everything was removed") }
            if let failure = result.failure { throw failure }
        } catch {
            throw CommandFailure(error)
        }
    }

    /// How a trial went.
    private struct Outcome: Sendable {
        /// Why the app was not ready; `nil` when it was.
        var failure: CommandFailure?
        /// What could not be removed.
        var leftover: CommandFailure?
    }

    private static func run(
        _ catalog: TemplateCatalog, folder: String, environment: [String: String]
    ) async -> Outcome {
        var logger = Logger(label: "berthd")
        logger.logLevel = .error
        var outcome = Outcome()
        let host: TrialHost
        do {
            host = try await TrialHost.make(catalog, logger: logger)
        } catch {
            return Outcome(failure: CommandFailure(error))
        }
        do throws(PlatformError) {
            try await TemplateTrial(
                host: host, template: catalog.names.first ?? "", repository: folder, environment: environment,
                output: TrialOutput()
            ).run()
        } catch {
            outcome.failure = CommandFailure(error)
        }
        do {
            // The removal waits here and there, and waits are cut short in a task that is cancelled.
            try await Task { try await host.remove() }.value
        } catch {
            outcome.leftover = CommandFailure(error)
        }
        return outcome
    }

    private static func environment(_ variables: [String]) throws(PlatformError) -> [String: String] {
        var environment: [String: String] = [:]
        for variable in variables {
            guard let equals = variable.firstIndex(of: "=") else {
                throw .invalid("--env \(variable): write NAME=VALUE")
            }
            let value = String(variable[variable.index(after: equals)...])
            try EnvironmentValue.check(value)
            environment[try EnvironmentKey(String(variable[..<equals])).rawValue] = value
        }
        return environment
    }
}
