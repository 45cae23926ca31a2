import Core

/// The statements that make a channel's part of Postgres. Each may be repeated.
enum RoleSetup {
    static func exists(
        _ condition: String, _ name: SQLIdentifier, _ connection: borrowing PostgresConnection
    ) throws(PostgresError) -> Bool {
        try connection.execute("SELECT 1 FROM \(condition)", [name.name]).count > 0
    }

    /// False when a limit was refused to the administrator.
    static func ensureRole(
        _ role: SQLIdentifier, password: String, _ admin: borrowing PostgresConnection
    ) throws(PostgresError) -> Bool {
        let verb = try exists("pg_roles WHERE rolname = $1", role, admin) ? "ALTER" : "CREATE"
        let verifier = try admin.verifierLiteral(password, role: role)
        try admin.execute(
            """
            \(verb) ROLE \(role) LOGIN NOCREATEDB NOCREATEROLE NOINHERIT CONNECTION LIMIT \(DatabaseRecord.connectionLimit) \
            PASSWORD \(verifier)
            """)
        // Only a superuser may name these, and only a superuser could have given them.
        if try isSuperuser(admin) {
            try admin.execute("ALTER ROLE \(role) NOSUPERUSER NOREPLICATION NOBYPASSRLS")
        } else {
            // An administrator who is none must be a member to make a schema for the role.
            try admin.execute("GRANT \(role) TO CURRENT_USER")
        }
        return try RoleLimits.apply(role, admin)
    }

    /// Undoes what bars a role while its sessions are ended.
    static func letIn(_ role: SQLIdentifier, _ admin: borrowing PostgresConnection) throws(PostgresError) {
        try admin.execute("ALTER ROLE \(role) LOGIN")
    }

    /// From `template0`, which nobody can connect to, so that nothing was put into it and nothing holds it.
    static func ensureDatabase(
        _ database: SQLIdentifier, _ target: PostgresTarget, _ admin: borrowing PostgresConnection
    ) throws(PostgresError) {
        if try !exists("pg_database WHERE datname = $1", database, admin) {
            // Everybody may connect to a new database, until that right is taken away: with no place, nobody gets in.
            try PostgresConnection(target.patient).execute(
                "CREATE DATABASE \(database) TEMPLATE template0 ENCODING 'UTF8' CONNECTION LIMIT 0")
        }
        try admin.execute("REVOKE ALL ON DATABASE \(database) FROM PUBLIC")
        try DatabaseLimits.apply(database, admin)
    }

    /// The role may connect to its user's database and make temporary tables there, and finds its own schema first.
    static func allow(_ names: Names, _ admin: borrowing PostgresConnection) throws(PostgresError) {
        try admin.execute("GRANT CONNECT, TEMPORARY ON DATABASE \(names.database) TO \(names.role)")
        try admin.execute(
            "ALTER ROLE \(names.role) IN DATABASE \(names.database) SET search_path = \(names.schema)")
    }

    /// `inside` is connected to the user's database.
    static func ensureSchema(_ names: Names, _ inside: borrowing PostgresConnection) throws(PostgresError) {
        // The right to create there went to everybody before version 15.
        try inside.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        try inside.execute("CREATE SCHEMA IF NOT EXISTS \(names.schema) AUTHORIZATION \(names.role)")
        try inside.execute("REVOKE ALL ON SCHEMA \(names.schema) FROM PUBLIC")
    }

    /// Makes the extensions that the operator allows, which a role cannot make itself. They are in `public`.
    static func ensureExtensions(
        _ extensions: [ExtensionName], _ inside: borrowing PostgresConnection
    ) throws(PostgresError) {
        for name in extensions {
            try inside.execute("CREATE EXTENSION IF NOT EXISTS \(name) WITH SCHEMA public CASCADE")
        }
    }

    private static func isSuperuser(_ admin: borrowing PostgresConnection) throws(PostgresError) -> Bool {
        try admin.execute("SELECT current_setting('is_superuser')").text() == "on"
    }
}
