import Core
import Foundation
import TestSupport
import Testing

@testable import Runner

extension RealContainers {
    /// What other programs do to the host's firewall, at whatever moment.
    @Suite struct ContainerFirewallTests {
        private static func table(of fixture: RunnerFixture) async throws -> String {
            try await HostCommands(logger: RunnerFixture.logger).run(
                ProgramPaths.found().nft,
                ["--stateless", "list", "table", "inet", "berth_\(fixture.configuration.node)"]
            ).output
        }

        /// Runs a command of nft(8) in which `TABLE` stands for the server's.
        private static func change(_ fixture: RunnerFixture, _ command: String) async throws {
            let text = command.replacingOccurrences(of: "TABLE", with: "inet berth_\(fixture.configuration.node)")
            try await HostCommands(logger: RunnerFixture.logger).succeed(
                ProgramPaths.found().nft, ["-f", "-"], input: text + "\n")
        }

        private static func withScriptedNft(
            _ mischief: ScriptedNft.Mischief? = nil, _ body: (RunnerFixture, ScriptedNft) async throws -> Void
        ) async throws {
            let nft = try ScriptedNft()
            // The fixture takes its table away with it.
            defer { withExtendedLifetime(nft) {} }
            if let mischief { try nft.arrange(mischief, times: 1) }
            try await withRunner(configure: { $0.programs.nft = nft.path }) { fixture in
                try await body(fixture, nft)
            }
        }

        @Test(
            .timeLimit(.minutes(1)),
            arguments: [
                "delete table TABLE", "insert rule TABLE forward accept", "flush chain TABLE outward",
                "add element TABLE ports { 22 }",
            ])
        func `what somebody has changed is as it was after a look, and after a start of the server`(
            command: String
        ) async throws {
            try await withRunner { fixture in
                let before = try await Self.table(of: fixture)
                #expect(before.contains("masquerade"))
                try await Self.change(fixture, command)
                #expect(try await Self.table(of: fixture) != before)
                await fixture.network.firewall.mend()
                #expect(try await Self.table(of: fixture) == before)

                try await Self.change(fixture, command)
                let (_, network) = try fixture.restarted()
                try await network.prepare()
                #expect(try await Self.table(of: fixture) == before)
            }
        }

        @Test(.timeLimit(.minutes(1)), arguments: ScriptedNft.Mischief.allCases)
        func `flushed rules are there in the end, whatever comes between`(
            mischief: ScriptedNft.Mischief
        ) async throws {
            try await Self.withScriptedNft { fixture, nft in
                let before = try await Self.table(of: fixture)
                #expect(before.contains("masquerade"))
                // More often than one change tries.
                try nft.arrange(mischief, times: 5)
                try await Self.change(fixture, "delete table TABLE")
                await fixture.network.firewall.mend()
                #expect(nft.isOver)
                #expect(try await Self.table(of: fixture) == before)
                #expect(await fixture.network.isMade)
            }
        }

        @Test(arguments: ScriptedNft.Mischief.allCases)
        func `a start that somebody comes in between has its rules`(mischief: ScriptedNft.Mischief) async throws {
            try await Self.withScriptedNft(mischief) { fixture, nft in
                #expect(nft.isOver)
                let made = try await Self.table(of: fixture)
                #expect(made.contains("masquerade"))
                // As one load without anybody in between gives them.
                let (_, network) = try fixture.restarted()
                try await network.prepare()
                #expect(try await Self.table(of: fixture) == made)
                #expect(await fixture.network.isMade)
            }
        }

        @Test func `the rules are looked at now and then, though nothing tells of a change`() async throws {
            try await withRunner { fixture in
                let before = try await Self.table(of: fixture)
                #expect(before.contains("masquerade"))
                try await Self.change(fixture, "delete table TABLE")
                // The news of it is taken, and nothing was done.
                #expect(fixture.network.firewall.hasChanged() == true)
                let service = Task { try await fixture.runner.run() }
                defer { service.cancel() }
                #expect(try await eventually(within: .seconds(30)) { try await Self.table(of: fixture) == before })
            }
        }

        @Test func `of builds that begin and end at the same time the firewall knows each one`() async throws {
            try await withRunner(configure: { $0.buildEgress = .closed }) { fixture in
                let before = try await Self.table(of: fixture)
                let network = fixture.network
                let leases = try await withThrowingTaskGroup(of: NetworkLease.self) { group in
                    for _ in 0..<4 { group.addTask { try await network.lease(for: .build) } }
                    var leases: [NetworkLease] = []
                    for try await lease in group { leases.append(lease) }
                    return leases
                }
                let listed = try await Self.table(of: fixture).split { !"0123456789./".contains($0) }.map(String.init)
                #expect(Set(leases.map(\.address)).count == 4)
                for lease in leases { #expect(listed.contains(lease.address)) }
                await withDiscardingTaskGroup { group in
                    for lease in leases { group.addTask { await network.release(lease) } }
                }
                #expect(try await Self.table(of: fixture) == before)
            }
        }
    }
}
