import Core

extension PostgresProvisioner {
    public func reset(_ identity: DatabaseIdentity) async throws(PlatformError) {
        let target = try await locate().0
        let names = try Names(identity)
        try await connections.run(target) { (admin) throws(PostgresError) in
            try DatabaseLock.hold(names.database, admin) { () throws(PostgresError) in
                try RoleRemoval.endSessions(names.role, admin)
                // Whatever becomes of the schema, the app gets in again.
                let result: Result<Void, PostgresError>
                do throws(PostgresError) {
                    let inside = try PostgresConnection(target.database(names.database))
                    result = .success(try SchemaReset.perform(names, inside))
                } catch {
                    result = .failure(error)
                }
                try admin.execute("ALTER ROLE \(names.role) LOGIN")
                try result.get()
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
    private func read<Value: Sendable>(
        _ body: @escaping @Sendable (borrowing PostgresConnection, PostgresTarget) throws(PostgresError) -> Value
    ) async throws(PlatformError) -> Value {
        let deadline = ContinuousClock.now + Self.requestLimit
        return try await TimeLimit.run(Self.requestLimit) { () async throws(PlatformError) in
            let target = try await self.locate().0
            return try await self.readers.run(target, before: deadline) { (admin) throws(PostgresError) in
                try body(admin, target)
            }
        }
    }

    public func dump(_ identity: DatabaseIdentity, password: String) async throws(PlatformError) -> any DatabaseDump {
        let target = try await locate().0
        let names = try Names(identity)
        return try await dumps.begin(
            names.schema, target: target.database(names.database).login(names.role, password: password))
    }
}

/// How a channel's schema is emptied.
enum SchemaReset {
    /// One transaction, so that there is always a schema. What is the role's is dropped with the role's own rights: nothing
    /// that a tenant made is touched by a superuser.
    static func perform(_ names: Names, _ inside: borrowing PostgresConnection) throws(PostgresError) {
        try inside.execute("BEGIN")
        try inside.execute("SET LOCAL ROLE \(names.role)")
        try inside.execute(
            "SELECT lo_unlink(oid) FROM pg_largeobject_metadata WHERE lomowner = $1::regrole", ["\(names.role)"])
        try inside.execute("DROP SCHEMA IF EXISTS \(names.schema) CASCADE")
        try inside.execute("RESET ROLE")
        try inside.execute("CREATE SCHEMA \(names.schema) AUTHORIZATION \(names.role)")
        try inside.execute("REVOKE ALL ON SCHEMA \(names.schema) FROM PUBLIC")
        try inside.execute("COMMIT")
    }
}

/// How much a channel's schema takes on disk.
enum SchemaSize {
    /// Locks that a tenant holds must not keep the answer waiting.
    private static let lockTime = "200ms"

    /// Tables with their indexes and long values, views that keep rows, sequences. When a tenant holds a lock, what the
    /// last maintenance of each table counted.
    static func bytes(
        _ schema: SQLIdentifier, _ inside: borrowing PostgresConnection
    ) throws(PostgresError) -> Int {
        try inside.execute("SET lock_timeout = '\(lockTime)'")
        do throws(PostgresError) {
            return try inside.execute(
                """
                SELECT COALESCE(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c
                JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relkind IN ('r', 'm', 'S')
                """, [schema.name]
            ).integer() ?? 0
        } catch  where error.state == "55P03" {
            return try inside.execute(
                """
                SELECT COALESCE(sum(c.relpages::bigint + COALESCE(t.relpages, 0)), 0)
                       * current_setting('block_size')::bigint
                FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
                WHERE n.nspname = $1 AND c.relkind IN ('r', 'm', 'S', 'i')
                """, [schema.name]
            ).integer() ?? 0
        }
    }
}
