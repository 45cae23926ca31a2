import Core
import Testing

@testable import Postgres

extension PostgresServerTests {
    /// What a channel's role must not be able to do, each as an app would try it.
    struct IsolationTests {
        private let cluster: TestCluster
        private static let user = ID<User>()

        init() throws { cluster = try SharedClusterTrait.current }

        @Test(arguments: [
            "CREATE TABLE public.t (n int)",
            "CREATE SCHEMA mine",
            "CREATE DATABASE mine",
            "CREATE ROLE friend",
            "CREATE EXTENSION dblink",
            "CREATE EXTENSION postgres_fdw",
            "CREATE EXTENSION pgcrypto",
            "COPY (SELECT 1) TO PROGRAM 'id'",
            "COPY (SELECT 1) TO '/tmp/berth-copied'",
            "CREATE TABLE lines (l text); COPY lines FROM '/etc/passwd'",
            "SELECT pg_read_file('/etc/passwd')",
            "SELECT pg_ls_dir('.')",
            "SELECT lo_import('/etc/passwd')",
            "SELECT rolpassword FROM pg_authid",
            "SET ROLE berth",
            "SET SESSION AUTHORIZATION berth",
            "ALTER ROLE CURRENT_USER SUPERUSER",
            "ALTER ROLE CURRENT_USER CREATEDB",
            "ALTER ROLE CURRENT_USER CONNECTION LIMIT 500",
            "ALTER SYSTEM SET fsync = off",
            "CREATE EVENT TRIGGER t ON ddl_command_start EXECUTE FUNCTION suppress_redundant_updates_trigger()",
            "CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'libc', 'getpid'",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'berth' OR pid < 100000 AND usename IS NULL",
            "ALTER DATABASE postgres RENAME TO mine",
        ])
        func `a role is refused`(_ sql: String) async throws {
            let identity = DatabaseIdentity.fresh(user: Self.user)
            try await cluster.provisioner.provision(identity, password: "secret")
            // The connection proves that it is the statement that is refused, not the login.
            #expect(try cluster.shell(identity, "SELECT 1") == "1")
            let failure = #expect(throws: PsqlFailure.self) { try cluster.shell(identity, sql) }
            let reasons = [
                "permission denied", "must be", "no schema has been selected", "only superuser", "must have",
            ]
            #expect(reasons.contains { failure?.output.contains($0) == true }, "\(failure?.output ?? "")")
        }

        @Test func `a role cannot use the schema of another channel of its user`() async throws {
            let (mine, other) = (DatabaseIdentity.fresh(user: Self.user), DatabaseIdentity.fresh(user: Self.user))
            for identity in [mine, other] { try await cluster.provisioner.provision(identity, password: "secret") }
            _ = try cluster.shell(other, "CREATE TABLE t (n int); INSERT INTO t VALUES (1)")
            for sql in [
                "TABLE \(other.schema).t", "CREATE TABLE \(other.schema).mine (n int)",
                "DROP SCHEMA \(other.schema) CASCADE", "ALTER SCHEMA \(other.schema) RENAME TO mine",
                "ALTER SCHEMA \(mine.schema) RENAME TO ch_000000000000", "SET ROLE \(other.role)",
                "GRANT \(other.role) TO \(mine.role)",
            ] {
                #expect(throws: PsqlFailure.self, "\(sql)") { try cluster.shell(mine, sql) }
            }
            #expect(try cluster.shell(other, "TABLE t") == "1")
        }

        @Test func `a role cannot see what another role runs`() async throws {
            let (mine, other) = (DatabaseIdentity.fresh(user: Self.user), DatabaseIdentity.fresh(user: Self.user))
            for identity in [mine, other] { try await cluster.provisioner.provision(identity, password: "secret") }
            let session = try cluster.connect(other)
            try session.execute("SELECT 'geheim'")
            let seen = try cluster.shell(
                mine, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%geh' || 'eim%'")
            #expect(seen == "0")
            let isAlive = session.isAlive
            #expect(isAlive)
        }

        @Test func `a role connects to its user's database only`() async throws {
            let (mine, foreign) = (DatabaseIdentity.fresh(), DatabaseIdentity.fresh())
            for identity in [mine, foreign] { try await cluster.provisioner.provision(identity, password: "secret") }
            for database in [foreign.database, "postgres", "template1", "template0"] {
                let elsewhere = DatabaseIdentity(database: database, schema: mine.schema, role: mine.role)
                let error = #expect(throws: PostgresError.self) { try cluster.connect(elsewhere) }
                #expect(
                    error?.message.contains("permission denied for database") == true
                        || error?.message.contains("not currently accepting connections") == true,
                    "\(database): \(error?.message ?? "")")
            }
        }

        @Test func `nobody logs in with a wrong password or none`() async throws {
            let identity = DatabaseIdentity.fresh(user: Self.user)
            try await cluster.provisioner.provision(identity, password: "secret")
            for password in ["wrong", ""] {
                #expect(throws: PostgresError.self) { try cluster.connect(identity, password: password) }
            }
        }
    }
}
