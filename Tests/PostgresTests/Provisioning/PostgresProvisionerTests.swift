import Core
import Foundation
import Testing

@testable import Postgres

extension PostgresServerTests {
    struct PostgresProvisionerTests {
        private let cluster: TestCluster
        private var provisioner: PostgresProvisioner { cluster.provisioner }

        init() throws { cluster = try SharedClusterTrait.current }

        @Test func `a role finds its own schema first and can use it`() async throws {
            let identity = DatabaseIdentity.fresh()
            try await provisioner.provision(identity, password: "secret")
            let app = try cluster.connect(identity)
            #expect(try app.execute("SHOW search_path").text() != nil)
            // What an app sees, whose connection sets no options of its own.
            #expect(try cluster.shell(identity, "SELECT current_schema()") == identity.schema)
            #expect(try cluster.shell(identity, "CREATE TABLE t (n int); INSERT INTO t VALUES (7); TABLE t") == "7")
            #expect(
                try cluster.ask("SELECT rolconnlimit FROM pg_roles WHERE rolname = $1", [identity.role]) == "20")
        }

        @Test func `the endpoint is the address that containers are told`() async throws {
            let endpoint = try await provisioner.endpoint()
            #expect(endpoint.host == TestCluster.gateway)
            let identity = DatabaseIdentity.fresh()
            #expect(
                endpoint.url(identity, password: "secret")
                    == "postgresql://\(identity.role):secret@127.0.0.2:\(endpoint.port)/\(identity.database)")
        }

        @Test func `provisioning again changes nothing that is there`() async throws {
            let identity = DatabaseIdentity.fresh()
            try await provisioner.provision(identity, password: "secret")
            _ = try cluster.shell(identity, "CREATE TABLE kept (n int)")
            try await provisioner.provision(identity, password: "secret")
            #expect(try cluster.shell(identity, "SELECT count(*) FROM kept") == "0")
        }

        @Test func `a role, a schema or a database that is gone is found, and made again with its password`()
            async throws
        {
            let user = ID<User>()
            let (whole, roleless) = (DatabaseIdentity.fresh(user: user), DatabaseIdentity.fresh(user: user))
            let (empty, gone) = (DatabaseIdentity.fresh(user: user), DatabaseIdentity.fresh())
            let all = [whole, roleless, empty, gone]
            for identity in all { try await provisioner.provision(identity, password: "secret") }
            #expect(try await provisioner.missing(all).isEmpty)

            try cluster.ask("DROP DATABASE \(SQLIdentifier(gone.database)) WITH (FORCE)")
            let inside = try PostgresConnection(cluster.cluster.target().database(SQLIdentifier(whole.database)))
            for identity in [roleless, empty] {
                try inside.execute("DROP SCHEMA \(SQLIdentifier(identity.schema)) CASCADE")
            }
            try inside.execute("DROP OWNED BY \(SQLIdentifier(roleless.role))")
            try cluster.ask("DROP ROLE \(SQLIdentifier(roleless.role))")
            #expect(try await Set(provisioner.missing(all)) == [roleless, empty, gone])

            for identity in all { try await provisioner.provision(identity, password: "secret") }
            #expect(try await provisioner.missing(all).isEmpty)
            for identity in all { #expect(try cluster.shell(identity, "SELECT current_schema()") == identity.schema) }
        }

        @Test func `schemas of many databases are looked at in turn`() async throws {
            let count = PostgresProvisioner.inspectedDatabases + 1
            let identities = (0..<count).map { _ in DatabaseIdentity.fresh() }
            for identity in identities { try await provisioner.provision(identity, password: "secret") }
            for identity in identities {
                let inside = try PostgresConnection(cluster.cluster.target().database(SQLIdentifier(identity.database)))
                try inside.execute("DROP SCHEMA \(SQLIdentifier(identity.schema)) CASCADE")
            }
            let first = try await Set(provisioner.missing(identities))
            let second = try await Set(provisioner.missing(identities))
            #expect(first.count == count - 1 && second.count == count - 1)
            #expect(first.union(second) == Set(identities))
            for identity in identities { try await provisioner.drop(identity) }
        }

        @Test func `channels of one user and of others can be made all at once`() async throws {
            let user = ID<User>()
            let identities = (0..<8).map { _ in DatabaseIdentity.fresh(user: user) } + (0..<3).map { _ in .fresh() }
            let provisioner = provisioner
            try await withThrowingTaskGroup(of: Void.self) { group in
                for identity in identities + identities {
                    group.addTask { try await provisioner.provision(identity, password: "secret") }
                }
                try await group.waitForAll()
            }
            for identity in identities {
                #expect(try cluster.shell(identity, "SELECT current_schema()") == identity.schema)
            }
        }

        @Test func `dropping leaves no role, no schema, no session, and no database after the last channel`()
            async throws
        {
            let user = ID<User>()
            let (first, second) = (DatabaseIdentity.fresh(user: user), DatabaseIdentity.fresh(user: user))
            for identity in [first, second] { try await provisioner.provision(identity, password: "secret") }
            let session = try cluster.connect(first)
            try session.execute("CREATE TABLE \(SQLIdentifier(first.schema)).t (n int)")
            try session.execute("SELECT lo_create(0)")

            try await provisioner.drop(first)
            #expect(throws: PostgresError.self) { try session.execute("SELECT 1") }
            #expect(try cluster.ask("SELECT 1 FROM pg_roles WHERE rolname = $1", [first.role]) == nil)
            #expect(
                try cluster.shell(second, "SELECT count(*) FROM pg_namespace WHERE nspname = '\(first.schema)'") == "0")
            #expect(try cluster.shell(second, "SELECT count(*) FROM pg_largeobject_metadata") == "0")

            try await provisioner.drop(second)
            try await provisioner.drop(second)
            #expect(try cluster.ask("SELECT 1 FROM pg_database WHERE datname = $1", [second.database]) == nil)
            #expect(try cluster.ask("SELECT 1 FROM pg_roles WHERE rolname = $1", [second.role]) == nil)
        }

        @Test func `a name that is used again inherits nothing`() async throws {
            let identity = DatabaseIdentity.fresh()
            try await provisioner.provision(identity, password: "old")
            _ = try cluster.shell(identity, "CREATE TABLE t (n int)", password: "old")
            try await provisioner.drop(identity)
            try await provisioner.provision(identity, password: "new")
            #expect(
                try cluster.shell(identity, "SELECT count(*) FROM pg_tables WHERE tablename = 't'", password: "new")
                    == "0")
            #expect(throws: PostgresError.self) { try cluster.connect(identity, password: "old") }
        }

        @Test func `an administrator who is no superuser provisions and resets as well`() async throws {
            let admin = try PostgresConnection(cluster.cluster.target())
            try admin.execute("CREATE ROLE plain_admin LOGIN CREATEDB CREATEROLE PASSWORD 'admin'")
            try admin.execute("GRANT CONNECT ON DATABASE postgres TO plain_admin")
            let endpoint = try cluster.cluster.endpoint()
            let plain = PostgresProvisioner(
                loopbackURL: "postgresql://plain_admin:admin@\(endpoint.host):\(endpoint.port)/postgres")
            let identity = DatabaseIdentity.fresh()
            try await plain.provision(identity, password: "secret")
            #expect(try cluster.shell(identity, "SELECT current_schema()") == identity.schema)
            _ = try cluster.shell(identity, "CREATE TABLE t (n int)")
            try await plain.reset(identity)
            #expect(try cluster.shell(identity, "CREATE TABLE t (n int); SELECT count(*) FROM t") == "0")
            #expect(try await plain.figures(identity).connectionLimit == 20)
            try await plain.drop(identity)
            #expect(try cluster.ask("SELECT 1 FROM pg_database WHERE datname = $1", [identity.database]) == nil)
            plain.close()
        }

        @Test func `the password is in no statement that the server could show`() async throws {
            let identity = DatabaseIdentity.fresh()
            try await provisioner.provision(identity, password: "plain-text-password")
            let stored = try cluster.ask("SELECT rolpassword FROM pg_authid WHERE rolname = $1", [identity.role])
            #expect(stored?.hasPrefix("SCRAM-SHA-256$") == true)
            #expect(try String(contentsOfFile: cluster.layout.log, encoding: .utf8).contains("plain-text") == false)
        }
    }
}
