import Core
import Logging
import Synchronization

/// Makes databases, schemas and roles on our own cluster or on a server that somebody else runs.
public final class PostgresProvisioner: DatabaseProvisioner {
    /// Where the administrator connects, and where containers do. Waits for a cluster that is starting.
    let locate: @Sendable () async throws(PlatformError) -> (PostgresTarget, DatabaseEndpoint)
    let connections = AdminConnections()
    /// For what somebody waits for at the other end of a request, so that it does not wait behind what is being made.
    let readers = AdminConnections()
    /// Seconds that a request waits at most, for its turn, for the server and for the answer.
    static let requestLimit = Duration.seconds(15)
    private let extensions: [ExtensionName]
    private let isHardened = Mutex(false)
    let dumps: DumpLauncher
    let logger: Logger

    /// On our own cluster; calls wait until it is ready.
    public init(cluster: PostgresCluster, extensions: [ExtensionName] = [], logger: Logger) {
        self.extensions = extensions
        self.logger = logger
        dumps = DumpLauncher(logger: logger)
        locate = { () throws(PlatformError) in
            try await cluster.waitUntilReady()
            return (try cluster.target(), try cluster.endpoint())
        }
    }

    /// On another server, by its administrator's connection URI. Throws `.invalid` when the URI cannot be used.
    public init(
        externalURL url: String, extensions: [ExtensionName] = [], logger: Logger
    ) throws(PlatformError) {
        self.extensions = extensions
        self.logger = logger
        dumps = DumpLauncher(logger: logger)
        let endpoint = try PostgresTarget.endpoint(url: url)
        locate = { () throws(PlatformError) in (PostgresTarget(url: url), endpoint) }
    }

    public func endpoint() async throws(PlatformError) -> DatabaseEndpoint { try await locate().1 }

    public func provision(_ identity: DatabaseIdentity, password: String) async throws(PlatformError) {
        let target = try await locate().0
        let names = try Names(identity)
        try await harden(target)
        let extensions = extensions
        try await connections.run(target) { (admin) throws(PostgresError) in
            try DatabaseLock.hold(names.database, admin) { () throws(PostgresError) in
                try RoleSetup.ensureRole(names.role, password: password, admin)
                try RoleSetup.ensureDatabase(names.database, admin)
                try RoleSetup.allow(names, admin)
                let inside = try PostgresConnection(target.database(names.database))
                try RoleSetup.ensureExtensions(extensions, inside)
                try RoleSetup.ensureSchema(names, inside)
            }
        }
        logger.debug("database is provisioned", metadata: ["schema": "\(identity.schema)"])
    }

    public func drop(_ identity: DatabaseIdentity) async throws(PlatformError) {
        let target = try await locate().0
        let names = try Names(identity)
        try await connections.run(target) { (admin) throws(PostgresError) in
            try DatabaseLock.hold(names.database, admin) { () throws(PostgresError) in
                try RoleRemoval.endSessions(names.role, admin)
                if try RoleSetup.exists("pg_database WHERE datname = $1", names.database, admin) {
                    if try RoleRemoval.empty(names, target) {
                        try admin.execute("DROP DATABASE IF EXISTS \(names.database) WITH (FORCE)")
                    }
                }
                try RoleRemoval.dropRole(names.role, admin)
            }
        }
        logger.debug("database is dropped", metadata: ["schema": "\(identity.schema)"])
    }

    /// Closes idle connections; for the end of the server's life.
    public func close() {
        connections.closeIdle()
        readers.closeIdle()
    }

    /// Takes from everybody the right to connect to the databases that every server has. Once a process.
    private func harden(_ target: PostgresTarget) async throws(PlatformError) {
        guard !isHardened.withLock({ $0 }) else { return }
        let open = try await connections.run(target) { (admin) throws(PostgresError) in
            // Two that change one database's rights at once make one of them fail.
            try DatabaseLock.hold(SQLIdentifier("template1"), admin) { () throws(PostgresError) in
                var open: [String] = []
                for name in ["postgres", "template1"] where try !RoleSetup.close(SQLIdentifier(name), admin) {
                    open.append(name)
                }
                return open
            }
        }
        isHardened.withLock { $0 = true }
        guard !open.isEmpty else { return }
        logger.warning(
            "apps may connect to databases that the Postgres administrator does not own; revoke CONNECT from PUBLIC",
            metadata: ["databases": "\(open.joined(separator: " "))"])
    }
}

/// An identity's names, checked.
struct Names: Sendable {
    let database: SQLIdentifier
    let schema: SQLIdentifier
    let role: SQLIdentifier

    init(_ identity: DatabaseIdentity) throws(PlatformError) {
        do throws(PostgresError) {
            database = try SQLIdentifier(identity.database)
            schema = try SQLIdentifier(identity.schema)
            role = try SQLIdentifier(identity.role)
        } catch {
            throw error.platform
        }
    }
}

/// The provisioner of the degraded mode.
public struct UnavailableProvisioner: DatabaseProvisioner {
    public init() {}

    public func endpoint() async throws(PlatformError) -> DatabaseEndpoint { throw Self.error }
    public func provision(_ identity: DatabaseIdentity, password: String) async throws(PlatformError) {
        throw Self.error
    }
    public func drop(_ identity: DatabaseIdentity) async throws(PlatformError) { throw Self.error }

    public func reset(_ identity: DatabaseIdentity) async throws(PlatformError) { throw Self.error }
    public func figures(_ identity: DatabaseIdentity) async throws(PlatformError) -> DatabaseFigures {
        throw Self.error
    }
    public func storage(database: String) async throws(PlatformError) -> DatabaseStorage { throw Self.error }
    public func dump(_ identity: DatabaseIdentity, password: String) async throws(PlatformError) -> any DatabaseDump {
        throw Self.error
    }

    private static var error: PlatformError { PlatformError(.databaseUnavailable, "Postgres is switched off") }
}
