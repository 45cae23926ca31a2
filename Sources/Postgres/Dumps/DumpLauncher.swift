import Blocking
import Core
import Logging
import Synchronization

/// Starts pg_dump for channels: as the channel's role, with an unprivileged user's rights on this machine, a few at once.
final class DumpLauncher: Sendable {
    /// Dumps that may run at once.
    static let width = 6
    /// Dumps of one user's database that may run at once, so that one user leaves room for others.
    static let widthPerDatabase = 2
    /// Seconds that pg_dump may take to connect.
    private static let connectSeconds = 10
    /// Whom pg_dump runs as when there is no system user for Postgres: `nobody`, `nogroup`.
    private static let nobody = ClusterAccount(user: 65_534, group: 65_534)

    /// Dumps that run, by database.
    private let running = Mutex<[SQLIdentifier: Int]>([:])
    private let pool = BlockingPool(label: "dumps", width: width)
    /// A dump that takes longer is ended, however slowly it is read: its place is wanted.
    private let limit: Duration
    private let logger: Logger

    init(limit: Duration, logger: Logger) {
        self.limit = limit
        self.logger = logger
    }

    /// Begins a dump of a channel's schema. `target` is the server as the channel's role logs in.
    func begin(_ names: Names, target: PostgresTarget) async throws(PlatformError) -> ProcessDump {
        guard let program = PostgresPrograms.path(of: "pg_dump") else {
            throw PlatformError(.databaseUnavailable, "pg_dump is not installed: install postgresql-client")
        }
        let database = names.database
        try take(database)
        let arguments = [
            program, "--no-password", "--format=plain", "--encoding=UTF8", "--lock-wait-timeout=20s", "--strict-names",
            // A pattern in pg_dump's language; in quotes it stands for itself.
            "--schema=\(names.schema)",
        ]
        let environment = target.database(database).environment.merging([
            "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC", "PGCONNECT_TIMEOUT": String(Self.connectSeconds),
        ]) { $1 }
        let command: [String]
        let process: ChildProcess
        do {
            command = try Self.prefix() + arguments
            process = try ChildProcess(command, environment: environment)
        } catch {
            give(database)
            throw .internal("pg_dump could not be started", cause: error)
        }
        let dump = ProcessDump(process: process, pool: pool, limit: limit, logger: logger) { [weak self] in
            self?.give(database)
        }
        do throws(PlatformError) { try await dump.begin() } catch {
            await dump.close()
            throw error
        }
        return dump
    }

    private func take(_ database: SQLIdentifier) throws(PlatformError) {
        try running.withLock { (running) throws(PlatformError) in
            guard running[database, default: 0] < Self.widthPerDatabase, running.values.reduce(0, +) < Self.width else {
                throw PlatformError(.databaseUnavailable, "too many dumps run at this moment; try again later")
            }
            running[database, default: 0] += 1
        }
    }

    private func give(_ database: SQLIdentifier) {
        running.withLock { running in
            let rest = running[database, default: 1] - 1
            running[database] = rest > 0 ? rest : nil
        }
    }

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
