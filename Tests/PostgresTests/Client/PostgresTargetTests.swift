import Core
import Testing

@testable import Postgres

struct PostgresTargetTests {
    @Test(arguments: [
        ("postgresql://admin:p%40ss@db.example:6543/postgres?sslmode=require", "db.example", 6543),
        ("postgres://admin@10.0.0.7/postgres", "10.0.0.7", 5432),
        ("postgresql://admin@[fd00::7]:5433/", "fd00::7", 5433),
    ])
    func `reads host and port of a URL`(_ url: String, _ host: String, _ port: Int) throws {
        #expect(try PostgresTarget.endpoint(url: url) == DatabaseEndpoint(host: host, port: port))
    }

    @Test(arguments: [
        "", "host=db.example", "postgresql://", "postgresql:///postgres", "postgresql://%2Frun%2Fpg/db",
        "postgresql://a,b/db", "postgresql://a:port/db", "postgresql://a:70000/db", "http://db.example/",
    ])
    func `refuses a URL that containers could not use`(_ url: String) {
        let error = #expect(throws: PlatformError.self) { try PostgresTarget.endpoint(url: url) }
        #expect(error?.code == .invalid)
    }

    @Test(arguments: [
        "localhost", "LOCALHOST", "db.localhost", "127.0.0.1", "127.1", "127.255.0.9", "0.0.0.0", "[::1]", "[::]",
        "[::ffff:127.0.0.1]",
    ])
    func `refuses loopback, saying what to do instead`(_ host: String) {
        let error = #expect(throws: PlatformError.self) {
            try PostgresTarget.endpoint(url: "postgresql://admin:geheim@\(host):5432/postgres")
        }
        #expect(error?.code == .invalid)
        #expect(error?.message.contains("containers cannot reach") == true)
        #expect(error?.message.contains("geheim") == false)
    }

    @Test func `an IPv6 address stands in brackets in what an app is given`() throws {
        let identity = DatabaseIdentity(database: "u_1", schema: "ch_1", role: "r_1")
        let six = try PostgresTarget.endpoint(url: "postgresql://admin@[fd00::7]:5433/")
        #expect(six.url(identity, password: "p") == "postgresql://r_1:p@[fd00::7]:5433/u_1")
        #expect(try PostgresTarget.endpoint(url: six.url(identity, password: "p")) == six)
    }

    @Test func `a server that is not there is unavailable, without a word about it to the caller`() async throws {
        let url = "postgresql://admin:geheim@127.0.0.1:1/postgres"
        let provisioner = PostgresProvisioner(loopbackURL: url)
        let error = await #expect(throws: PlatformError.self) {
            try await provisioner.provision(.fresh(), password: "secret")
        }
        #expect(error?.code == .databaseUnavailable)
        #expect(error?.message == "Postgres does not answer")
        #expect(error?.cause?.contains("geheim") == false)
    }

    @Test func `switched off, every call says so`() async throws {
        let platform = try PostgresPlatform(.off, logger: TestCluster.logger)
        #expect(platform.cluster == nil)
        for call in 0..<4 {
            let error = await #expect(throws: PlatformError.self) {
                switch call {
                case 0: _ = try await platform.provisioner.endpoint()
                case 1: try await platform.provisioner.probe()
                case 2: try await platform.provisioner.provision(.fresh(), password: "secret")
                default: try await platform.provisioner.drop(.fresh())
                }
            }
            #expect(error?.code == .databaseUnavailable)
        }
    }
}
