import Core
import Synchronization

extension PostgresProvisioner {
    /// Databases whose schemas are looked at in one call: that takes a connection to each.
    static let inspectedDatabases = 16

    /// Roles and databases of all of them, in two statements; schemas of some, the next ones each time.
    public func missing(_ identities: [DatabaseIdentity]) async throws(PlatformError) -> [DatabaseIdentity] {
        guard !identities.isEmpty else { return [] }
        let databases = Set(identities.map(\.database)).sorted()
        let first = inspected.withLock { place in
            defer { place += Self.inspectedDatabases }
            return place % databases.count
        }
        let count = min(Self.inspectedDatabases, databases.count)
        let looked = Set((0..<count).map { databases[(first + $0) % databases.count] })
        return try await read { (admin, target) throws(PostgresError) in
            let roles = try Self.names(#"SELECT rolname FROM pg_roles WHERE rolname LIKE 'r\_%'"#, admin)
            let databases = try Self.names(#"SELECT datname FROM pg_database WHERE datname LIKE 'u\_%'"#, admin)
            var schemas: [String: Set<String>] = [:]
            for name in looked.intersection(databases) {
                let inside = try PostgresConnection(target.database(SQLIdentifier(name)))
                schemas[name] = try Self.names("SELECT nspname FROM pg_namespace", inside)
            }
            return identities.filter { identity in
                !roles.contains(identity.role) || !databases.contains(identity.database)
                    || schemas[identity.database].map { !$0.contains(identity.schema) } ?? false
            }
        }
    }

    private static func names(
        _ statement: String, _ admin: borrowing PostgresConnection
    ) throws(PostgresError) -> Set<String> {
        let result = try admin.execute(statement)
        var names: Set<String> = []
        for row in 0..<result.count { if let name = result.text(row: row) { names.insert(name) } }
        return names
    }
}
