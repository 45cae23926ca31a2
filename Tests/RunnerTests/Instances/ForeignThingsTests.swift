import Core
import Glibc
import TestSupport
import Testing

@testable import Runner

extension RealContainers {
    /// What others have beside what is the server's.
    @Suite struct ForeignThingsTests {
        @Test func `what the server has not made stays, when it cleans up at a start and when it goes`() async throws {
            let commands = HostCommands(logger: RunnerFixture.logger)
            let programs = ProgramPaths.found()
            try await withRunner { fixture in
                let node = fixture.configuration.node
                let (link, table) = ("o\(node)", "inet other_\(node)")
                let group = fixture.runner.runtime.groups.directories(of: "/berth")
                    .first { HostFiles.exists($0 + "/cgroup.procs") }.map { "\($0)/o\(node)" }
                let foreign = try #require(group)
                try HostFiles.makeDirectory(foreign, mode: 0o755)
                let file = fixture.configuration.logDirectory + "/kept.log"
                try HostFiles.write("kept", to: file)
                let links = [
                    ["link", "add", link, "type", "veth", "peer", "name", "p\(node)"],
                    ["link", "set", link, "master", fixture.configuration.bridge],
                ]
                for arguments in links { try await commands.succeed(programs.ip, arguments) }
                try await commands.succeed(
                    programs.nft, ["add", "table"] + table.split(separator: " ").map(String.init))

                func expectForeign() async throws {
                    #expect(HostFiles.exists(foreign) && HostFiles.exists("/sys/class/net/\(link)"))
                    #expect(HostFiles.text(file) == "kept")
                    #expect(try await commands.run(programs.nft, ["list", "tables"]).output.contains(table))
                }
                do {
                    let stray = try await fixture.startNode(
                        "require('http').createServer((q, r) => r.end('up')).listen(process.env.PORT)")
                    let (runner, network) = try fixture.restarted()
                    try await network.prepare()
                    let found = try await runner.recover(keep: [], logs: [])
                    #expect(found.strays == [InstanceRecord.name(stray.id)])
                    #expect(HostFiles.names(in: fixture.configuration.logDirectory) == ["kept.log"])
                    #expect(HostFiles.exists("/sys/class/net/\(fixture.configuration.bridge)/brif/\(link)"))
                    try await expectForeign()
                    await runner.removeAll()
                    #expect(!HostFiles.exists("/sys/class/net/\(fixture.configuration.bridge)"))
                    try await expectForeign()
                } catch {
                    Issue.record(error)
                }
                rmdir(foreign)
                _ = try? await commands.run(programs.ip, ["link", "delete", "dev", link])
                _ = try? await commands.run(
                    programs.nft, ["delete", "table"] + table.split(separator: " ").map(String.init))
            }
        }
    }
}
