/// Where containers reach Postgres.
public struct DatabaseEndpoint: Sendable, Hashable {
    public let host: String
    public let port: Int

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// `postgresql://role:password@host:port/database` (libpq, "Connection URIs"). Passwords are URL-safe as made.
    public func url(_ identity: DatabaseIdentity, password: String) -> String {
        // RFC 3986 section 3.2.2: an IPv6 address stands in brackets.
        let host = host.contains(":") ? "[\(host)]" : host
        return "postgresql://\(identity.role):\(password)@\(host):\(port)/\(identity.database)"
    }
}

/// Makes and removes databases, schemas and roles. Every call may be repeated: what is there already is left as it is.
public protocol DatabaseProvisioner: Sendable {
    /// Returns when Postgres answers to the administrator. Throws `.databaseUnavailable` when it does not, or is too old.
    func probe() async throws(PlatformError)
    /// Gives roles and databases that were made earlier today's limits and extensions; those that are not there are passed
    /// over. Contents and passwords stay.
    func refresh(_ identities: [DatabaseIdentity]) async throws(PlatformError)
    /// Those whose role or whose user's database is not there. Throws `.databaseUnavailable` when Postgres does not answer.
    func missing(_ identities: [DatabaseIdentity]) async throws(PlatformError) -> [DatabaseIdentity]
    /// Throws `.databaseUnavailable` when Postgres is off or does not answer.
    func endpoint() async throws(PlatformError) -> DatabaseEndpoint
    /// Database of the user, role with `password`, schema of the role, `search_path` set; nobody else gets in.
    func provision(_ identity: DatabaseIdentity, password: String) async throws(PlatformError)
    /// Ends the role's connections, drops schema and role. The user's database goes with its last `ch_` schema.
    func drop(_ identity: DatabaseIdentity) async throws(PlatformError)
    /// Ends the role's connections and replaces its schema by an empty one. Role and password stay.
    func reset(_ identity: DatabaseIdentity) async throws(PlatformError)
    /// Live figures; zeros for what is not there.
    func figures(_ identity: DatabaseIdentity) async throws(PlatformError) -> DatabaseFigures
    /// Live figures of a user's database, by its name; zeros when it is not there.
    func storage(database: String) async throws(PlatformError) -> DatabaseStorage
    /// Begins a dump of the schema as SQL, made with the role's own rights. When this returns its first piece is there, so
    /// that what can be wrong from the start has been thrown: `.databaseUnavailable` when Postgres does not answer or
    /// takes no connection more, `.badGateway` when the dump program refuses.
    func dump(_ identity: DatabaseIdentity, password: String) async throws(PlatformError) -> any DatabaseDump
}
