import Core

/// What a channel's role may take of the server.
enum RoleLimits {
    /// Defaults of its sessions: an app may set them otherwise for itself, and wears itself out only.
    private static let defaults = [
        ("statement_timeout", "5min"), ("lock_timeout", "1min"), ("idle_in_transaction_session_timeout", "5min"),
    ]
    /// Bytes of temporary files of each session; only a superuser may change it, or whom a superuser has allowed to.
    private static let temporaryFiles = ("temp_file_limit", "1GB")

    /// False when the server does not let this administrator set them all.
    static func apply(
        _ role: SQLIdentifier, _ admin: borrowing PostgresConnection
    ) throws(PostgresError) -> Bool {
        try admin.execute("ALTER ROLE \(role) CONNECTION LIMIT \(DatabaseRecord.connectionLimit)")
        for (name, value) in defaults { try admin.execute("ALTER ROLE \(role) SET \(name) = '\(value)'") }
        do throws(PostgresError) {
            try admin.execute("ALTER ROLE \(role) SET \(temporaryFiles.0) = '\(temporaryFiles.1)'")
        } catch {
            guard error.state == "42501" else { throw error }
            return false
        }
        return true
    }
}
