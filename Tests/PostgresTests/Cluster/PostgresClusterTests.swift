import Core
import Foundation
import TestSupport
import Testing

@testable import Postgres

/// Tests that start, kill and stop clusters of their own.
struct PostgresClusterTests {
    @Test func `the cluster runs as an unprivileged user and its secrets are the server's`() async throws {
        try await TestCluster.with(TemporaryDirectory("berth-postgres")) { cluster in
            let status = try String(contentsOfFile: "/proc/\(cluster.postmaster.pid)/status", encoding: .utf8)
            let user = try #require(try ClusterAccount.find("postgres")?.user)
            #expect(status.contains("Uid:\t\(user)\t\(user)\t\(user)\t\(user)\n"))
            #expect(status.contains("CapBnd:\t0000000000000000\n"))
            let environment = try String(contentsOfFile: "/proc/\(cluster.postmaster.pid)/environ", encoding: .utf8)
            #expect(!environment.contains("HOME="))
            for (path, mode) in [(cluster.layout.password, 0o600), (cluster.layout.data, 0o700)] {
                let attributes = try FileManager.default.attributesOfItem(atPath: path)
                #expect(attributes[.posixPermissions] as? Int == mode, "\(path)")
            }
            let names = try FileManager.default.contentsOfDirectory(atPath: cluster.layout.root)
            #expect(names.sorted() == ["data", "pg_hba.conf"])
        }
    }

    @Test func `it listens on loopback and the gateway only`() async throws {
        try await TestCluster.with(TemporaryDirectory("berth-postgres")) { cluster in
            let port = try cluster.cluster.endpoint().port
            #expect(ClusterAddress.accepts("127.0.0.1", port: port))
            #expect(ClusterAddress.accepts(TestCluster.gateway, port: port))
            #expect(!ClusterAddress.accepts("127.0.0.3", port: port))
        }
    }

    @Test func `stopping is clean, and the next start has the same port and the same data`() async throws {
        let directory = try TemporaryDirectory("berth-postgres")
        let identity = DatabaseIdentity.fresh()
        var port = 0
        var process: ProcessIdentity?
        try await TestCluster.with(directory) { cluster in
            try await cluster.provisioner.provision(identity, password: "secret")
            _ = try cluster.shell(identity, "CREATE TABLE kept (n int)")
            port = try cluster.cluster.endpoint().port
            process = try cluster.postmaster
        }
        #expect(process?.isRunning == false)
        // A fast shutdown removes the file; an immediate one leaves it.
        #expect(!FileManager.default.fileExists(atPath: directory.path("data/postgres/data/postmaster.pid")))
        try await TestCluster.with(directory) { cluster in
            let endpoint = try cluster.cluster.endpoint()
            #expect(endpoint.port == port)
            #expect(try cluster.shell(identity, "SELECT count(*) FROM kept") == "0")
        }
    }

    @Test func `an idle session does not hold up the stop`() async throws {
        let directory = try TemporaryDirectory("berth-postgres")
        let cluster = TestCluster(directory)
        try await cluster.cluster.waitUntilReady()
        let session = try PostgresConnection(cluster.cluster.target())
        try session.execute("BEGIN")
        let process = try cluster.postmaster
        await cluster.stop()
        #expect(!process.isRunning)
        #expect(throws: PostgresError.self) { try session.execute("SELECT 1") }
        #expect(!FileManager.default.fileExists(atPath: directory.path("data/postgres/data/postmaster.pid")))
        await #expect(throws: PlatformError.self) { try await cluster.cluster.waitUntilReady() }
    }

    @Test func `a postmaster that is killed is started again with what was committed`() async throws {
        try await TestCluster.with(TemporaryDirectory("berth-postgres")) { cluster in
            let identity = DatabaseIdentity.fresh()
            try await cluster.provisioner.provision(identity, password: "secret")
            _ = try cluster.shell(identity, "CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)")
            let first = try cluster.postmaster
            first.signal(SIGKILL)
            try await eventually { !first.isRunning && (try? cluster.shell(identity, "TABLE kept")) == "7" }
            #expect(try cluster.postmaster != first)
            // The administrator's kept connections were to the old one.
            try await cluster.provisioner.provision(.fresh(), password: "secret")
        }
    }

