import Core
import Testing

@testable import Runner

@Suite struct RunnerConfigurationTests {
    @Test(arguments: ["10.210.0.0/16", "192.168.7.0/24", "0.0.0.0/0"])
    func `a subnet reads back as it was written`(text: String) {
        #expect(IPv4Subnet(text)?.description == text)
    }

    @Test(arguments: [
        "10.210.0.1/16", "10.0.0/8", "10.0.0.0/33", "10.0.0.0", "a.b.c.d/8", "10.0.0.256/8", " 10.0.0.0/8",
    ])
    func `what is no subnet is refused`(text: String) {
        #expect(IPv4Subnet(text) == nil)
    }

    @Test func `the gateway is the first address, overlaps are seen`() throws {
        let subnet = try #require(IPv4Subnet("10.210.0.0/16"))
        #expect(subnet.gateway == "10.210.0.1")
        #expect(subnet.contains("10.210.255.3") && !subnet.contains("10.211.0.1"))
        #expect(subnet.overlaps(try #require(IPv4Subnet("10.0.0.0/8"))))
        #expect(subnet.overlaps(try #require(IPv4Subnet("10.210.9.0/24"))))
        #expect(!subnet.overlaps(try #require(IPv4Subnet("10.211.0.0/16"))))
    }

    @Test func `names that the kernel or a script would misread are refused`() throws {
        try RunnerConfiguration(logDirectory: "/logs").validate()
        for wrong in [
            RunnerConfiguration(node: "", logDirectory: "/logs"),
            RunnerConfiguration(node: "a;b", logDirectory: "/logs"),
            RunnerConfiguration(logDirectory: "logs"),
            RunnerConfiguration(logDirectory: "/logs", bridge: "a bridge"),
            RunnerConfiguration(logDirectory: "/logs", bridge: "sixteen-bytes-xx"),
            RunnerConfiguration(runtimeDirectory: "/" + String(repeating: "x", count: 60), logDirectory: "/logs"),
        ] {
            #expect(throws: PlatformError.self) { try wrong.validate() }
        }
        var wrong = RunnerConfiguration(logDirectory: "/logs")
        wrong.nameServers = ["10.0.0.2", "8.8.8.8 }"]
        #expect(throws: PlatformError.self) { try wrong.validate() }
    }

    @Test func `every needed program is found here and tells its version`() async {
        let programs = await ProgramPaths.found().inspected()
        #expect(programs.filter { !$0.isFound } == [])
        #expect(programs.first { $0.name == "runc" }?.version?.hasPrefix("runc version 1.") == true)
    }

    @Test func `a missing program is named with its package`() throws {
        var paths = ProgramPaths.found()
        paths.conmon = "/nonexistent/conmon"
        let error = #expect(throws: PlatformError.self) { try paths.check() }
        #expect(error?.message == "containers need conmon: apt-get install conmon")
    }
}
