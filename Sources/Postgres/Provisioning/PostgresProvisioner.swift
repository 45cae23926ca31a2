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
    let limits: ProvisionerLimits
    let extensions: [ExtensionName]
    let isHardened = Mutex(false)
    /// That a limit cannot be set has been said.
    let isWarned = Mutex(false)
    let dumps: DumpLauncher
    /// How many databases were inspected for missing schemas so far.
    let inspected = Mutex(0)
    let logger: Logger

    /// On our own cluster; calls wait until it is ready.
    public convenience init(cluster: PostgresCluster, extensions: [ExtensionName] = [], logger: Logger) {
        self.init(extensions: extensions, logger: logger) { () throws(PlatformError) in
            try await cluster.waitUntilReady()
            return (try cluster.target(), try cluster.endpoint())
        }
    }

    /// On another server, by its administrator's connection URI. Throws `.invalid` when the URI cannot be used.
    public convenience init(
        externalURL url: String, extensions: [ExtensionName] = [], logger: Logger
    ) throws(PlatformError) {
        let endpoint = try PostgresTarget.endpoint(url: url)
        self.init(extensions: extensions, logger: logger) { () throws(PlatformError) in
            (PostgresTarget(url: url), endpoint)
        }
    }

    init(
        extensions: [ExtensionName] = [], limits: ProvisionerLimits = ProvisionerLimits(), logger: Logger,
        locate: @escaping @Sendable () async throws(PlatformError) -> (PostgresTarget, DatabaseEndpoint)
    ) {
        self.extensions = extensions
        self.limits = limits
        self.logger = logger
        self.locate = locate
        dumps = DumpLauncher(limit: limits.dump, logger: logger)
    }

    public func endpoint() async throws(PlatformError) -> DatabaseEndpoint { try await locate().1 }

    public func provision(_ identity: DatabaseIdentity, password: String) async throws(PlatformError) {
        let target = try await locate().0
        let names = try Names(identity)
        try await harden(target)
        let extensions = extensions
        let isLimited = try await connections.run(target) { (admin) throws(PostgresError) in
            try DatabaseLock.hold(names.database, admin) { () throws(PostgresError) in
                let isLimited = try RoleSetup.ensureRole(names.role, password: password, admin)
                try RoleSetup.ensureDatabase(names.database, target, admin)
                try RoleSetup.allow(names, admin)
                let inside = try PostgresConnection(target.database(names.database))
                try RoleSetup.ensureExtensions(extensions, inside)
                try RoleSetup.ensureSchema(names, inside)
                return isLimited
            }
        }
        if !isLimited { warnOfTemporaryFiles() }
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
                        try RoleRemoval.dropDatabase(names.database, target, admin)
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
}

/// How long callers of a provisioner wait at most: for their turn, for the server and for the answer.
struct ProvisionerLimits: Sendable {
    /// For what somebody only looks at.
    var request = Duration.seconds(15)
    /// For a reset. What has begun by then goes on, and ends by the limits of its connections.
    var reset = Duration.seconds(60)
    /// For finding out at the start whether there is a server at all.
    var probe = Duration.seconds(60)
    /// For a whole dump, however slowly it is read.
    var dump = Duration.seconds(1800)
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