    @Test func `a cluster that an earlier server left running is taken over`() async throws {
        let directory = try TemporaryDirectory("berth-postgres")
        // Make the cluster, then start it as a server does that is killed afterwards.
        try await TestCluster.with(directory) { _ in }
        let probe = ClusterConfiguration(
            dataDirectory: directory.path("data"), runtimeDirectory: directory.path("run"),
            gatewayAddresses: [TestCluster.gateway], containerSubnets: ["127.0.0.0/8"])
        let left = try await ClusterStarter(probe, logger: TestCluster.logger).start()
        #expect(!left.isAdopted)
        try await TestCluster.with(directory) { cluster in
            #expect(try cluster.postmaster == left.postmaster.process)
            try await cluster.provisioner.provision(.fresh(), password: "secret")
        }
        #expect(!left.postmaster.process.isRunning)
    }

    @Test func `a running cluster that lacks the gateway's address is started again with it`() async throws {
        let directory = try TemporaryDirectory("berth-postgres")
        let deaf = ClusterConfiguration(
            dataDirectory: directory.path("data"), runtimeDirectory: directory.path("run"))
        let left = try await ClusterStarter(deaf, logger: TestCluster.logger).start()
        try await TestCluster.with(directory) { cluster in
            let port = try cluster.cluster.endpoint().port
            #expect(try cluster.postmaster != left.postmaster.process)
            #expect(ClusterAddress.accepts(TestCluster.gateway, port: port))
        }
    }

    @Test func `an address that the host does not have does not keep the cluster from starting`() async throws {
        // 192.0.2.0/24 is for documentation (RFC 5737).
        try await TestCluster.with(TemporaryDirectory("berth-postgres"), gateways: ["192.0.2.77"]) { cluster in
            let port = try cluster.cluster.endpoint().port
            #expect(ClusterAddress.accepts("127.0.0.1", port: port))
        }
    }

    @Test func `a pid file that names another program's process is stale`() async throws {
        let directory = try TemporaryDirectory("berth-postgres")
        try await TestCluster.with(directory) { _ in }
        let file = directory.path("data/postgres/data/postmaster.pid")
        try "\(getpid())\n/nowhere\n0\n1\n\n\n\nready\n".write(toFile: file, atomically: false, encoding: .utf8)
        try await TestCluster.with(directory) { cluster in
            let process = try cluster.postmaster
            #expect(process.pid != getpid())
        }
    }

    @Test func `a data folder that the cluster's user cannot reach is mounted for it alone`() async throws {
        let directory = try TemporaryDirectory("berth-postgres")
        try FileManager.default.createDirectory(
            atPath: directory.path("private"), withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o700])
        try await TestCluster.with(directory, dataDirectory: directory.path("private/data")) { cluster in
            let identity = DatabaseIdentity.fresh()
            try await cluster.provisioner.provision(identity, password: "secret")
            #expect(try cluster.shell(identity, "SELECT current_schema()") == identity.schema)
            let mounts = try String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)
            #expect(!mounts.contains(directory.path))
            let inside = try String(contentsOfFile: "/proc/\(cluster.postmaster.pid)/mountinfo", encoding: .utf8)
            #expect(inside.contains(cluster.layout.mountPoint))
            #expect(FileManager.default.fileExists(atPath: cluster.layout.data))
        }
    }

    @Test func `a lost password of a cluster that is there is a clear error`() async throws {
        let directory = try TemporaryDirectory("berth-postgres")
        try await TestCluster.with(directory) { _ in }
        try FileManager.default.removeItem(atPath: directory.path("data/secrets/postgres.password"))
        let cluster = TestCluster(directory)
        let error = await #expect(throws: PlatformError.self) { try await cluster.cluster.waitUntilReady() }
        #expect(error?.code == .databaseUnavailable)
        #expect(error?.message.contains("secrets/postgres.password is missing") == true)
        await cluster.stop()
    }
}
