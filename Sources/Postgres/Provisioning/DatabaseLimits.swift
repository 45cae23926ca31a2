import Core

/// What the channels of one user may take of the server together.
enum DatabaseLimits {
    /// Half of the sessions that the server has for tenants, so that no user alone keeps everybody else out; never fewer than
    /// one channel may have. A database that another administrator owns is left as it is.
    static func apply(
        _ database: SQLIdentifier, _ admin: borrowing PostgresConnection
    ) throws(PostgresError) {
        let half = try admin.execute(
            """
            SELECT (current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int) / 2
            """
        ).integer()
        let limit = max(DatabaseRecord.connectionLimit, half ?? 0)
        do throws(PostgresError) {
            try admin.execute("ALTER DATABASE \(database) CONNECTION LIMIT \(limit)")
        } catch {
            guard error.state == "42501" else { throw error }
        }
    }
}
