import Core
import Foundation
import Glibc
import TestSupport
import Testing

@testable import Runner

extension RealContainers {
    @Suite struct RecoveryTests {
        private static let serve = "require('http').createServer((q, r) => r.end('up')).listen(process.env.PORT)"

        @Test func `a restarted server finds the same process and watches it again`() async throws {
            try await withRunner { fixture in
                let endpoint = try await fixture.startNode(Self.serve)
                let pid = try fixture.pid(of: endpoint.id)
                let (runner, network) = try fixture.restarted()
                try await network.prepare()
                let found = try await runner.recover(keep: [endpoint.id])
                #expect(found == [endpoint.id: endpoint])
                #expect(try fixture.pid(of: endpoint.id) == pid)
                #expect(await get(endpoint.host, endpoint.port) == "up")

                let service = Task { try await runner.run() }
                defer { service.cancel() }
                kill(pid, SIGKILL)
                #expect(
                    await eventually {
                        let now = ProcessIdentity(pidFile: fixture.paths.pidFile(InstanceRecord.name(endpoint.id)))
                        guard let now, now.pid != pid else { return false }
                        return await get(endpoint.host, endpoint.port) == "up"
                    })
                await runner.removeAll()
            }
        }

        @Test func `an instance that died while the server was away is started again`() async throws {
            try await withRunner { fixture in
                let endpoint = try await fixture.startNode(Self.serve)
                let process = try #require(ProcessIdentity(pid: try fixture.pid(of: endpoint.id)))
                process.signal(SIGKILL)
                #expect(await eventually { !process.isAlive })
                let (runner, network) = try fixture.restarted()
                try await network.prepare()
                let found = try await runner.recover(keep: [endpoint.id])
                #expect(found == [endpoint.id: endpoint])
                let service = Task { try await runner.run() }
                defer { service.cancel() }
                #expect(await eventually { await get(endpoint.host, endpoint.port) == "up" })
                await runner.removeAll()
            }
        }

        @Test(arguments: [true, false])
        func `attack 17: an instance that was made again and not started when its server was killed is started`(
            isRecorded: Bool
        ) async throws {
            try await withRunner { fixture in
                let endpoint = try await fixture.startNode(Self.serve)
                let name = InstanceRecord.name(endpoint.id)
                // What a supervisor does for one that crashed, as far as a killed one came with it.
                let runtime = fixture.runner.runtime
                await runtime.delete(name)
                let process = try await runtime.create(
                    name, log: fixture.runner.logPath(endpoint.id), logSizeLimit: 1 << 20)
                if isRecorded {
                    var record = try #require(InstanceRecord(path: fixture.paths.record(name)))
                    record.process = process
                    try record.save(to: fixture.paths.record(name))
                }
                let (runner, network) = try fixture.restarted()
                try await network.prepare()
                _ = try await runner.recover(keep: [endpoint.id])
                let service = Task { try await runner.run() }
                defer { service.cancel() }
                #expect(await eventually { await get(endpoint.host, endpoint.port) == "up" })
                #expect(!process.isAlive)
                await runner.removeAll()
            }
        }

