import Core
import Foundation
import TestSupport
import Testing

@testable import Runner

extension RealContainers {
    @Suite struct ContainerRunnerTests {
        static let echo = """
            require('http').createServer((q, r) => r.end(JSON.stringify({env: process.env, uid: process.getuid(),
              gids: process.getgroups(), pid: process.pid}))).listen(process.env.PORT, () => console.log('listening'));
            """

        @Test func `an instance answers at its endpoint with its environment and account`() async throws {
            try await withRunner { fixture in
                let log = RecordingLogSink()
                let endpoint = try await fixture.startNode(Self.echo, environment: ["OWN": "välue"], log: log)
                #expect(fixture.configuration.subnet.contains(endpoint.host))
                #expect(log.lines.first == "starting container...")
                #expect(log.lines.last == "health check passed")
                let body = try #require(await get(endpoint.host, endpoint.port))
                let seen = try #require(try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any])
                let environment = try #require(seen["env"] as? [String: String])
                #expect(Set(environment.keys) == ["OWN", "PORT", "PATH", "HOME", "LANG"])
                #expect(environment["PORT"] == "8080" && environment["OWN"] == "välue")
                #expect(seen["uid"] as? Int == Int(RunnerFixture.account))
                #expect(seen["gids"] as? [Int] == [Int(RunnerFixture.account)])
                #expect(await eventually { await fixture.runner.recentOutput(endpoint.id, lines: 5) == ["listening"] })
            }
        }

        @Test func `stop removes everything and the port is closed`() async throws {
            try await withRunner { fixture in
                let endpoint = try await fixture.startNode(Self.echo)
                let pid = try fixture.pid(of: endpoint.id)
                await fixture.runner.stop(endpoint.id, grace: nil)
                #expect(ProcessIdentity(pid: pid) == nil)
                #expect(await get(endpoint.host, endpoint.port, seconds: 1) == nil)
                #expect(HostFiles.names(in: fixture.paths.containers).isEmpty)
                #expect(HostFiles.names(in: fixture.paths.exits).isEmpty)
                #expect(fixture.runner.runtime.tree.containers().isEmpty)
                await fixture.runner.stop(endpoint.id, grace: nil)
                // What it wrote stays until it is not wanted any more.
                #expect(HostFiles.names(in: fixture.configuration.logDirectory) == ["\(endpoint.id).log"])
                #expect(await fixture.runner.recentOutput(endpoint.id, lines: 5) == ["listening"])
                await fixture.runner.removeLog(of: endpoint.id)
                #expect(HostFiles.names(in: fixture.configuration.logDirectory).isEmpty)
            }
        }

        @Test func `the reason for a stop is the last line of the log, also for those who follow it`() async throws {
            try await withRunner { fixture in
                let endpoint = try await fixture.startNode(Self.echo)
                #expect(await eventually { await fixture.runner.recentOutput(endpoint.id, lines: 5) == ["listening"] })
                let followed = Task {
                    await fixture.runner.follow(endpoint.id, last: 5).reduce(into: [String]()) { $0.append($1) }
                }
                await fixture.runner.stop(endpoint.id, grace: nil, because: "stopped: its volumes are full")
                let lines = ["listening", "berth: stopped: its volumes are full"]
                #expect(await fixture.runner.recentOutput(endpoint.id, lines: 5) == lines)
                #expect(await followed.value == lines)
            }
        }

        @Test func `an app that ignores SIGTERM is killed after the grace period`() async throws {
            try await withRunner { fixture in
                let endpoint = try await fixture.startNode("process.on('SIGTERM', () => {});" + Self.echo)
                let pid = try fixture.pid(of: endpoint.id)
                await fixture.runner.stop(endpoint.id, grace: 1)
                #expect(ProcessIdentity(pid: pid) == nil)
            }
        }

        @Test func `SIGTERM reaches the app, which may finish within its grace period`() async throws {
            try await withRunner { fixture in
                try fixture.write(
                    "s.js",
                    """
                    process.on('SIGTERM', () => { const fs = require('fs');
                      fs.writeSync(1, 'bye\\n'); setInterval(() => { if (fs.existsSync('go')) process.exit() }, 20) });
                    """ + Self.echo)
                let specification = fixture.specification(["bash", "-c", "node s.js"], graceSeconds: 60)
                let endpoint = try await fixture.runner.start(specification, log: RecordingLogSink())
                async let stopped: Void = fixture.runner.stop(endpoint.id, grace: nil)
                #expect(await eventually { await fixture.runner.recentOutput(endpoint.id, lines: 9).contains("bye") })
                try fixture.write("go", "")
                await stopped
            }
        }

