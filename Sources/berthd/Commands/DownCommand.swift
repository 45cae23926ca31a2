import ArgumentParser
import Foundation
import Logging
import Runner

/// `berthd down`
struct DownCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "down",
        abstract: "Stop every instance of an installation and take its network down. The server must not run.",
        discussion: "Instances outlive the server; this is how to end them. The next start brings them up again.")

    @OptionGroup var data: DataFlags

    @Option(help: "IPv4 range of the containers, as given to serve.")
    var subnet: String?

    @Option(help: "Name of the containers' bridge, as given to serve.")
    var bridge: String?

    func run() async throws {
        do {
            let flags = ["subnet": subnet, "bridge": bridge].compactMapValues { $0 }
            let settings = try await Settings.read(
                flags: data.values.merging(flags) { $1 }, file: data.configurationFile)
            let folder = DataFolder(root: settings.data)
            guard FileManager.default.fileExists(atPath: folder.root) else {
                throw ConfigurationMistake("data", "there is no folder \(folder.root)")
            }
            try folder.prepare()
            let lock = try DataLock(folder)
            defer { withExtendedLifetime(lock) {} }
            let logger = Logger(label: "berthd")
            let configuration = try RunnerSettings.configuration(settings, folder: folder)
            let network = ContainerNetwork(configuration: configuration, logger: logger)
            let runner = try ContainerRunner(configuration: configuration, network: network, logger: logger)
            await runner.removeAll()
            await network.remove()
            try? FileManager.default.removeItem(atPath: folder.postgresRuntimeDirectory(settings))
        } catch {
            throw CommandFailure(error)
        }
    }
}
