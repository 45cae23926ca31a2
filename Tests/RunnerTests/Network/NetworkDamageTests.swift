import Core
import Foundation
import Glibc
import TestSupport
import Testing

@testable import Runner

extension RealContainers {
    /// What somebody has taken away is neither used nor kept.
    @Suite struct NetworkDamageTests {
        private static let serve = "require('http').createServer((q, r) => r.end('up')).listen(process.env.PORT)"

        private static func namespaces(_ fixture: RunnerFixture) -> [String] {
            let folder = fixture.configuration.runtimeDirectory + "/netns"
            return HostFiles.names(in: folder).map { "\(folder)/\($0)" }
        }

        @Test func `a namespace that waited and lost its mount is not used`() async throws {
            try await withRunner { fixture in
                await fixture.network.replenish()
                let waiting = try #require(Self.namespaces(fixture).first)
                MountTable.unmount(waiting)
                #expect(try await fixture.exit("true") == .exited(0))
                #expect(!HostFiles.exists(waiting))
            }
        }

        @Test(arguments: [false, true])
        func `the address is free again when the mount of its network is gone`(withFile: Bool) async throws {
            try await withRunner { fixture in
                let endpoint = try await fixture.startNode(Self.serve)
                let record = try #require(
                    InstanceRecord(path: fixture.paths.record(InstanceRecord.name(endpoint.id))))
                let reservations =
                    "\(fixture.configuration.runtimeDirectory)/addresses/berth-\(fixture.configuration.node)"
                #expect(HostFiles.exists("\(reservations)/\(endpoint.host)"))
                #expect(await fixture.runner.damage(of: endpoint.id) == nil)
                MountTable.unmount(record.lease.path)
                if withFile { HostFiles.remove(record.lease.path) }
                #expect(await fixture.runner.damage(of: endpoint.id) == "the mount of its network is gone")
                await fixture.runner.stop(endpoint.id, grace: 0)
                #expect(!HostFiles.exists("\(reservations)/\(endpoint.host)"))
                #expect(!HostFiles.exists(record.lease.path))
                #expect(
                    await eventually {
                        !HostFiles.exists("/sys/class/net/\(record.lease.hostInterface)")
                    })
            }
        }

        /// The kernel takes mounts away whose place is removed, in every container.
        @Test func `the folder that all containers share is made again for the next one`() async throws {
            try await withRunner { fixture in
                let endpoint = try await fixture.startNode(Self.serve)
                HostFiles.remove(fixture.paths.skeleton)
                #expect(await fixture.runner.damage(of: endpoint.id)?.hasPrefix("the mount of /") == true)
                #expect(try await fixture.exit("true") == .exited(0))
                let other = try await fixture.startNode(Self.serve)
                #expect(await get(other.host, other.port) == "up")
                #expect(await fixture.runner.damage(of: other.id) == nil)
            }
        }

        @Test func `an instance without its default route is not taken over`() async throws {
            try await withRunner { fixture in
                let endpoint = try await fixture.startNode(Self.serve)
                let record = try #require(
                    InstanceRecord(path: fixture.paths.record(InstanceRecord.name(endpoint.id))))
                let commands = HostCommands(logger: RunnerFixture.logger)
                try await commands.succeed(
                    "/usr/bin/nsenter", ["--net=\(record.lease.path)", "ip", "route", "delete", "default"])
                let (runner, network) = try fixture.restarted()
                try await network.prepare()
                #expect(try await runner.recover(keep: [endpoint.id]).isEmpty)
                await runner.removeAll()
            }
        }
    }
}
