import Foundation
import ServerTestSupport
import TestSupport

/// A Postgres server on another machine of a private network: a network namespace of its own behind a link of the host.
final class ForeignPostgres: Sendable {
    /// As `BERTH_POSTGRES_URL` takes it.
    let url: String
    let address: String
    /// A port of that machine that nobody was let through to.
    static let otherPort = 8099
    private let namespace: LinkedNamespace
    private let directory: TemporaryDirectory
    private let server: ChildProcess
    private let neighbour: ChildProcess

    private static let superuser = "operator"

    /// Makes a cluster, and returns when it takes connections.
    static func start() async throws -> ForeignPostgres {
        let directory = try TemporaryDirectory("berth-foreign")
        // Two addresses of a network that no lease of ours hands out.
        let (near, far) = ("10.198.7.1", "10.198.7.2")
        let programs = try programs()
        let password = UUID().uuidString
        let passwordFile = directory.path("password")
        try password.write(toFile: passwordFile, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: directory.path)
        try FileManager.default.createDirectory(atPath: directory.path("cluster"), withIntermediateDirectories: false)
        try await LinkedNamespace.succeed("chown", "-R", "postgres", directory.path)
        try await LinkedNamespace.succeed(
            "setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "\(programs)/initdb", "--pgdata",
            directory.path("cluster"), "--username", superuser, "--pwfile", passwordFile, "--auth", "scram-sha-256",
            "--no-sync", "--locale", "C.UTF-8", "--encoding", "UTF8")
        let access = try FileHandle(forWritingTo: URL(fileURLWithPath: directory.path("cluster/pg_hba.conf")))
        try access.seekToEnd()
        try access.write(contentsOf: Data("host all all 0.0.0.0/0 scram-sha-256\n".utf8))
        try access.close()

        let namespace = try await LinkedNamespace.make("bf", near: near, far: far)
        do {
            let foreign = try ForeignPostgres(
                namespace: namespace, address: far, directory: directory, programs: programs,
                url: "postgresql://\(superuser):\(password)@\(far):5432/postgres")
            try await eventually("the foreign Postgres takes connections") {
                try await run(["psql", "-X", "-q", "-c", "SELECT 1", foreign.url]).status == 0
            }
            return foreign
        } catch {
            try? await namespace.remove()
            throw error
        }
    }

    private init(
        namespace: LinkedNamespace, address: String, directory: TemporaryDirectory, programs: String, url: String
    ) throws {
        self.namespace = namespace
        self.address = address
        self.directory = directory
        self.url = url
        server = try namespace.start([
            "setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "\(programs)/postgres", "-D",
            directory.path("cluster"), "-k", directory.path, "-h", address, "-p", "5432",
        ])
        neighbour = try namespace.start([
            "node", "-e",
            "require('http').createServer((q, r) => r.end('neighbour')).listen(\(Self.otherPort))",
        ])
    }

    func stop() async throws {
        kill(neighbour.processID, SIGKILL)
        // Immediate shutdown: nothing of it is kept.
        kill(server.processID, SIGQUIT)
        _ = await neighbour.end()
        _ = await server.end()
        try await namespace.remove()
    }

    /// The newest version's programs.
    private static func programs() throws -> String {
        let root = "/usr/lib/postgresql"
        let versions = try FileManager.default.contentsOfDirectory(atPath: root).compactMap { Int($0) }
        guard let newest = versions.max() else { throw HTTPFailure(description: "no Postgres below \(root)") }
        return "\(root)/\(newest)/bin"
    }
}
