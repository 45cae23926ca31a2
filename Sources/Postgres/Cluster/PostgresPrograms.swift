import Foundation
import Subprocess
import SystemPackage

/// A program that this target needs, as it was found on this machine.
public struct PostgresProgram: Sendable, Hashable {
    public let name: String
    /// The Debian package that has it.
    public let package: String
    /// Absolute path; `nil` when it is missing.
    public let path: String?
    /// As the program tells it (`15.18`); `nil` when it is missing or does not say.
    public let version: String?
}

/// Where Postgres is installed.
public enum PostgresPrograms {
    static let names = ["initdb", "postgres", "pg_dump", "psql"]
    /// What the cluster's processes need beside Postgres itself to be started as another user.
    static let launchNames = ["setpriv", "unshare", "mount", "sh"]
    private static let debianRoot = "/usr/lib/postgresql"
    private static let searchPath = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]

    /// Every needed program with what was found, for `berthd doctor`.
    public static func find() async -> [PostgresProgram] {
        var programs: [PostgresProgram] = []
        for name in names {
            let package = ["pg_dump", "psql"].contains(name) ? "postgresql-client" : "postgresql"
            let path = path(of: name)
            programs.append(
                PostgresProgram(name: name, package: package, path: path, version: await version(path)))
        }
        for name in launchNames {
            let package = ["mount": "mount", "sh": "dash"][name] ?? "util-linux"
            let path = path(of: name)
            programs.append(PostgresProgram(name: name, package: package, path: path, version: nil))
        }
        return programs
    }

    /// Debian's folders of server programs, newest major version first.
    static func installations() -> [(version: Int, directory: String)] {
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: debianRoot)) ?? []
        return versions.compactMap(Int.init).sorted(by: >)
            .map { ($0, "\(debianRoot)/\($0)/bin") }
            .filter { FileManager.default.isExecutableFile(atPath: "\($0.1)/postgres") }
    }

    /// The program's path: in Debian's newest installation, else on the usual path.
    static func path(of name: String) -> String? {
        (installations().map(\.directory) + searchPath).map { "\($0)/\(name)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    private static func version(_ path: String?) async -> String? {
        guard let path else { return nil }
        let result = try? await run(
            .path(FilePath(path)), arguments: ["--version"], output: .string(limit: 4096), error: .discarded)
        // "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"
        return result?.standardOutput.split(separator: " ").first { $0.first?.isNumber == true }
            .map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
    }
}
