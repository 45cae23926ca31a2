import Configuration
import Core
import Foundation
import SystemPackage

/// Every setting of the server, read in one place: flag > `BERTH_*` > configuration file > default.
///
/// In the file and in variables a setting has the name of its flag: `--public-url`, `BERTH_PUBLIC_URL`, `public-url:`.
struct Settings: Sendable {
    /// Absolute path of the folder that holds all state.
    var data: String
    /// Absolute path of a folder on a file system in memory, for what must not lie on a disk in clear.
    var runtimeDirectory: String?
    var domain: String
    var listen: ListenAddress
    /// How the world reaches us, when that is not `http://<domain>:<port>`.
    var publicURL: String?
    /// Name of the user that the first start makes.
    var firstUser: String
    /// `own`, `off`, or the URL of an admin connection.
    var postgres: String
    /// Extensions that every user's database gets.
    var postgresExtensions: [String]
    /// IPv4 range of the containers.
    var subnet: String
    /// Name of the containers' bridge, `nil` for one made from the installation's own name.
    var bridge: String?
    /// The operator's folder of templates, above the built-in ones.
    var templates: String?
    /// Folder of the built-in templates.
    var builtInTemplates: String
    /// What else the router does.
    var router: RouterSettings
    /// Limits of the git server.
    var git: GitSettings
    /// What apps may take of the machine and reach from it.
    var shares: ShareSettings
    /// Event-loop threads of the router.
    var workers: Int
    /// Seconds that open requests and running deploys get at shutdown.
    var shutdownSeconds: Int
    var drainSeconds: Int
    /// Seconds that a new version is looked at, with the old one at hand.
    var watchSeconds: Int
    /// Folder of the operator's programs that are run around pushes and deploys.
    var hooks: String
    /// Builds that run at the same time.
    var buildSlots: Int
    /// Seconds between two comparisons of what should be with what is.
    var reconcileSeconds: Int
    /// Seconds between two looks at all repositories.
    var maintenanceSeconds: Int
    /// For tests: a file that names the checkpoint at which the server ends itself, as a crash does.
    var crashFile: String?
    /// MiB that an instance may use.
    var instanceMemory: Int
    var logLevel: String

    /// Throws `ConfigurationMistake` for a value that cannot be used; nothing has been opened then.
    init(_ reader: ConfigReader) throws {
        data = Self.absolute(reader.string(forKey: "data", default: "/var/lib/berth"))
        runtimeDirectory = reader.string(forKey: "runtime-directory").map(Self.absolute)
        domain = reader.string(forKey: "domain", default: "localhost").lowercased()
        listen = try ListenAddress(reader.string(forKey: "listen", default: "127.0.0.1:8080"))
        publicURL = reader.string(forKey: "public-url")
        firstUser = reader.string(forKey: "first-user", default: "admin")
        postgres =
            reader.string(forKey: "postgres-url", isSecret: true) ?? reader.string(forKey: "postgres", default: "own")
        postgresExtensions = reader.string(forKey: "postgres-extensions", default: "")
            .split(whereSeparator: { $0 == "," || $0 == " " }).map(String.init)
        subnet = reader.string(forKey: "subnet", default: "10.210.0.0/16")
        bridge = reader.string(forKey: "bridge")
        templates = reader.string(forKey: "templates").map(Self.absolute)
        builtInTemplates =
            reader.string(forKey: "built-in-templates").map(Self.absolute) ?? Self.findBuiltInTemplates()
        router = try RouterSettings(reader, domain: domain)
        git = try GitSettings(reader)
        shares = try ShareSettings(reader)
        workers = reader.int(forKey: "workers", default: ProcessInfo.processInfo.activeProcessorCount)
        shutdownSeconds = reader.int(forKey: "shutdown-seconds", default: 30)
        drainSeconds = reader.int(forKey: "drain-seconds", default: 30)
        watchSeconds = reader.int(forKey: "watch-seconds", default: 3)
        hooks = Self.absolute(reader.string(forKey: "hooks", default: "/etc/berth/hooks"))
        buildSlots = reader.int(
            forKey: "build-slots", default: max(2, ProcessInfo.processInfo.activeProcessorCount))
        reconcileSeconds = reader.int(forKey: "reconcile-seconds", default: 30)
        maintenanceSeconds = reader.int(forKey: "maintenance-seconds", default: 3600)
        crashFile = reader.string(forKey: "crash-file").map(Self.absolute)
        instanceMemory = reader.int(forKey: "instance-memory", default: 512)
        logLevel = reader.string(forKey: "log-level", default: "info")
        try validate()
    }

