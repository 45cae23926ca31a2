import Core
import Foundation
import TestSupport
import Testing

@testable import Postgres

/// A server that somebody else runs, used by its administrator's URL.
@Suite(.timeLimit(.minutes(3)))
struct ExternalServerTests {
    private func text(_ dump: any DatabaseDump) async throws -> String {
        var bytes: [UInt8] = []
        while let piece = try await dump.next() { bytes += piece }
        await dump.close()
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Everything that is done with a channel's schema, on a server that is well.
    private func use(_ external: PostgresProvisioner, _ identity: DatabaseIdentity, _ cluster: TestCluster) async throws
    {
        try await external.probe()
        try await external.provision(identity, password: "secret")
        try cluster.shell(identity, "CREATE TABLE t AS SELECT n FROM generate_series(1, 1000) n")
        #expect(try await external.figures(identity).storageBytes > 0)
        #expect(try await external.storage(database: identity.database).schemas == 1)
        #expect(try await text(try await external.dump(identity, password: "secret")).contains("COPY"))
        try await external.reset(identity)
        #expect(try cluster.shell(identity, "SELECT to_regclass('t') IS NULL") == "t")
    }

    @Test func `a server that crashes between calls is used again, and so is one that crashes during them`()
        async throws
    {
        try await TestCluster.with(TemporaryDirectory("berth-external")) { cluster in
            let external = PostgresProvisioner(loopbackURL: try cluster.adminURL())
            defer { external.close() }
            let identity = DatabaseIdentity.fresh()
            try await use(external, identity, cluster)
            // The kept connections are to a server that is not there any more.
            try await cluster.crash()
            try await use(external, identity, cluster)

            let failures: [PlatformError.Code] = await withTaskGroup(of: PlatformError.Code?.self) { group in
                for number in 0..<24 {
                    group.addTask {
                        do throws(PlatformError) {
                            switch number % 4 {
                            case 0: try await external.provision(.fresh(), password: "secret")
                            case 1: try await external.reset(identity)
                            case 2: _ = try await external.figures(identity)
                            default: _ = try await external.storage(database: identity.database)
                            }
                        } catch {
                            return error.code
                        }
                        return nil
                    }
                }
                group.addTask {
                    do { try await cluster.crash() } catch { return .internal }
                    return nil
                }
                return await group.compactMap { $0 }.reduce(into: []) { $0.append($1) }
            }
            #expect(failures.allSatisfy { $0 == .databaseUnavailable }, "\(failures)")
            try await use(external, identity, cluster)
        }
    }

    @Test func `a dump that the server's crash cuts off fails, and is not taken for whole`() async throws {
        try await TestCluster.with(TemporaryDirectory("berth-external")) { cluster in
            let external = PostgresProvisioner(loopbackURL: try cluster.adminURL())
            defer { external.close() }
            let identity = DatabaseIdentity.fresh()
            try await external.provision(identity, password: "secret")
            try cluster.shell(
                identity, "CREATE TABLE t AS SELECT repeat(md5(n::text), 1000) AS t FROM generate_series(1, 2000) n")
            let dump = try await external.dump(identity, password: "secret")
            #expect(try await dump.next() != nil)
            try await cluster.crash()
            await #expect(throws: PlatformError.self) { while try await dump.next() != nil {} }
            await dump.close()
        }
    }

    @Test func `a server without a free connection is unavailable to tenants, and not to its superuser`() async throws {
        try await TestCluster.with(TemporaryDirectory("berth-external"), maximumConnections: 30) { cluster in
            try cluster.ask("CREATE ROLE plain LOGIN CREATEDB CREATEROLE PASSWORD 'plain'")
            try cluster.ask("GRANT CONNECT ON DATABASE postgres TO plain")
            let port = try cluster.cluster.endpoint().port
            let superuser = PostgresProvisioner(loopbackURL: try cluster.adminURL())
            let plain = PostgresProvisioner(loopbackURL: "postgresql://plain:plain@127.0.0.1:\(port)/postgres")
            defer {
                superuser.close()
                plain.close()
            }
            let identity = DatabaseIdentity.fresh()
            try await superuser.provision(identity, password: "secret")
            // Twenty places are the superuser's; the role takes all others.
            let full = try ConnectionCrowd(cluster, identity)
            #expect(full.count >= 5)

            for call in 0..<4 {
                let error = await #expect(throws: PlatformError.self) {
                    switch call {
                    case 0: try await plain.provision(.fresh(), password: "secret")
                    case 1: _ = try await plain.figures(identity)
                    case 2: try await plain.probe()
                    default: _ = try await superuser.dump(identity, password: "secret")
                    }
                }
                #expect(error?.code == .databaseUnavailable, "call \(call)")
            }
            try await superuser.provision(.fresh(), password: "secret")
            #expect(try await superuser.figures(identity).connections == full.count)
            try await superuser.reset(identity)
            try await eventually { try cluster.shell(identity, "SELECT 1") == "1" }
            try await plain.probe()
        }
    }

