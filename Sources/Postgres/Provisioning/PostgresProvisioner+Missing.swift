import Core

extension PostgresProvisioner {
    /// Two statements, whatever the number.
    public func missing(_ identities: [DatabaseIdentity]) async throws(PlatformError) -> [DatabaseIdentity] {
        guard !identities.isEmpty else { return [] }
        return try await read { (admin, _) throws(PostgresError) in
            let roles = try Self.names(#"SELECT rolname FROM pg_roles WHERE rolname LIKE 'r\_%'"#, admin)
            let databases = try Self.names(#"SELECT datname FROM pg_database WHERE datname LIKE 'u\_%'"#, admin)
            return identities.filter { !roles.contains($0.role) || !databases.contains($0.database) }
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
