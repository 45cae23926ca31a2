import Core
import Foundation
import Testing

@testable import Postgres

extension PostgresServerTests {
    /// A server that takes connections and statements and then says nothing.
    @Suite(.timeLimit(.minutes(2)))
    struct SilenceTests {
        private let cluster: TestCluster
        private let proxy: SilentProxy
        private let provisioner: PostgresProvisioner

        init() throws {
            cluster = try SharedClusterTrait.current
            proxy = try SilentProxy(to: cluster.cluster.endpoint().port)
            var target = PostgresTarget(url: try cluster.adminURL(port: proxy.port))
            target.limits = ConnectionLimits(
                connectSeconds: 1, statementSeconds: 5, patientSeconds: 8, lockSeconds: 5, graceSeconds: 1)
            let endpoint = try cluster.cluster.endpoint()
            provisioner = PostgresProvisioner(
                limits: ProvisionerLimits(request: .seconds(10), reset: .seconds(60)), logger: TestCluster.logger
            ) { [target] () throws(PlatformError) in (target, endpoint) }
        }

        private func code(_ body: () async throws -> Void) async -> PlatformError.Code? {
            do { try await body() } catch { return (error as? PlatformError)?.code }
            return nil
        }

        @Test func `a statement whose answer does not come is given up`() async throws {
            defer { proxy.close() }
            var target = PostgresTarget(url: try cluster.adminURL(port: proxy.port))
            target.limits = ConnectionLimits(connectSeconds: 1, statementSeconds: 1, lockSeconds: 1, graceSeconds: 0)
            let connection = try PostgresConnection(target)
            try connection.execute("SELECT 1")
            proxy.fallSilent()
            do throws(PostgresError) {
                try connection.execute("SELECT 2")
                Issue.record("an answer came out of silence")
            } catch {
                #expect(error.state == nil && error.operation == "SELECT 2")
                #expect(error.platform.code == .databaseUnavailable)
            }
            let isAlive = connection.isAlive
            #expect(!isAlive)
        }

        @Test func `the server itself ends a statement that takes too long`() async throws {
            defer { proxy.close() }
            var target = try cluster.cluster.target()
            target.limits.statementSeconds = 1
            let connection = try PostgresConnection(target)
            do throws(PostgresError) {
                try connection.execute("SELECT pg_sleep(60)")
                Issue.record("the statement was not ended")
            } catch {
                #expect(error.state == "57014")
            }
        }

        @Test func `a long answer and a long statement pass whole`() throws {
            defer { proxy.close() }
            let connection = try PostgresConnection(cluster.cluster.target())
            let text = String(repeating: "x", count: 8 << 20)
            #expect(try connection.execute("SELECT $1::text || 'y'", [text]).text() == text + "y")
        }

        @Test func `whatever is asked of a silent server ends, and says that it is unavailable`() async throws {
            defer { proxy.close() }
            let identity = DatabaseIdentity.fresh()
            try await cluster.provisioner.provision(identity, password: "secret")
            // Connections that are kept, and those to come.
            _ = try await provisioner.figures(identity)
            proxy.fallSilent()
            #expect(await code { try await provisioner.reset(identity) } == .databaseUnavailable)
            #expect(
                await code { _ = try await provisioner.figures(identity) }
                    == .databaseUnavailable)
            #expect(
                await code {
                    _ = try await provisioner.storage(database: identity.database)
                } == .databaseUnavailable)
            #expect(await code { try await provisioner.drop(identity) } == .databaseUnavailable)
            #expect(
                await code { try await provisioner.provision(.fresh(), password: "secret") } == .databaseUnavailable)

            // Whatever the silence left: making it again puts it right.
            proxy.speak()
            try await provisioner.provision(identity, password: "secret")
            #expect(try cluster.shell(identity, "SELECT current_schema()") == identity.schema)
            try await cluster.provisioner.drop(identity)
            provisioner.close()
        }

        @Test(arguments: ["NOLOGIN", "pg_terminate_backend", "lo_unlink", "DROP SCHEMA", "COMMIT"])
        func `a reset that is cut off in the middle leaves the role able to log in`(_ moment: String) async throws {
            defer { proxy.close() }
            let identity = DatabaseIdentity.fresh()
            try await cluster.provisioner.provision(identity, password: "secret")
            try cluster.shell(identity, "CREATE TABLE kept (n int)")
            proxy.fallSilent(at: moment)
            #expect(await code { try await provisioner.reset(identity) } == .databaseUnavailable)
            // The caller may have been told before the work was put right.
            try await eventually { (try? cluster.shell(identity, "SELECT 1")) == "1" }
            // All or nothing of the schema.
            #expect(try cluster.shell(identity, "SELECT count(*) FROM kept") == "0")
            try await provisioner.reset(identity)
            #expect(try cluster.shell(identity, "SELECT to_regclass('kept') IS NULL") == "t")
            provisioner.close()
        }

        @Test func `attack 18: nobody gets into a database that is just being made`() async throws {
            defer { proxy.close() }
            let (mine, stranger) = (DatabaseIdentity.fresh(), DatabaseIdentity.fresh())
            try await cluster.provisioner.provision(stranger, password: "secret")
            proxy.fallSilent(at: "REVOKE ALL ON DATABASE \(try SQLIdentifier(mine.database))")
            #expect(
                await code { try await provisioner.provision(mine, password: "secret") } == .databaseUnavailable)
            #expect(try cluster.ask("SELECT 1 FROM pg_database WHERE datname = $1", [mine.database]) == "1")
            let elsewhere = DatabaseIdentity(database: mine.database, schema: mine.schema, role: stranger.role)
            #expect(throws: PostgresError.self) { try cluster.connect(elsewhere) }
            // Whatever the silence left: making it again puts it right.
            try await cluster.provisioner.provision(mine, password: "secret")
            #expect(try cluster.shell(mine, "SELECT current_schema()") == mine.schema)
            #expect(throws: PostgresError.self) { try cluster.connect(elsewhere) }
            provisioner.close()
        }

        @Test(arguments: ["SELECT repeat('x', 100000000)", "COPY SCHEMA.t FROM STDIN"])
        func `attack 18: a session that waits for its client does not hold up the removal of other databases`(
            _ sql: String
        ) async throws {
            defer { proxy.close() }
            let (stalled, removed) = (DatabaseIdentity.fresh(), DatabaseIdentity.fresh())
            for identity in [stalled, removed] { try await cluster.provisioner.provision(identity, password: "secret") }
            try cluster.shell(stalled, "CREATE TABLE t (n int)")
            var target = PostgresTarget(
                host: "127.0.0.1", port: proxy.port, user: stalled.role, password: "secret", database: stalled.database)
            target.limits = ConnectionLimits(connectSeconds: 5, statementSeconds: 60, lockSeconds: 1, graceSeconds: -58)
            let connection = try PostgresConnection(target)
            proxy.stopReading()
            let statement = sql.replacing("SCHEMA", with: stalled.schema)
            #expect(throws: PostgresError.self) { try connection.execute(statement) }
            let waits = "SELECT 1 FROM pg_stat_activity WHERE usename = $1 AND state = 'active'"
            #expect(try cluster.ask(waits, [stalled.role]) == "1")

            try await cluster.provisioner.drop(removed)
            #expect(try cluster.ask("SELECT 1 FROM pg_database WHERE datname = $1", [removed.database]) == nil)
            #expect(try cluster.ask(waits, [stalled.role]) == nil)
            try await cluster.provisioner.drop(stalled)
            let isAlive = connection.isAlive
            #expect(!isAlive)
        }
    }
}
