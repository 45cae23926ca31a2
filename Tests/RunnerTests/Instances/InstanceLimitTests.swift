import Core
import Synchronization
import TestSupport
import Testing

@testable import Runner

extension RealContainers {
    /// Limits that an instance reaches while it runs on.
    @Suite struct InstanceLimitTests {
        private static let server = """
            const { spawn } = require('child_process');
            const asked = {
              '/hog': () => spawn('perl', ['-e', '$x .= "x" x 1e7 while 1']),
              '/many': () => spawn('sh', ['-c', 'for i in $(seq 400); do sleep 60 & done']),
              '/flood': () => spawn('sh', ['-c', 'yes $(printf %01000d 0) | head -c 4000000'], { stdio: 'inherit' }),
            };
            require('http').createServer((q, r) => { r.end('up', asked[q.url]) }).listen(process.env.PORT);
            """

        @Test(arguments: [
            ("/many", "was refused processes at its limit of 256: "),
            ("/flood", "writes more than its log keeps: there are the last 1 MiB of it at most"),
        ])
        func `attack 11: a limit that an instance reaches is named in its log, and told once`(
            path: String, reason: String
        ) async throws {
            try await withRunner(configure: { $0.logSizeLimit = 1 << 20 }) { fixture in
                let endpoint = try await Self.start(fixture)
                let hits = Self.hits(of: fixture)
                defer { hits.task.cancel() }
                #expect(await get(endpoint.host, endpoint.port, path) == "up")
                #expect(await eventually(within: .seconds(60)) { !hits.seen.all.isEmpty })
                let hit = try #require(hits.seen.all.first)
                #expect(hit.instance == endpoint.id && hit.reason.hasPrefix(reason), "\(hit)")
                // Also behind what came after it, which is far more than is shown.
                let output = await fixture.runner.recentOutput(endpoint.id, lines: 20)
                #expect(output.contains { $0.hasPrefix("berth: at ") && $0.hasSuffix("the app \(hit.reason)") })
                #expect(await get(endpoint.host, endpoint.port) == "up")
                #expect(hits.seen.all.count == 1)
                await fixture.runner.stop(endpoint.id, grace: 0)
                await fixture.runner.removeLog(of: endpoint.id)
                #expect(HostFiles.names(in: fixture.configuration.logDirectory).isEmpty)
            }
        }

        @Test func `attack 11: a process of an instance that is killed for want of memory is named in its log`()
            async throws
        {
            try await withRunner { fixture in
                let endpoint = try await Self.start(fixture)
                let hits = Self.hits(of: fixture)
                defer { hits.task.cancel() }
                var restarts = fixture.runner.restarts().makeAsyncIterator()
                _ = await get(endpoint.host, endpoint.port, "/hog")
                // v2 kills all of a container.
                if fixture.runner.runtime.groups.version == .v2 {
                    let restart = await restarts.next()
                    #expect(restart?.reason == "was killed: out of memory (limit 256 MiB)")
                    return
                }
                #expect(await eventually(within: .seconds(60)) { !hits.seen.all.isEmpty })
                #expect(hits.seen.all.map(\.reason) == ["lost a process: out of memory (limit 256 MiB)"])
                let output = await fixture.runner.recentOutput(endpoint.id, lines: 20)
                #expect(output.last?.hasSuffix("the app lost a process: out of memory (limit 256 MiB)") == true)
                #expect(await get(endpoint.host, endpoint.port) == "up")
            }
        }

        @Test func `attack 11: an instance that only starts processes is killed, named and started again`() async throws
        {
            try await withRunner { fixture in
                let service = Task { try await fixture.runner.run() }
                defer { service.cancel() }
                let (seen, restarts) = (Seen<InstanceRestart>(), fixture.runner.restarts())
                let listener = Task { for await restart in restarts { seen.add(restart) } }
                defer { listener.cancel() }
                let endpoint = try await fixture.startNode(
                    """
                    require('http').createServer((q, r) => {
                      r.end('up', () => { if (q.url == '/bomb') require('child_process').spawn('perl', ['-e', 'fork while 1']) })
                    }).listen(process.env.PORT);
                    """)
                let (groups, group) = (
                    fixture.runner.runtime.groups,
                    fixture.runner.runtime.group(of: InstanceRecord.name(endpoint.id))
                )
                let usual = groups.milliCPU(of: group)
                #expect(usual == ContainerLimits.instanceDefault.milliCPU)
                #expect(await get(endpoint.host, endpoint.port, "/bomb") == "up")
                // Before it is known what it is, its neighbours have the processors.
                #expect(await eventually(within: .seconds(60)) { groups.milliCPU(of: group) == 50 })
                #expect(await eventually(within: .seconds(90)) { !seen.all.isEmpty })
                #expect(groups.milliCPU(of: group) == usual)
                let reason = "was killed: it kept starting processes at its limit of 256"
                #expect(seen.all.map(\.reason) == [reason])
                #expect(await eventually { await get(endpoint.host, endpoint.port) == "up" })
                let output = await fixture.runner.recentOutput(endpoint.id, lines: 20)
                #expect(output.contains { $0.hasPrefix("berth: the app \(reason); restarting in") }, "\(output)")
                #expect(groups.processes(of: group).count < 10)
            }
        }

        @Test func `attack 11: an instance that is refused many processes at once has its processors back soon`()
            async throws
        {
            try await withRunner { fixture in
                let endpoint = try await fixture.startNode(
                    """
                    const burst = 'use Time::HiRes "time"; my $end = time + 1.5;' +
                      'while (time < $end) { my $child = fork; exec "sleep", 9 if defined $child && !$child }';
                    require('http').createServer((q, r) => {
                      r.end('up', () => { if (q.url == '/burst') require('child_process').spawn('perl', ['-e', burst]) })
                    }).listen(process.env.PORT);
                    """)
                let hits = Self.hits(of: fixture)
                defer { hits.task.cancel() }
                let (groups, group) = (
                    fixture.runner.runtime.groups,
                    fixture.runner.runtime.group(of: InstanceRecord.name(endpoint.id))
                )
                let usual = groups.milliCPU(of: group)
                #expect(await get(endpoint.host, endpoint.port, "/burst") == "up")
                #expect(await eventually(within: .seconds(60)) { groups.milliCPU(of: group) == 50 })
                #expect(await eventually(within: .seconds(60)) { groups.milliCPU(of: group) == usual })
                #expect(await eventually(within: .seconds(60)) { !hits.seen.all.isEmpty })
                #expect(hits.seen.all.allSatisfy { $0.reason.hasPrefix("was refused processes at its limit of 256: ") })
                #expect(await get(endpoint.host, endpoint.port) == "up")
            }
        }

        private static func start(_ fixture: RunnerFixture) async throws -> InstanceEndpoint {
            try await fixture.startNode(server)
        }

        /// What is told from now on. The looks of the runner are part of it.
        private static func hits(of fixture: RunnerFixture) -> (seen: Seen<InstanceLimitHit>, task: Task<Void, Never>) {
            let (seen, stream) = (Seen<InstanceLimitHit>(), fixture.runner.limitHits())
            let task = Task {
                await withTaskGroup(of: Void.self) { group in
                    group.addTask { try? await fixture.runner.run() }
                    group.addTask { for await hit in stream { seen.add(hit) } }
                }
            }
            return (seen, task)
        }

        private final class Seen<Value: Sendable>: Sendable {
            private let values = Mutex<[Value]>([])

            var all: [Value] { values.withLock { $0 } }

            func add(_ value: Value) { values.withLock { $0.append(value) } }
        }
    }
}
