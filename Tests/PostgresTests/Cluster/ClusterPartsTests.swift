import Foundation
import Testing

@testable import Postgres

struct PostmasterFileTests {
    @Test func `knows a cluster that is ready from one that is starting`() {
        let lines = ["4711", "/data", "1776854400", "25000", "", "127.0.0.1", "  123 456"]
        #expect(PostmasterFile((lines + ["ready   "]).joined(separator: "\n"))?.isReady == true)
        #expect(PostmasterFile((lines + ["starting"]).joined(separator: "\n"))?.isReady == false)
        #expect(PostmasterFile(lines.joined(separator: "\n"))?.isReady == false)
        #expect(PostmasterFile(lines.joined(separator: "\n"))?.pid == 4711)
    }

    @Test(arguments: ["", "x\n", "-5\n", "0\n"])
    func `refuses what names no process`(_ text: String) { #expect(PostmasterFile(text) == nil) }
}

struct ClusterSettingsTests {
    @Test func `the superuser comes from this machine only, and nobody from elsewhere`() {
        let rules = ClusterSettings.accessRules(subnets: ["10.88.0.0/16"]).split(separator: "\n")
        #expect(
            rules == [
                "host all berth 127.0.0.1/32 scram-sha-256", "host all berth all reject",
                "host all all 127.0.0.1/32 scram-sha-256", "host all all 10.88.0.0/16 scram-sha-256",
                "host replication all all reject", "host all all all reject", "local all all reject",
            ])
    }
}

struct ProcessIdentityTests {
    @Test func `a process that runs is known, one that has ended is not`() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sleep")
        process.arguments = ["60"]
        try process.run()
        let identity = try #require(ProcessIdentity(pid: process.processIdentifier))
        #expect(identity.isRunning)
        identity.signal(SIGKILL)
        process.waitUntilExit()
        #expect(!identity.isRunning)
        #expect(ProcessIdentity(pid: 1 << 30) == nil)
    }
}

struct PostgresProgramsTests {
    @Test func `every needed program is found with its package, Postgres with its version`() async {
        let programs = await PostgresPrograms.find()
        #expect(programs.map(\.name) == ["initdb", "postgres", "pg_dump", "psql", "setpriv", "unshare", "mount", "sh"])
        for program in programs {
            #expect(program.path != nil, "\(program.name)")
            #expect(!program.package.isEmpty)
        }
        #expect(programs.prefix(4).allSatisfy { $0.version?.first?.isNumber == true })
    }
}
