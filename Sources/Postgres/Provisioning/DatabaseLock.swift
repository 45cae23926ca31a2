/// One at a time for each user's database, on the whole server: two channels of a user may be made at once, and a
/// database may go while another channel comes.
enum DatabaseLock {
    /// Holds an advisory lock of the session while `body` runs. When `body` throws, the caller closes the connection, and
    /// the lock goes with it.
    static func hold<Value>(
        _ database: SQLIdentifier, _ admin: borrowing PostgresConnection, _ body: () throws(PostgresError) -> Value
    ) throws(PostgresError) -> Value {
        try admin.execute("SELECT pg_advisory_lock(hashtextextended($1, 0))", [database.name])
        let value = try body()
        try admin.execute("SELECT pg_advisory_unlock(hashtextextended($1, 0))", [database.name])
        return value
    }
}
