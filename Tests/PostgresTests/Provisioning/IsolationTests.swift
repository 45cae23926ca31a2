import Core
import Foundation
import TestSupport
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
        func `attack 18: a role is refused`(_ sql: String) async throws {
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

        @Test func `attack 18: a role has no power over the server, and no right in public`() async throws {
            let identity = DatabaseIdentity.fresh(user: Self.user)
            try await cluster.provisioner.provision(identity, password: "secret")
            let powers = """
                SELECT concat_ws(' ', rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls, rolinherit)
                FROM pg_roles WHERE rolname = $1
                """
            #expect(try cluster.ask(powers, [identity.role]) == "f f f f f f")
            let memberships = "SELECT count(*) FROM pg_auth_members WHERE member = $1::regrole OR roleid = $1::regrole"
            #expect(try cluster.ask(memberships, [identity.role]) == "0")
            let rights = """
                SELECT concat_ws(' ', has_schema_privilege('public', 'CREATE'),
                    has_database_privilege(current_database(), 'CREATE'))
                """
            #expect(try cluster.shell(identity, rights) == "f f")
        }

        @Test func `attack 18: a role cannot use the schema of another channel of its user`() async throws {
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

        @Test func `attack 18: a role cannot see what another role runs`() async throws {
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

        @Test func `attack 18: a role connects to its user's database only`() async throws {
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

        @Test func `attack 18: a role does not touch another role's large objects`() async throws {
            let (mine, other) = (DatabaseIdentity.fresh(user: Self.user), DatabaseIdentity.fresh(user: Self.user))
            for identity in [mine, other] { try await cluster.provisioner.provision(identity, password: "secret") }
            let object = try cluster.shell(other, "SELECT lo_from_bytea(0, 'geheim')")
            for sql in [
                "SELECT lo_get(\(object))", "SELECT lo_unlink(\(object))", "SELECT lo_put(\(object), 0, 'x')",
                "GRANT ALL ON LARGE OBJECT \(object) TO \(mine.role)", "SELECT data FROM pg_largeobject",
                "SET lo_compat_privileges = on",
            ] {
                #expect(throws: PsqlFailure.self, "\(sql)") { try cluster.shell(mine, sql) }
            }
            try await cluster.provisioner.reset(mine)
            #expect(try cluster.shell(other, "SELECT convert_from(lo_get(\(object)), 'UTF8')") == "geheim")
        }

        @Test func `attack 18: what a role calls by names of the platform's is not called`() async throws {
            let identity = DatabaseIdentity.fresh()
            try await cluster.provisioner.provision(identity, password: "secret")
            try cluster.shell(
                identity,
                """
                CREATE TABLE called (who text);
                CREATE FUNCTION pg_total_relation_size(regclass) RETURNS bigint LANGUAGE sql
                    AS $$ INSERT INTO \(identity.schema).called VALUES (current_user); SELECT 7::bigint $$;
                CREATE FUNCTION pg_terminate_backend(integer) RETURNS boolean LANGUAGE sql
                    AS $$ INSERT INTO \(identity.schema).called VALUES (current_user); SELECT true $$;
                CREATE FUNCTION lo_unlink(oid) RETURNS integer LANGUAGE sql
                    AS $$ INSERT INTO \(identity.schema).called VALUES (current_user); SELECT 1 $$;
                CREATE FUNCTION same(name, text) RETURNS boolean LANGUAGE sql
                    AS $$ INSERT INTO \(identity.schema).called VALUES (current_user); SELECT true $$;
                CREATE OPERATOR = (LEFTARG = name, RIGHTARG = text, FUNCTION = same);
                CREATE TABLE pg_class (oid oid, relnamespace oid, relkind text);
                CREATE TABLE pg_namespace (oid oid, nspname text);
                INSERT INTO \(identity.schema).pg_namespace SELECT n, 'ch_' || n FROM generate_series(1, 50) n;
                """)
            let provisioner = cluster.provisioner
            #expect(try await provisioner.figures(identity).storageBytes > 0)
            #expect(try await provisioner.storage(database: identity.database).schemas == 1)
            try await provisioner.provision(identity, password: "secret")
            try await provisioner.refresh([identity])
            let dump = try await provisioner.dump(identity, password: "secret")
            while try await dump.next() != nil {}
            await dump.close()
            #expect(try cluster.shell(identity, "SELECT count(*) FROM called") == "0")
            try await provisioner.reset(identity)
            #expect(try cluster.shell(identity, "SELECT to_regclass('called') IS NULL") == "t")
        }

        @Test func `attack 18: notifications and advisory locks do not reach other users, nor the platform`()
            async throws
        {
            let (mine, foreign) = (DatabaseIdentity.fresh(), DatabaseIdentity.fresh())
            for identity in [mine, foreign] { try await cluster.provisioner.provision(identity, password: "secret") }
            // psql tells of notifications when its next statement has ended.
            let directory = try TemporaryDirectory("berth-notify")
            let psql = try #require(PostgresPrograms.path(of: "psql"))
            func heard(from sender: DatabaseIdentity) throws -> Bool {
                let url = try cluster.cluster.endpoint().url(sender, password: "secret")
                let script = """
                    LISTEN jobs;
                    \\! \(psql) -X -q -c "NOTIFY jobs, 'geheim'" \(url)
                    SELECT 1;
                    """
                let file = directory.path("listen.sql")
                try Data(script.utf8).write(to: URL(fileURLWithPath: file))
                return try cluster.shell(foreign, file: file).contains("geheim")
            }
            #expect(try heard(from: foreign))
            #expect(try !heard(from: mine))

            let session = try cluster.connect(mine)
            try session.execute("NOTIFY jobs, 'geheim'")
            // Every lock that the platform takes, taken in the tenant's own database.
            for name in [mine.database, foreign.database, "template1"] {
                try session.execute("SELECT pg_advisory_lock(hashtextextended($1, 0))", [name])
            }
            #expect(
                try cluster.shell(foreign, "SELECT pg_try_advisory_lock(hashtextextended('\(mine.database)', 0))")
                    == "t")
            let next = DatabaseIdentity.fresh()
            try await cluster.provisioner.provision(
                DatabaseIdentity(database: mine.database, schema: next.schema, role: next.role), password: "secret")
            try await cluster.provisioner.reset(foreign)
            let isAlive = session.isAlive
            #expect(isAlive)
        }

        @Test func `attack 18: the session after the last one that a role may have is refused`() async throws {
            let identity = DatabaseIdentity.fresh()
            try await cluster.provisioner.provision(identity, password: "secret")
            let crowd = try ConnectionCrowd(cluster, identity)
            #expect(crowd.count == 20)
            let error = #expect(throws: PostgresError.self) { try cluster.connect(identity) }
            #expect(error?.message.contains("too many connections for role") == true)
            #expect(try await cluster.provisioner.figures(identity).connections == 20)
        }

        @Test func `attack 19: a tenant's functions in defaults, indexes, rules and views never run as somebody else`()
            async throws
        {
            let identity = DatabaseIdentity.fresh()
            try await cluster.provisioner.provision(identity, password: "secret")
            let schema = identity.schema
            try cluster.shell(
                identity,
                """
                CREATE TABLE ran_as (who text);
                CREATE FUNCTION note() RETURNS void LANGUAGE plpgsql AS $$
                    BEGIN
                        INSERT INTO \(schema).ran_as VALUES (session_user || '/' || current_user);
                        IF current_user <> '\(identity.role)' THEN
                            EXECUTE 'ALTER ROLE \(identity.role) SUPERUSER';
                        END IF;
                    END $$;
                -- An index takes immutable functions only, and those may call others.
                CREATE FUNCTION spy(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
                    $$ BEGIN PERFORM \(schema).note(); RETURN n; END $$;
                CREATE TABLE trap (n int DEFAULT \(schema).spy(1), CHECK (\(schema).spy(n) IS NOT NULL));
                CREATE INDEX ON trap (\(schema).spy(n));
                CREATE VIEW looking AS SELECT \(schema).spy(n) FROM trap;
                CREATE MATERIALIZED VIEW kept AS SELECT \(schema).spy(n) FROM trap;
                CREATE FUNCTION on_drop() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN PERFORM \(schema).spy(2); RETURN NULL; END $$;
                CREATE TRIGGER t AFTER DELETE OR TRUNCATE ON trap FOR EACH STATEMENT EXECUTE FUNCTION on_drop();
                INSERT INTO trap DEFAULT VALUES;
                """)
            let provisioner = cluster.provisioner
            _ = try await provisioner.figures(identity)
            _ = try await provisioner.storage(database: identity.database)
            try await provisioner.refresh([identity])
            let dump = try await provisioner.dump(identity, password: "secret")
            while try await dump.next() != nil {}
            await dump.close()
            let others =
                "SELECT count(*) FROM ran_as WHERE who NOT IN ('\(identity.role)/\(identity.role)')"
            #expect(try cluster.shell(identity, others) == "0")
            try await provisioner.reset(identity)
            #expect(try cluster.ask("SELECT rolsuper FROM pg_roles WHERE rolname = $1", [identity.role]) == "f")
            try cluster.shell(identity, "CREATE TABLE ran_as (who text)")
            try await provisioner.drop(identity)
            #expect(try cluster.ask("SELECT count(*) FROM pg_roles WHERE rolsuper") == "1")
        }

        @Test func `attack 20: names of channels are never cut, folded or shared`() {
            var seen: Set<String> = []
            for _ in 0..<1000 {
                let identity = DatabaseIdentity.fresh()
                for name in [identity.database, identity.schema, identity.role] {
                    #expect(name.utf8.count < 64 && name == name.lowercased())
                    #expect(seen.insert(name).inserted)
                }
            }
        }
    }
}