    @Test func `one that is read-only, as managed servers are with a full disk, is unavailable until it is not`()
        async throws
    {
        try await TestCluster.with(TemporaryDirectory("berth-external")) { cluster in
            try cluster.ask("CREATE ROLE plain LOGIN CREATEDB CREATEROLE PASSWORD 'plain'")
            try cluster.ask("GRANT CONNECT ON DATABASE postgres TO plain")
            try cluster.ask("ALTER ROLE plain SET default_transaction_read_only = on")
            let port = try cluster.cluster.endpoint().port
            let plain = PostgresProvisioner(loopbackURL: "postgresql://plain:plain@127.0.0.1:\(port)/postgres")
            defer { plain.close() }
            let identity = DatabaseIdentity.fresh()
            let error = await #expect(throws: PlatformError.self) {
                try await plain.provision(identity, password: "secret")
            }
            #expect(error?.code == .databaseUnavailable && error?.message.contains("read-only") == true)
            try cluster.ask("ALTER ROLE plain RESET default_transaction_read_only")
            // A connection that is kept has the setting of its beginning.
            plain.close()
            try await plain.provision(identity, password: "secret")
            #expect(try cluster.shell(identity, "SELECT current_schema()") == identity.schema)
        }
    }

    @Test func `attack 18: one user's channels leave room for everybody else's`() async throws {
        try await TestCluster.with(TemporaryDirectory("berth-external"), maximumConnections: 100) { cluster in
            let user = ID<User>()
            let greedy = (0..<5).map { _ in DatabaseIdentity.fresh(user: user) }
            let other = DatabaseIdentity.fresh()
            for identity in greedy + [other] { try await cluster.provisioner.provision(identity, password: "secret") }
            // Twenty are the superuser's; half of the eighty others are one user's, who asks for a hundred. Sessions of ours
            // that are ending may still count.
            let crowds = try greedy.map { try ConnectionCrowd(cluster, $0) }
            let total = crowds.reduce(0) { $0 + $1.count }
            #expect((30...40).contains(total), "\(total)")
            #expect(try ConnectionCrowd(cluster, other).count == DatabaseRecord.connectionLimit)
            // What is theirs can be emptied all the same.
            try await cluster.provisioner.reset(greedy[0])
            withExtendedLifetime(crowds) {}
        }
    }

    @Test func `a server that is too old is refused with its version`() {
        #expect(throws: Never.self) { try ServerVersion.check(140_000) }
        let error = #expect(throws: PlatformError.self) { try ServerVersion.check(130_012) }
        #expect(error?.code == .databaseUnavailable)
        #expect(error?.message == "the Postgres server has version 13; 14 or later is needed")
    }
}

/// As many sessions of a channel's role as the server lets in.
final class ConnectionCrowd {
    private var sessions: [Session] = []

    private final class Session {
        let connection: PostgresConnection
        init(_ target: PostgresTarget) throws { connection = try PostgresConnection(target) }
    }

    init(_ cluster: TestCluster, _ identity: DatabaseIdentity) throws {
        let target = try cluster.target(identity, password: "secret")
        for _ in 0..<DatabaseRecord.connectionLimit {
            guard let session = try? Session(target) else { break }
            sessions.append(session)
        }
    }

    var count: Int { sessions.count }
}
