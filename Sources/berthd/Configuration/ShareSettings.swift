import Builder
import Configuration
import Control
import Core
import Runner

/// What apps of strangers may take of the machine and reach from it, as far as an operator may set it. What is not set
/// stays as the types have it.
struct ShareSettings: Sendable {
    /// What the settings are about.
    struct Targets {
        var runner: RunnerConfiguration
        var builder: BuilderConfiguration
        var control: ControlConfiguration
    }

    private struct Setting: Sendable {
        let name: String
        let allowed: ClosedRange<Int>
        let apply: @Sendable (Int, inout Targets) -> Void

        init(_ name: String, _ allowed: ClosedRange<Int>, _ apply: @escaping @Sendable (Int, inout Targets) -> Void) {
            self.name = name
            self.allowed = allowed
            self.apply = apply
        }
    }

    private static let many = 1 << 30
    private static let settings = [
        Setting("build-memory", 32...many) { $1.builder.limits.memory = $0 << 20 },
        Setting("build-processes", 16...many) { $1.builder.limits.processes = $0 },
        Setting("build-seconds", 1...86_400) { $1.builder.timeLimit = $0 },
        Setting("build-output", 1...many) { $1.builder.outputLimit = $0 << 20 },
        Setting("release-size", 1...many) { $1.builder.maximumBytes = $0 << 20 },
        Setting("release-files", 1...many) { $1.builder.maximumEntries = $0 },
        Setting("new-connections", 0...100_000) { $1.runner.newConnections = $0 },
        Setting("user-memory", 32...many) { $1.runner.instanceShare.memory = $0 << 20 },
        Setting("user-processes", 16...many) { $1.runner.instanceShare.processes = $0 },
        Setting("user-cpus", 1...1024) { $1.runner.instanceShare.milliCPU = $0 * 1000 },
        Setting("user-build-memory", 32...many) { $1.runner.buildShare.memory = $0 << 20 },
        Setting("user-build-cpus", 1...1024) { $1.runner.buildShare.milliCPU = $0 * 1000 },
        Setting("user-disk", 1...many) { $1.control.userDiskBytes = $0 << 20 },
        Setting("kept-releases", 1...10_000) { $1.control.keptReleases = $0 },
        Setting("volume-size", 1...many) {
            $1.control.volumeBytes = $0 << 20
            $1.builder.maximumVolumeBytes = $0 << 20
        },
        Setting("kept-releases-size", 1...many) { $1.control.releaseBytes = $0 << 20 },
    ]
    private static let usualReserve = 1024

    private let values: [(setting: Setting, value: Int)]
    /// MiB that the server keeps free on its disk.
    let diskReserve: Int
    private let buildEgress: EgressPolicy
    private let instanceEgress: EgressPolicy
    private let buildPriority: BuildPriority

    /// Throws `ConfigurationMistake`.
    init(_ reader: ConfigReader) throws {
        values = try Self.settings.compactMap { setting in
            guard let value = try Self.number(setting.name, setting.allowed, reader) else { return nil }
            return (setting, value)
        }
        diskReserve = try Self.number("disk-reserve", 0...Self.many, reader) ?? Self.usualReserve
        buildEgress = try Self.policy("build-egress", reader)
        instanceEgress = try Self.policy("instance-egress", reader)
        let priority = reader.string(forKey: "build-priority", default: BuildPriority.idle.rawValue)
        guard let buildPriority = BuildPriority(rawValue: priority) else {
            throw ConfigurationMistake(
                "build-priority", "must be \(BuildPriority.allCases.map(\.rawValue).joined(separator: " or "))")
        }
        self.buildPriority = buildPriority
    }

    func apply(to targets: inout Targets) {
        for (setting, value) in values { setting.apply(value, &targets) }
        targets.runner.buildEgress = buildEgress
        targets.runner.instanceEgress = instanceEgress
        targets.runner.buildPriority = buildPriority
        let reserve = DiskReserve(bytes: diskReserve << 20)
        targets.runner.diskReserve = reserve
        targets.control.diskReserve = reserve
        targets.builder.diskReserve = reserve
    }

    private static func number(_ name: String, _ allowed: ClosedRange<Int>, _ reader: ConfigReader) throws -> Int? {
        guard reader.string(forKey: ConfigKey(name)) != nil || reader.int(forKey: ConfigKey(name)) != nil else {
            return nil
        }
        guard let value = reader.int(forKey: ConfigKey(name)), allowed.contains(value) else {
            throw ConfigurationMistake(name, "must be a whole number, at least \(allowed.lowerBound)")
        }
        return value
    }

    private static func policy(_ name: String, _ reader: ConfigReader) throws -> EgressPolicy {
        do throws(PlatformError) {
            return try EgressPolicy(reader.string(forKey: ConfigKey(name), default: "internet"))
        } catch {
            throw ConfigurationMistake(name, error.message)
        }
    }
}
