import Core
import Foundation
import TestSupport
import Testing

@testable import Postgres

extension PostgresServerTests {
    /// One after another: only so many dumps run at once.
    @Suite(.serialized)
    struct DumpTests {
        private let cluster: TestCluster
        private var provisioner: PostgresProvisioner { cluster.provisioner }

        init() throws { cluster = try SharedClusterTrait.current }

        private func channel(_ sql: String, user: ID<User> = ID()) async throws -> DatabaseIdentity {
            let identity = DatabaseIdentity.fresh(user: user)
            try await provisioner.provision(identity, password: "secret")
            _ = try cluster.shell(identity, sql)
            return identity
        }

        private func whole(_ dump: any DatabaseDump) async throws -> String {
            var bytes: [UInt8] = []
            while let piece = try await dump.next() { bytes += piece }
            await dump.close()
            return String(decoding: bytes, as: UTF8.self)
        }

        @Test func `attack 19: a dump restores with psql into the emptied schema, and holds no other one`() async throws
        {
            let user = ID<User>()
            let other = try await channel("CREATE TABLE theirs (n int)", user: user)
            let mine = try await channel(
                """
                CREATE TABLE "odd ""name""\n" (id serial PRIMARY KEY, t text);
                INSERT INTO "odd ""name""\n" (t) SELECT 'ä' || n FROM generate_series(1, 50000) n;
                CREATE VIEW v AS SELECT count(*) FROM "odd ""name""\n";
                """, user: user)
            let text = try await whole(try await provisioner.dump(mine, password: "secret"))
            #expect(text.contains("CREATE SCHEMA \(mine.schema)"))
            #expect(!text.contains(other.schema) && !text.contains("theirs"))
            try await provisioner.reset(mine)
            let directory = try TemporaryDirectory("berth-dump")
            let file = directory.path("dump.sql")
            try Data(text.utf8).write(to: URL(fileURLWithPath: file))
            _ = try cluster.shell(mine, file: file)
            #expect(try cluster.shell(mine, "TABLE v") == "50000")
        }

        @Test func `a dump waits for its reader and ends with a failure when its session ends`() async throws {
            // More than the pipes and sockets between the server and us hold.
            let identity = try await channel(
                "CREATE TABLE t AS SELECT repeat(md5(n::text), 1000) AS t FROM generate_series(1, 2000) n")
            let dump = try await provisioner.dump(identity, password: "secret")
            #expect(try await dump.next() != nil)
            let session = "SELECT count(*) FROM pg_stat_activity WHERE usename = $1 AND application_name = 'pg_dump'"
            #expect(try cluster.ask(session, [identity.role]) == "1")
            _ = try cluster.ask(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = $1", [identity.role])
            await #expect(throws: PlatformError.self) { while try await dump.next() != nil {} }
            await dump.close()
        }

        @Test func `a dump that is given up leaves no session and no process`() async throws {
            let identity = try await channel(
                "CREATE TABLE t AS SELECT repeat(md5(n::text), 1000) AS t FROM generate_series(1, 2000) n")
            for _ in 0..<DumpLauncher.width * 2 {
                let dump = try await provisioner.dump(identity, password: "secret")
                await dump.close()
            }
            try await eventually {
                try cluster.ask("SELECT count(*) FROM pg_stat_activity WHERE usename = $1", [identity.role]) == "0"
            }
        }

        @Test func `what is wrong from the start is said before the first byte`() async throws {
            let identity = try await channel("CREATE TABLE t (n int)")
            let wrong = await #expect(throws: PlatformError.self) {
                _ = try await provisioner.dump(identity, password: "wrong")
            }
            #expect(wrong?.code == .databaseUnavailable)
            let gone = DatabaseIdentity(
                database: identity.database, schema: "ch_ffffffffffff", role: identity.role)
            let missing = await #expect(throws: PlatformError.self) {
                _ = try await provisioner.dump(gone, password: "secret")
            }
            #expect(missing?.code == .badGateway)
        }

        @Test func `only so many dumps run at once, and one user leaves room for others`() async throws {
            let table = "CREATE TABLE t AS SELECT repeat(md5(n::text), 1000) AS t FROM generate_series(1, 2000) n"
            let users = DumpLauncher.width / DumpLauncher.widthPerDatabase
            var dumps: [any DatabaseDump] = []
            for _ in 0..<users {
                let identity = try await channel(table)
                for _ in 0..<DumpLauncher.widthPerDatabase {
                    dumps.append(try await provisioner.dump(identity, password: "secret"))
                }
                let refused = await #expect(throws: PlatformError.self) {
                    _ = try await provisioner.dump(identity, password: "secret")
                }
                #expect(refused?.code == .databaseUnavailable)
            }
            let other = try await channel(table)
            let refused = await #expect(throws: PlatformError.self) {
                _ = try await provisioner.dump(other, password: "secret")
            }
            #expect(refused?.code == .databaseUnavailable)
            for dump in dumps { await dump.close() }
            await (try provisioner.dump(other, password: "secret")).close()
        }

        @Test func `a dump that nobody reads loses its place in time`() async throws {
            let identity = try await channel(
                "CREATE TABLE t AS SELECT repeat(md5(n::text), 1000) AS t FROM generate_series(1, 2000) n")
            let short = PostgresProvisioner(
                loopbackURL: try cluster.adminURL(), limits: ProvisionerLimits(dump: .seconds(1)))
            var dumps: [any DatabaseDump] = []
            for _ in 0..<DumpLauncher.widthPerDatabase {
                dumps.append(try await short.dump(identity, password: "secret"))
            }
            let later = try await eventuallyValue { try? await short.dump(identity, password: "secret") }
            await later.close()
            for dump in dumps {
                let error = await #expect(throws: PlatformError.self) { while try await dump.next() != nil {} }
                #expect(error?.code == .databaseUnavailable)
                await dump.close()
            }
            short.close()
        }

        @Test func `the password is in no argument, and pg_dump has no privilege`() async throws {
            let identity = try await channel(
                "CREATE TABLE t AS SELECT repeat(md5(n::text), 1000) AS t FROM generate_series(1, 2000) n")
            let dump = try await provisioner.dump(identity, password: "secret")
            let processes = try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { name in
                let line = (try? String(contentsOfFile: "/proc/\(name)/cmdline", encoding: .utf8)) ?? ""
                guard line.contains("pg_dump"), line.contains(identity.schema) else { return false }
                #expect(!line.contains("secret"))
                return true
            }
            let process = try #require(processes.first)
            let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
            if geteuid() == 0 { #expect(!status.contains("Uid:\t0\t")) }
            #expect(status.contains("CapEff:\t0000000000000000"))
            await dump.close()
        }
    }
}
