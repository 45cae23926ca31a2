import Blocking
import Core
import Logging
import Synchronization

/// Starts pg_dump for channels: as the channel's role, with an unprivileged user's rights on this machine, a few at once.
final class DumpLauncher: Sendable {
    /// Dumps that may run at once.
    static let width = 4
    /// Whom pg_dump runs as when there is no system user for Postgres: `nobody`, `nogroup`.
    private static let nobody = ClusterAccount(user: 65_534, group: 65_534)

    private let running = Mutex(0)
    private let pool = BlockingPool(label: "dumps", width: width)
    private let logger: Logger

    init(logger: Logger) { self.logger = logger }

    /// Begins a dump of `schema`. `target` is the user's database as the role reaches it.
    func begin(_ schema: SQLIdentifier, target: PostgresTarget) async throws(PlatformError) -> ProcessDump {
        guard let program = PostgresPrograms.path(of: "pg_dump") else {
            throw PlatformError(.databaseUnavailable, "pg_dump is not installed: install postgresql-client")
        }
        try take()
        let arguments = [
            program, "--no-password", "--format=plain", "--encoding=UTF8", "--lock-wait-timeout=20s", "--strict-names",
            // A pattern in pg_dump's language; in quotes it stands for itself.
            "--schema=\(schema)",
        ]
        let environment = target.environment.merging(["PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"]) { $1 }
        let command: [String]
        let process: ChildProcess
        do {
            command = try Self.prefix() + arguments
            process = try ChildProcess(command, environment: environment)
        } catch {
            give()
            throw .internal("pg_dump could not be started", cause: error)
        }
        let dump = ProcessDump(process: process, pool: pool, logger: logger) { [weak self] in self?.give() }
        do throws(PlatformError) { try await dump.begin() } catch {
            await dump.close()
            throw error
        }
        return dump
    }

    private func take() throws(PlatformError) {
        try running.withLock { (running) throws(PlatformError) in
            guard running < Self.width else {
                throw PlatformError(.databaseUnavailable, "too many dumps run at this moment; try again later")
            }
            running += 1
        }
    }

    private func give() { running.withLock { $0 -= 1 } }

    /// What root puts in front. A server that is not root cannot become somebody else.
    private static func prefix() throws(PlatformError) -> [String] {
        let account: ClusterAccount
        do throws(PlatformError) {
            guard let found = try ClusterAccount.find("postgres") else { return [] }
            account = found
        } catch {
            account = nobody
        }
        return ClusterLauncher.drop(to: account)
    }
}
