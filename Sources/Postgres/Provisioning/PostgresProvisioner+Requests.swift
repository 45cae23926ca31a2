import Core

extension PostgresProvisioner {
    public func reset(_ identity: DatabaseIdentity) async throws(PlatformError) {
        let names = try Names(identity)
        let deadline = ContinuousClock.now + limits.reset
        try await TimeLimit.run(limits.reset) { () async throws(PlatformError) in
            let target = try await self.locate().0
            // Whose turn comes after the caller has been told that it took too long must not empty anything any more.
            try await self.connections.run(target, before: deadline) { (admin) throws(PostgresError) in
                try DatabaseLock.hold(names.database, admin) { () throws(PostgresError) in
                    try SchemaReset.perform(names, target, admin)
                }
            }
        }
    }

    public func figures(_ identity: DatabaseIdentity) async throws(PlatformError) -> DatabaseFigures {
        let names = try Names(identity)
        return try await read { (admin, target) throws(PostgresError) in
            let role = try admin.execute(
                """
                SELECT rolconnlimit, (SELECT count(*) FROM pg_stat_activity WHERE usename = $1)
                FROM pg_roles WHERE rolname = $1
                """, [names.role.name])
            var storage = 0
            if try RoleSetup.exists("pg_database WHERE datname = $1", names.database, admin) {
                let inside = try PostgresConnection(target.database(names.database))
                storage = try SchemaSize.bytes(names.schema, inside)
            }
            return DatabaseFigures(
                connections: role.integer(column: 1) ?? 0,
                connectionLimit: role.integer() ?? DatabaseRecord.connectionLimit, storageBytes: storage)
        }
    }

    public func storage(database: String) async throws(PlatformError) -> DatabaseStorage {
        try await read { (admin, target) throws(PostgresError) in
            let name = try SQLIdentifier(database)
            // By number: the name may be gone the moment after it was looked up, which would be an error.
            let size = try admin.execute(
                "SELECT pg_database_size(oid) FROM pg_database WHERE datname = $1", [name.name]
            ).integer()
            guard let size else { return .none }
            let inside = try PostgresConnection(target.database(name))
            let schemas = try inside.execute(#"SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'ch\_%'"#).integer()
            return DatabaseStorage(bytes: size, schemas: schemas ?? 0)
        }
    }

    /// Asks the server something for a request, within its time.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (borrowing PostgresConnection, PostgresTarget) throws(PostgresError) -> Value
    ) async throws(PlatformError) -> Value {
        let deadline = ContinuousClock.now + limits.request
        return try await TimeLimit.run(limits.request) { () async throws(PlatformError) in
            let target = try await self.locate().0
            return try await self.readers.run(target, before: deadline) { (admin) throws(PostgresError) in
                try body(admin, target)
            }
        }
    }

    public func dump(_ identity: DatabaseIdentity, password: String) async throws(PlatformError) -> any DatabaseDump {
        let target = try await locate().0
        let names = try Names(identity)
        return try await dumps.begin(names, target: target.login(names.role, password: password))
    }
}
