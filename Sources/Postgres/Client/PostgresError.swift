import Core

/// What libpq or the server said. It stays inside this target: callers get `platform`.
struct PostgresError: Error, Sendable, CustomStringConvertible {
    /// Five characters (PostgreSQL, appendix A); `nil` when the connection itself failed.
    let state: String?
    /// The driver's text; for the operator's log only.
    let message: String
    /// What was being done, without values.
    let operation: String

    var description: String { "\(operation): \(state.map { "[\($0)] " } ?? "")\(message)" }

    /// As callers see it.
    var platform: PlatformError {
        switch state {
        // Out of connections, shutting down, starting up; and no connection at all.
        case nil, "53300", "57P01", "57P02", "57P03":
            PlatformError(.databaseUnavailable, "Postgres does not answer", cause: description)
        case "57014", "55P03":
            PlatformError(.databaseUnavailable, "Postgres took too long", cause: description)
        case "53100":
            PlatformError(.databaseUnavailable, "Postgres is out of disk space", cause: description)
        case "53000", "53200", "53400":
            PlatformError(.databaseUnavailable, "Postgres is out of memory or of another resource", cause: description)
        // What managed servers become when their disk is full, and the others while a standby takes over.
        case "25006":
            PlatformError(.databaseUnavailable, "Postgres takes no changes now: it is read-only", cause: description)
        case "58000", "58030":
            PlatformError(.databaseUnavailable, "Postgres cannot use its files", cause: description)
        case "28P01", "28000":
            PlatformError(.databaseUnavailable, "Postgres refuses the administrator's login", cause: description)
        default:
            PlatformError(.internal, "Postgres could not do what was asked", cause: description)
        }
    }
}
