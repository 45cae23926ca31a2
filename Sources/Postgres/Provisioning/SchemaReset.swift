/// How a channel's schema is emptied.
enum SchemaReset {
    /// Ends the role's sessions and replaces its schema. Whatever becomes of that, the role gets in again.
    static func perform(
        _ names: Names, _ target: PostgresTarget, _ admin: borrowing PostgresConnection
    ) throws(PostgresError) {
        let result: Result<Void, PostgresError>
        do throws(PostgresError) {
            try RoleRemoval.endSessions(names.role, admin)
            let inside = try PostgresConnection(target.database(names.database).patient)
            result = .success(try replace(names, inside))
        } catch {
            result = .failure(error)
        }
        do throws(PostgresError) { try RoleSetup.letIn(names.role, admin) } catch {
            // The connection may be what failed.
            try RoleSetup.letIn(names.role, PostgresConnection(target))
        }
        try result.get()
    }

    /// One transaction, so that there is always a schema. What is the role's is dropped with the role's own rights: nothing
    /// that a tenant made is touched by a superuser.
    private static func replace(_ names: Names, _ inside: borrowing PostgresConnection) throws(PostgresError) {
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
