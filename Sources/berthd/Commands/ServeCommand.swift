import ArgumentParser
import Foundation
import Logging
import ServiceLifecycle

/// `berthd serve`
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the server.",
        discussion: """
            Settings come from flags, then BERTH_* variables (BERTH_PUBLIC_URL for --public-url), then the configuration \
            file (public-url:), then the defaults.
            """)

    @OptionGroup var data: DataFlags
    @OptionGroup var flags: ServeFlags

    func run() async throws {
        let started = ContinuousClock.now
        OpenFiles.raiseLimit()
        do {
            let settings = try await Settings.read(
                flags: data.values.merging(flags.values) { $1 }, file: data.configurationFile)
            let logger = try LogSetup.bootstrap(settings)
            let composition = try await Composition.make(settings, logger: logger, started: started)
            try await composition.run()
        } catch {
            throw CommandFailure(error)
        }
    }
}

/// Sets the log up, once, for the whole process: lines on standard error.
enum LogSetup {
    static func bootstrap(_ settings: Settings) throws -> Logger {
        guard let level = Logger.Level(rawValue: settings.logLevel) else {
            throw ConfigurationMistake("log-level", "must be trace, debug, info, notice, warning, error or critical")
        }
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
        return Logger(label: "berthd")
    }
}