        @Test func `early output is in the deploy's log while it waits`() async throws {
            try await withRunner { fixture in
                let log = RecordingLogSink()
                let script = """
                    console.log('booting'); const fs = require('fs');
                    const t = setInterval(() => { if (fs.existsSync('/app/go')) { clearInterval(t); \(Self.echo) } }, 20);
                    """
                async let endpoint = fixture.startNode(script, log: log)
                #expect(await eventually { log.lines.contains("booting") })
                #expect(!log.lines.contains("health check passed"))
                try fixture.write("go", "")
                _ = try await endpoint
                #expect(log.lines.last == "health check passed")
            }
        }

        @Test func `a crash is restarted at the same address`() async throws {
            try await withRunner { fixture in
                let service = Task { try await fixture.runner.run() }
                defer { service.cancel() }
                let script = """
                    require('http').createServer((q, r) => { if (q.url == '/die') process.exit(3); r.end('' + process.uptime()) })
                      .listen(process.env.PORT);
                    """
                let restarts = fixture.runner.restarts()
                let endpoint = try await fixture.startNode(script)
                let before = try fixture.pid(of: endpoint.id)
                _ = await get(endpoint.host, endpoint.port, "/die")
                #expect(await eventually { await get(endpoint.host, endpoint.port) != nil })
                #expect(try fixture.pid(of: endpoint.id) != before)
                let restart = await restarts.first { _ in true }
                #expect(restart?.instance == endpoint.id && restart?.reason == "exited with status 3")
                let output = await fixture.runner.recentOutput(endpoint.id, lines: 20)
                #expect(output.contains { $0.hasPrefix("berth: the app exited with status 3; restarting in") })
                await fixture.runner.stop(endpoint.id, grace: nil)
                #expect(HostFiles.names(in: fixture.paths.containers).isEmpty)
            }
        }

        @Test func `a running app that takes too much memory is named and restarted`() async throws {
            try await withRunner { fixture in
                let service = Task { try await fixture.runner.run() }
                defer { service.cancel() }
                let script = """
                    const kept = []; require('http').createServer((q, r) => {
                      if (q.url == '/eat') for (;;) kept.push(Buffer.alloc(1 << 20, 1)); r.end('fine') }).listen(process.env.PORT);
                    """
                let endpoint = try await fixture.startNode(script)
                _ = await get(endpoint.host, endpoint.port, "/eat")
                #expect(await eventually { await get(endpoint.host, endpoint.port) == "fine" })
                let output = await fixture.runner.recentOutput(endpoint.id, lines: 20)
                #expect(output.contains { $0.contains("the app was killed: out of memory (limit 256 MiB)") })
            }
        }

        @Test func `two starts at once get addresses of their own`() async throws {
            try await withRunner { fixture in
                async let first = fixture.startNode(Self.echo)
                async let second = fixture.startNode(Self.echo)
                let endpoints = try await [first, second]
                #expect(Set(endpoints.map(\.host)).count == 2)
                for endpoint in endpoints { #expect(await get(endpoint.host, endpoint.port) != nil) }
            }
        }

        @Test func `two servers on one machine do not touch each other's things`() async throws {
            try await withRunner { one in
                let endpoint = try await one.startNode(Self.echo)
                try await withRunner(slot: 1) { two in
                    let other = try await two.startNode(Self.echo)
                    #expect(await get(other.host, other.port) != nil)
                    _ = try await two.runner.recover(keep: [])
                }
                #expect(await get(endpoint.host, endpoint.port) != nil)
            }
        }

        @Test func `removeAll leaves nothing on the machine`() async throws {
            let fixture = try await RunnerFixture()
            _ = try await fixture.startNode(Self.echo)
            await fixture.close()
            #expect(MountTable.points(below: fixture.configuration.runtimeDirectory).isEmpty)
            #expect(!HostFiles.exists(fixture.configuration.runtimeDirectory))
            #expect(!HostFiles.exists("/sys/class/net/\(fixture.configuration.bridge)"))
            #expect(ControlGroups().directories(of: fixture.paths.group).allSatisfy { !HostFiles.exists($0) })
            let table = try await HostCommands(logger: RunnerFixture.logger).run(
                fixture.configuration.programs.nft, ["list", "table", "inet", "berth_\(fixture.configuration.node)"])
            #expect(table.status != 0)
        }
    }
}
