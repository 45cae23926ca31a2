/// What a channel's role may take of the server, beside its number of sessions.
enum RoleLimits {
    /// Defaults of its sessions: an app may set them otherwise for itself, and wears itself out only.
    private static let defaults = [
        ("statement_timeout", "5min"), ("lock_timeout", "1min"), ("idle_in_transaction_session_timeout", "5min"),
    ]
    /// Bytes of temporary files of each session; only a superuser may change it.
    private static let temporaryFiles = ("temp_file_limit", "1GB")

    static func apply(
        _ role: SQLIdentifier, asSuperuser: Bool, _ admin: borrowing PostgresConnection
    ) throws(PostgresError) {
        for (name, value) in defaults + (asSuperuser ? [temporaryFiles] : []) {
            try admin.execute("ALTER ROLE \(role) SET \(name) = '\(value)'")
        }
    }
}