    /// The sources in their order. `flags` holds the flags that were given, by setting name.
    static func read(flags: [String: String], file: String?) async throws -> Settings {
        let path = file ?? "/etc/berth/config.yaml"
        let fileProvider = try await FileProvider<YAMLSnapshot>(
            filePath: FilePath(path), allowMissing: file == nil)
        let variables = ProcessInfo.processInfo.environment.filter { $0.key.hasPrefix(Self.variablePrefix) }
        return try Settings(
            ConfigReader(providers: [
                Self.provider(flags.map { ($0.key, $0.value) }),
                Self.provider(variables.map { (String($0.key.dropFirst(Self.variablePrefix.count)), $0.value) }),
                fileProvider,
            ]))
    }

    private static let variablePrefix = "BERTH_"

    /// Settings that came as text: numbers are read from it when they are asked for.
    private static func provider(_ settings: [(name: String, value: String)]) -> EnvironmentVariablesProvider {
        let variables = settings.map { ($0.name.uppercased().replacingOccurrences(of: "-", with: "_"), $0.value) }
        return EnvironmentVariablesProvider(
            environmentVariables: Dictionary(variables) { $1 }, secretsSpecifier: .specific(["POSTGRES_URL"]))
    }

    var address: PublicAddress {
        get throws {
            guard let publicURL else {
                return PublicAddress(scheme: "http", domain: domain, port: listen.port == 80 ? nil : listen.port)
            }
            guard let url = URLComponents(string: publicURL), let scheme = url.scheme,
                ["http", "https"].contains(scheme),
                let host = url.host, host.lowercased() == domain, url.path.isEmpty || url.path == "/"
            else {
                throw ConfigurationMistake(
                    "public-url", "must be http:// or https:// with the domain \(domain), such as https://\(domain)")
            }
            return PublicAddress(scheme: scheme, domain: domain, port: url.port)
        }
    }

    private func validate() throws {
        for part in domain.split(separator: ".", omittingEmptySubsequences: false)
        where !DNSLabel.isValid(String(part)) {
            throw ConfigurationMistake("domain", "\"\(domain)\" is not a domain name")
        }
        _ = try address
        do { _ = try UserName(firstUser) } catch { throw ConfigurationMistake("first-user", error.message) }
        guard (1...1024).contains(workers) else { throw ConfigurationMistake("workers", "must be 1 to 1024") }
        guard (0...3600).contains(shutdownSeconds) else {
            throw ConfigurationMistake("shutdown-seconds", "must be 0 to 3600")
        }
        guard (0...3600).contains(drainSeconds) else {
            throw ConfigurationMistake("drain-seconds", "must be 0 to 3600")
        }
        guard (0...600).contains(watchSeconds) else { throw ConfigurationMistake("watch-seconds", "must be 0 to 600") }
        guard (1...86_400).contains(reconcileSeconds) else {
            throw ConfigurationMistake("reconcile-seconds", "must be 1 to 86400")
        }
        guard (1...86_400).contains(maintenanceSeconds) else {
            throw ConfigurationMistake("maintenance-seconds", "must be 1 to 86400")
        }
        guard (1...1000).contains(buildSlots) else { throw ConfigurationMistake("build-slots", "must be 1 to 1000") }
        guard instanceMemory >= 32 else { throw ConfigurationMistake("instance-memory", "must be at least 32 (MiB)") }
        guard FileManager.default.fileExists(atPath: builtInTemplates) else {
            throw ConfigurationMistake("built-in-templates", "there is no folder \(builtInTemplates)")
        }
    }

    private static func absolute(_ path: String) -> String {
        URL(fileURLWithPath: (path as NSString).expandingTildeInPath).standardizedFileURL.path
    }

    /// `templates/` beside the program's package, `../share/berth/templates` beside an installed program.
    private static func findBuiltInTemplates() -> String {
        var folder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        let installed = folder.deletingLastPathComponent().appendingPathComponent("share/berth/templates")
        if FileManager.default.fileExists(atPath: installed.path) { return installed.path }
        for _ in 0..<5 {
            let candidate = folder.appendingPathComponent("templates")
            if FileManager.default.fileExists(atPath: candidate.path) { return candidate.path }
            folder.deleteLastPathComponent()
        }
        return "/usr/share/berth/templates"
    }
}

/// A setting that cannot be used.
struct ConfigurationMistake: Error, CustomStringConvertible {
    let setting: String
    let reason: String

    init(_ setting: String, _ reason: String) {
        self.setting = setting
        self.reason = reason
    }

    var description: String { "\(setting): \(reason)" }
}
