import Core
import Foundation
import Testing

@testable import Postgres

extension PostgresServerTests {
    /// What is done with a channel's schema at its owner's request.
    struct RequestTests {
        private let cluster: TestCluster
        private var provisioner: PostgresProvisioner { cluster.provisioner }

        init() throws { cluster = try SharedClusterTrait.current }

        private func channel(user: ID<User> = ID()) async throws -> DatabaseIdentity {
            let identity = DatabaseIdentity.fresh(user: user)
            try await provisioner.provision(identity, password: "secret")
            return identity
        }

        @Test func `a reset empties the schema, ends the role's sessions, and keeps role, password and rights`()
            async throws
        {
            let user = ID<User>()
            let (mine, other) = (try await channel(user: user), try await channel(user: user))
            _ = try cluster.shell(other, "CREATE TABLE kept (n int)")
            _ = try cluster.shell(mine, "CREATE TABLE t (n int); CREATE TYPE mood AS ENUM ('ok'); SELECT lo_create(0)")
            let session = try cluster.connect(mine)
            try session.execute("BEGIN")
            try session.execute("LOCK TABLE \(SQLIdentifier(mine.schema)).t IN ACCESS EXCLUSIVE MODE")

            try await provisioner.reset(mine)
            #expect(throws: PostgresError.self) { try session.execute("SELECT 1") }
            #expect(try cluster.shell(mine, "SELECT count(*) FROM pg_class WHERE relname = 't'") == "0")
            #expect(try cluster.shell(mine, "SELECT count(*) FROM pg_largeobject_metadata") == "0")
            #expect(try cluster.shell(mine, "CREATE TABLE t (n int); INSERT INTO t VALUES (1); TABLE t") == "1")
            #expect(try cluster.shell(mine, "SELECT current_schema()") == mine.schema)
            #expect(try cluster.shell(other, "SELECT count(*) FROM kept") == "0")
            #expect(throws: PsqlFailure.self) { try cluster.shell(other, "TABLE \(mine.schema).t") }
        }

        @Test func `a reset leaves the role able to log in also when it fails`() async throws {
            let identity = try await channel()
            // A superuser's object, which the role may not drop.
            let admin = try PostgresConnection(cluster.cluster.target().database(SQLIdentifier(identity.database)))
            try admin.execute("CREATE TABLE \(SQLIdentifier(identity.schema)).foreign_one (n int)")
            try admin.execute("CREATE VIEW public.v AS SELECT * FROM \(SQLIdentifier(identity.schema)).foreign_one")
            try admin.execute("CREATE SCHEMA blocker")
            try admin.execute("ALTER SCHEMA \(SQLIdentifier(identity.schema)) OWNER TO CURRENT_USER")
            await #expect(throws: PlatformError.self) { try await provisioner.reset(identity) }
            #expect(try cluster.shell(identity, "SELECT 1") == "1")
        }

        @Test func `figures are live`() async throws {
            let identity = try await channel()
            #expect(
                try await provisioner.figures(identity)
                    == DatabaseFigures(connections: 0, connectionLimit: 20, storageBytes: 0))
            let one = try cluster.connect(identity)
            let two = try cluster.connect(identity)
            try one.execute(
                "CREATE TABLE \(SQLIdentifier(identity.schema)).t AS SELECT repeat('x', 1000) FROM generate_series(1, 1000)"
            )
            let figures = try await provisioner.figures(identity)
            #expect(figures.connections == 2)
            #expect((1_000_000..<3_000_000).contains(figures.storageBytes))
            let isAlive = two.isAlive
            #expect(isAlive)
            let storage = try await provisioner.storage(database: identity.database)
            #expect(storage.schemas == 1 && storage.bytes > figures.storageBytes)
        }

        @Test func `figures of what is not there are zeros`() async throws {
            let identity = DatabaseIdentity.fresh()
            #expect(
                try await provisioner.figures(identity)
                    == DatabaseFigures(connections: 0, connectionLimit: 20, storageBytes: 0))
            #expect(try await provisioner.storage(database: identity.database) == .none)
        }

        @Test func `a tenant's locks do not keep the figures waiting`() async throws {
            let identity = try await channel()
            let holder = try cluster.connect(identity)
            let table = "\(try SQLIdentifier(identity.schema)).t"
            try holder.execute("CREATE TABLE \(table) AS SELECT generate_series(1, 10000)")
            try holder.execute("VACUUM \(table)")
            try holder.execute("BEGIN")
            try holder.execute("LOCK TABLE \(table) IN ACCESS EXCLUSIVE MODE")
            let figures = try await provisioner.figures(identity)
            #expect(figures.storageBytes > 300_000)
            try holder.execute("ROLLBACK")
        }

        @Test func `an administrator who is no superuser resets as well`() async throws {
            let admin = try PostgresConnection(cluster.cluster.target())
            try admin.execute("CREATE ROLE reset_admin LOGIN CREATEDB CREATEROLE PASSWORD 'admin'")
            try admin.execute("GRANT CONNECT ON DATABASE postgres TO reset_admin")
            let endpoint = try cluster.cluster.endpoint()
            let plain = try PostgresProvisioner(
                externalURL: "postgresql://reset_admin:admin@\(endpoint.host):\(endpoint.port)/postgres",
                logger: TestCluster.logger)
            let identity = DatabaseIdentity.fresh()
            try await plain.provision(identity, password: "secret")
            _ = try cluster.shell(identity, "CREATE TABLE t (n int)")
            try await plain.reset(identity)
            #expect(try cluster.shell(identity, "CREATE TABLE t (n int); SELECT count(*) FROM t") == "0")
            #expect(try await plain.figures(identity).connectionLimit == 20)
            try await plain.drop(identity)
            plain.close()
        }
    }
}
