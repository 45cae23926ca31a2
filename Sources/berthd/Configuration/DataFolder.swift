import Core
import Foundation

/// The folders of an installation, and its name.
struct DataFolder: Sendable {
    let root: String

    var database: String { "\(root)/berth.sqlite" }
    var secrets: String { "\(root)/secrets" }
    var repositories: String { "\(root)/repos" }
    var releases: String { "\(root)/releases" }
    /// Folders of channels that outlast their releases.
    var volumes: String { "\(root)/volumes" }
    /// Installed dependencies of apps, kept between builds: on the releases' file system, since files are shared by links.
    var dependencies: String { "\(root)/cache/dependencies" }
    /// What builds of apps leave to later ones.
    var caches: String { "\(root)/cache/builds" }
    /// File systems that were made of packages, for templates that name some.
    var rootfs: String { "\(root)/rootfs" }
    /// Hashed files of replaced releases that pages in browsers may still ask for.
    var formerFiles: String { "\(root)/former-files.json" }
    var deployLogs: String { "\(root)/logs/deploys" }
    var instanceLogs: String { "\(root)/logs/instances" }
    var postgres: String { "\(root)/postgres" }
    var postgresLog: String { "\(root)/logs/postgres.log" }
    /// Sockets of this process and its lock.
    var run: String { "\(root)/run" }

    /// Makes what is not there, closed to everybody but the server. What lies below `secrets` and the state file is
    /// nobody else's business; `releases` is entered by containers through mounts only.
    func prepare() throws {
        let folders = [root, secrets, repositories, releases, deployLogs, instanceLogs, run]
        for folder in folders {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        }
        for folder in [secrets, repositories, run] {
            try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: folder)
        }
    }

    /// Eight hex digits that name this installation's containers, networks and cgroups; made once.
    func node() throws -> String {
        let path = "\(root)/node"
        if let text = try? String(contentsOfFile: path, encoding: .utf8) {
            let node = text.trimmingCharacters(in: .whitespacesAndNewlines)
            guard node.utf8.count == 8, node.allSatisfy(\.isHexDigit) else {
                throw ConfigurationMistake("data", "\(path) is damaged: it must hold eight hex digits")
            }
            return node
        }
        let node = String(ID<DataFolder>().hex.prefix(8))
        try Data("\(node)\n".utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        return node
    }

    /// Where the cluster is mounted for a user who cannot reach the data folder. Beside the runtime directory, which is
    /// closed to everybody.
    func postgresRuntimeDirectory(_ settings: Settings) throws -> String {
        "\(try runtimeDirectory(settings)).postgres"
    }

    func runtimeDirectory(_ settings: Settings) throws -> String {
        try settings.runtimeDirectory ?? runtimeDirectory()
    }

    /// Where it is unless the settings say otherwise.
    func runtimeDirectory() throws -> String { "\(Self.runtimeRoot)/\(try node())" }

    /// Makes the folders that others than root must be able to pass; what lies below them is closed where it has to be.
    func prepareRuntime(_ settings: Settings) throws {
        if settings.runtimeDirectory == nil { try Self.prepareRuntimeRoot() }
        try FileManager.default.createDirectory(
            atPath: try postgresRuntimeDirectory(settings), withIntermediateDirectories: true,
            attributes: [.posixPermissions: Self.passable])
    }

    /// Makes the folder that the runtime directories of all servers of this machine are in.
    static func prepareRuntimeRoot() throws {
        try FileManager.default.createDirectory(atPath: runtimeRoot, withIntermediateDirectories: true)
        try FileManager.default.setAttributes([.posixPermissions: passable], ofItemAtPath: runtimeRoot)
    }

    private static let passable = 0o711

    private static let runtimeRoot = "/run/berth"
}
