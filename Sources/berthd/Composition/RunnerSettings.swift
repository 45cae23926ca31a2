import Core
import Runner

/// The runner's configuration out of the settings.
enum RunnerSettings {
    static func configuration(_ settings: Settings, folder: DataFolder) throws -> RunnerConfiguration {
        guard let subnet = IPv4Subnet(settings.subnet) else {
            throw ConfigurationMistake("subnet", "must be an IPv4 range such as 10.210.0.0/16")
        }
        let node = try folder.node()
        var configuration = RunnerConfiguration(
            node: node, runtimeDirectory: try folder.runtimeDirectory(settings), logDirectory: folder.instanceLogs,
            bridge: settings.bridge ?? "berth-\(node)", subnet: subnet)
        configuration.rootfsDirectory = folder.rootfs
        try configuration.validate()
        return configuration
    }
}
