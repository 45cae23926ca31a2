/// The statements that remove a channel's part of Postgres. Each may be repeated.
enum RoleRemoval {
    /// Milliseconds that one session may take to end.
    private static let sessionMilliseconds = 5000
    /// Seconds that a session may keep others waiting because its client neither reads nor sends.
    private static let stalledSeconds = 5

    /// Bars the role and ends its sessions.
    static func endSessions(_ role: SQLIdentifier, _ admin: borrowing PostgresConnection) throws(PostgresError) {
        guard try RoleSetup.exists("pg_roles WHERE rolname = $1", role, admin) else { return }
        try admin.execute("ALTER ROLE \(role) NOLOGIN")
        // All are told first, so that one that takes its time does not keep the others from ending.
        for arguments in ["pid", "pid, \(sessionMilliseconds)"] {
            try admin.execute(
                "SELECT pg_terminate_backend(\(arguments)) FROM pg_stat_activity WHERE usename = $1", [role.name])
        }
    }

    /// Drops the schema and what else the role has in the user's database. True when no channel's schema is left.
    static func empty(_ names: Names, _ target: PostgresTarget) throws(PostgresError) -> Bool {
        let inside = try PostgresConnection(target.database(names.database).patient)
        try inside.execute("DROP SCHEMA IF EXISTS \(names.schema) CASCADE")
        if try RoleSetup.exists("pg_roles WHERE rolname = $1", names.role, inside) {
            try inside.execute("DROP OWNED BY \(names.role) CASCADE")
        }
        return try inside.execute(#"SELECT 1 FROM pg_namespace WHERE nspname LIKE 'ch\_%' LIMIT 1"#).count == 0
    }

    /// Every session of the server must answer before the database's files go (`ProcSignalBarrier`). One that waits in the
    /// middle of a statement for its client to read, or to send the rows of a COPY, does not: any tenant could hold up the
    /// removal of everybody's. Such sessions are ended.
    static func dropDatabase(
        _ database: SQLIdentifier, _ target: PostgresTarget, _ admin: borrowing PostgresConnection
    ) throws(PostgresError) {
        try PostgresConnection(target.patient).execute(
            "DROP DATABASE IF EXISTS \(database) WITH (FORCE)", patience: .seconds(stalledSeconds)
        ) {
            // Without effect on a server that does not show an administrator other roles' sessions.
            _ = try? admin.execute(
                """
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE wait_event IN ('ClientRead', 'ClientWrite') AND state = 'active' AND usename LIKE 'r\\_%'
                    AND state_change < now() - interval '\(stalledSeconds) s'
                """)
        }
    }

    static func dropRole(_ role: SQLIdentifier, _ admin: borrowing PostgresConnection) throws(PostgresError) {
        try admin.execute("DROP ROLE IF EXISTS \(role)")
    }
}
