import Core
import Foundation
import Logging
import TestSupport
import Testing

@testable import Postgres

/// What is done once at a start, on servers of their own: it concerns the whole server.
struct RefreshTests {
    @Test func `roles and databases of earlier get today's limits and extensions`() async throws {
        try await TestCluster.with(TemporaryDirectory("berth-postgres")) { cluster in
            let user = ID<User>()
            let (one, two, gone) = (
                DatabaseIdentity.fresh(user: user), DatabaseIdentity.fresh(user: user), DatabaseIdentity.fresh()
            )
            for identity in [one, two] { try await cluster.provisioner.provision(identity, password: "secret") }
            try cluster.shell(one, "CREATE TABLE kept (n int)")
            for identity in [one, two] {
                try cluster.ask("ALTER ROLE \(identity.role) RESET ALL")
                try cluster.ask("ALTER ROLE \(identity.role) CONNECTION LIMIT 100")
            }
            try cluster.ask("GRANT CONNECT ON DATABASE \(one.database) TO PUBLIC")
            try cluster.ask("ALTER DATABASE \(one.database) CONNECTION LIMIT -1")

            let today = PostgresProvisioner(
                cluster: cluster.cluster, extensions: [try ExtensionName("citext")], logger: TestCluster.logger)
            defer { today.close() }
            try await today.refresh([one, two, gone])
            for identity in [one, two] {
                #expect(try cluster.shell(identity, "SHOW temp_file_limit") == "1GB")
                #expect(try cluster.shell(identity, "SHOW statement_timeout") == "5min")
                #expect(try cluster.shell(identity, "SELECT current_schema()") == identity.schema)
                #expect(try cluster.shell(identity, "SELECT 'A'::public.citext IS NOT NULL") == "t")
                #expect(
                    try cluster.ask("SELECT rolconnlimit FROM pg_roles WHERE rolname = $1", [identity.role]) == "20")
            }
            #expect(try cluster.shell(one, "SELECT count(*) FROM kept") == "0")
            // Half of those that are not the superuser's.
            let sessions = try cluster.ask("SELECT datconnlimit FROM pg_database WHERE datname = $1", [one.database])
            #expect(sessions == "90")
            #expect(try cluster.ask("SELECT 1 FROM pg_database WHERE datname = $1", [gone.database]) == nil)
            let stranger = DatabaseIdentity.fresh()
            try await cluster.provisioner.provision(stranger, password: "secret")
            let elsewhere = DatabaseIdentity(database: one.database, schema: one.schema, role: stranger.role)
            #expect(throws: PostgresError.self) { try cluster.connect(elsewhere) }
        }
    }

    @Test func `tenants get into no database of the administrator's, and what stays open is said`() async throws {
        try await TestCluster.with(TemporaryDirectory("berth-postgres")) { cluster in
            try cluster.ask("CREATE ROLE plain LOGIN CREATEDB CREATEROLE PASSWORD 'plain'")
            try cluster.ask("CREATE DATABASE \"Home of plain\" OWNER plain")
            try cluster.ask("CREATE DATABASE archive OWNER plain")
            try cluster.ask("CREATE DATABASE somebody_elses")
            let port = try cluster.cluster.endpoint().port
            let lines = RecordingLog()
            let provisioner = PostgresProvisioner(logger: lines.logger) { () throws(PlatformError) in
                (
                    PostgresTarget(url: "postgresql://plain:plain@127.0.0.1:\(port)/Home%20of%20plain"),
                    DatabaseEndpoint(host: "127.0.0.1", port: port)
                )
            }
            defer { provisioner.close() }
            try await provisioner.probe()
            let identity = DatabaseIdentity.fresh()
            try await provisioner.provision(identity, password: "secret")
            for database in ["Home of plain", "archive"] {
                let inside = DatabaseIdentity(database: database, schema: identity.schema, role: identity.role)
                #expect(throws: PostgresError.self, "\(database)") { try cluster.connect(inside) }
            }
            // These are not this administrator's to close.
            let open = DatabaseIdentity(database: "somebody_elses", schema: identity.schema, role: identity.role)
            #expect(throws: Never.self) { try cluster.connect(open) }
            let warnings = lines.entries.filter { $0.level == .warning }
            #expect(warnings.contains { $0.text.contains("somebody_elses") })
            // Nor is the limit of temporary files.
            #expect(warnings.count { $0.text.contains("temporary files") } == 1)
            try await provisioner.provision(.fresh(), password: "secret")
            #expect(lines.entries.count { $0.text.contains("temporary files") } == 1)

            // A superuser may have allowed it.
            try cluster.ask("GRANT SET ON PARAMETER temp_file_limit TO plain")
            try await provisioner.refresh([identity])
            #expect(try cluster.shell(identity, "SHOW temp_file_limit") == "1GB")
        }
    }
}
