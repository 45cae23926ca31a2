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

        @Test func `a role's sessions have limits of time and of temporary files`() async throws {
            let identity = DatabaseIdentity.fresh()
            try await provisioner.provision(identity, password: "secret")
            for (name, value) in [
                ("statement_timeout", "5min"), ("lock_timeout", "1min"),
                ("idle_in_transaction_session_timeout", "5min"), ("temp_file_limit", "1GB"),
            ] {
                #expect(try cluster.shell(identity, "SHOW \(name)") == value, "\(name)")
            }
            #expect(throws: PsqlFailure.self) { try cluster.shell(identity, "SET temp_file_limit = -1") }
            let limits = "SELECT rolconnlimit FROM pg_roles WHERE rolname = $1"
            #expect(try cluster.ask(limits, [identity.role]) == "20")
        }

        @Test func `only extensions that the operator allows are there`() async throws {
            let allowing = PostgresProvisioner(
                cluster: cluster.cluster, extensions: [try ExtensionName("citext")], logger: TestCluster.logger)
            let (allowed, usual) = (DatabaseIdentity.fresh(), DatabaseIdentity.fresh())
            try await allowing.provision(allowed, password: "secret")
            try await provisioner.provision(usual, password: "secret")
            #expect(
                try cluster.shell(allowed, "SELECT 'A'::public.citext OPERATOR(public.=) 'a'::public.citext") == "t")
            #expect(try cluster.shell(usual, "SELECT string_agg(extname, ',') FROM pg_extension") == "plpgsql")
            #expect(throws: PsqlFailure.self) { try cluster.shell(allowed, "DROP EXTENSION citext") }
            allowing.close()
            #expect(throws: PlatformError.self) { try ExtensionName("x\"; DROP DATABASE y; --") }
        }

        @Test func `who gives up waiting is let go`() async throws {
            let (never, _) = AsyncStream<Void>.makeStream()
            let waiting = Task {
                do throws(PlatformError) {
                    try await TimeLimit.run(.seconds(3600)) { () async throws(PlatformError) in for await _ in never {}
                    }
                    return PlatformError.Code?.none
                } catch {
                    return error.code
                }
            }
            waiting.cancel()
            #expect(await waiting.value == .cancelled)
        }

        @Test func `who waits for a figure waits so long and no longer`() async throws {
            // Takes connections and never says a word.
            let silent = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(silent) }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = inet_addr("127.0.0.1")
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let port = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                    _ = bind(silent, pointer, length)
                    _ = listen(silent, 64)
                    _ = getsockname(silent, pointer, &length)
                    return UInt16(bigEndian: UnsafeRawPointer(pointer).load(fromByteOffset: 2, as: UInt16.self))
                }
            }
            let slow = PostgresProvisioner(loopbackURL: "postgresql://a:b@127.0.0.1:\(port)/postgres")
            // Many more than there are places: none waits for all those before it.
            let codes = await withTaskGroup(of: PlatformError.Code?.self) { group in
                for _ in 0..<16 {
                    group.addTask {
                        do throws(PlatformError) { _ = try await slow.storage(database: "u_x") } catch {
                            return error.code
                        }
                        return nil
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(codes == Array(repeating: .databaseUnavailable, count: 16))
        }
    }
}