        @Test func `an instance whose conmon was killed is started again`() async throws {
            try await withRunner { fixture in
                let endpoint = try await fixture.startNode(Self.serve)
                let pid = try fixture.pid(of: endpoint.id)
                let conmon = try #require(
                    ProcessIdentity(pidFile: fixture.paths.conmonPIDFile(InstanceRecord.name(endpoint.id))))
                conmon.signal(SIGKILL)
                #expect(await eventually { !conmon.isAlive })
                let (runner, network) = try fixture.restarted()
                try await network.prepare()
                _ = try await runner.recover(keep: [endpoint.id])
                let service = Task { try await runner.run() }
                defer { service.cancel() }
                #expect(
                    await eventually {
                        let now = ProcessIdentity(pidFile: fixture.paths.pidFile(InstanceRecord.name(endpoint.id)))
                        guard let now, now.pid != pid else { return false }
                        return await get(endpoint.host, endpoint.port) == "up"
                    })
                await runner.removeAll()
            }
        }

        @Test func `an instance without its bundle is left out and removed`() async throws {
            try await withRunner { fixture in
                let endpoint = try await fixture.startNode(Self.serve)
                HostFiles.remove(fixture.paths.bundle(InstanceRecord.name(endpoint.id)) + "/config.json")
                let (runner, network) = try fixture.restarted()
                try await network.prepare()
                let found = try await runner.recover(keep: [endpoint.id], logs: [])
                #expect(found.endpoints.isEmpty && found.strays.isEmpty)
                #expect(found.losses == [endpoint.id: "its bundle is not there"])
                #expect(await get(endpoint.host, endpoint.port, seconds: 1) == nil)
                #expect(HostFiles.names(in: fixture.paths.containers).isEmpty)
                await runner.removeAll()
            }
        }

        @Test func `a build's container that nobody knows is removed, and one that runs is left alone`() async throws {
            try await withRunner { fixture in
                let task = fixture.task("echo begun; sleep 300")
                let output = ByteCollector()
                let work = Task { try await fixture.runner.run(task) { output.append($0) } }
                #expect(await eventually { output.text == "begun\n" })
                #expect(await fixture.runner.removeStrays().isEmpty)
                let (other, _) = try fixture.restarted()
                #expect(await other.removeStrays() == ["t-\(task.id)"])
                _ = try? await work.value
                #expect(HostFiles.names(in: fixture.paths.containers).isEmpty)
            }
        }

        @Test func `attack 17: everything that is not to be kept is removed`() async throws {
            try await withRunner { fixture in
                let kept = try await fixture.startNode(Self.serve)
                let stray = try await fixture.startNode(Self.serve)
                let strayPID = try fixture.pid(of: stray.id)
                // A task whose server was killed: its container and its network are still there.
                let task = fixture.task("echo begun; sleep 300")
                let output = ByteCollector()
                let work = Task { try await fixture.runner.run(task) { output.append($0) } }
                #expect(await eventually { output.text == "begun\n" })
                let taskPID = try #require(ProcessIdentity(pidFile: fixture.paths.pidFile("t-\(task.id)"))).pid
                // A namespace that was half made.
                try HostFiles.write("", to: fixture.configuration.runtimeDirectory + "/netns/nstray")

                let (runner, network) = try fixture.restarted()
                try await network.prepare()
                let found = try await runner.recover(keep: [kept.id], logs: [])
                #expect(Set(found.endpoints.keys) == [kept.id] && found.losses.isEmpty)
                #expect(found.strays == ["i-\(stray.id)", "t-\(task.id)"])
                #expect(ProcessIdentity(pid: strayPID) == nil && ProcessIdentity(pid: taskPID) == nil)
                #expect(await get(kept.host, kept.port) == "up")
                #expect(HostFiles.names(in: fixture.paths.containers) == [InstanceRecord.name(kept.id)])
                #expect(Set(fixture.runner.runtime.tree.containers().keys) == [InstanceRecord.name(kept.id)])
                _ = try? await work.value
                // The kept one's, and those that wait ready.
                let bridge = "/sys/class/net/\(fixture.configuration.bridge)/brif"
                #expect(await eventually { HostFiles.names(in: bridge).count == 2 })
                let reservations =
                    "\(fixture.configuration.runtimeDirectory)/addresses/berth-\(fixture.configuration.node)"
                #expect(
                    await eventually {
                        HostFiles.names(in: reservations).filter { IPv4Subnet.address($0) != nil }.count == 2
                    })
                #expect(
                    HostFiles.names(in: fixture.configuration.logDirectory) == ["\(kept.id).log"])
                await runner.removeAll()
            }
        }
    }
}
