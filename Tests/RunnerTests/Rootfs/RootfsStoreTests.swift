import Core
import Foundation
import Glibc
import TestSupport
import Testing

@testable import Runner

extension RealContainers {
    /// File systems that are really made of packages, by mmdebstrap from where this machine's packages come from.
    @Suite struct RootfsStoreTests {
        private static func suite() throws -> String {
            let text = try String(contentsOfFile: "/etc/os-release", encoding: .utf8)
            let line = text.split(separator: "\n").first { $0.hasPrefix("VERSION_CODENAME=") }
            return String(try #require(line).dropFirst("VERSION_CODENAME=".count))
        }

        private static func key(_ digit: Character) -> String { String(repeating: digit, count: 64) }

        @Test(.timeLimit(.minutes(10)))
        func `two that ask at once get one file system, in which tasks and instances run`() async throws {
            let directory = try TemporaryDirectory("rootfs")
            try await withRunner(configure: { $0.rootfsDirectory = directory.path("kept") }) { fixture in
                let store = RootfsStore(directory: directory.path("kept"), node: nil, logger: RunnerFixture.logger)
                let rootfs = Rootfs(key: Self.key("a"), suite: try Self.suite(), packages: ["busybox", "lua5.4"])
                let (log, other) = (RecordingLogSink(), RecordingLogSink())
                async let first = store.prepare(rootfs, log: log)
                async let second = store.prepare(rootfs, log: other)
                let (path, same) = (try await first, try await second)
                #expect(path == directory.path("kept/\(rootfs.key)") && same == path)
                let lines = log.lines + other.lines
                #expect(lines.filter { $0 == "installing packages, once: busybox lua5.4..." }.count == 1, "\(lines)")
                #expect(lines.filter { $0.hasPrefix("waiting for the packages") }.count == 1, "\(lines)")
                #expect(HostFiles.names(in: directory.path("kept")) == [rootfs.key])
                #expect(!MountTable.points(below: directory.path("kept")).contains { $0.hasPrefix(path) })

                let script = """
                    lua5.4 -e 'print("lua " .. 6 * 7)'; ls /usr/bin/node /usr/bin/python3; id -un; cat /etc/debian_version
                    touch /usr/bin/x /etc/x /x; touch here /tmp/x && echo fine
                    """
                let made = fixture.task(script, rootfs: rootfs.key)
                let result = try await fixture.run(made)
                #expect(result.output.contains("lua 42") && result.output.contains("app\n"), "\(result.output)")
                #expect(result.output.contains("fine"), "\(result.output)")
                #expect(result.output.matches(of: /No such file or directory/).count == 2, "\(result.output)")
                #expect(result.output.matches(of: /Read-only file system/).count == 3, "\(result.output)")

                try fixture.write("index.html", "from a file system of its own")
                var plan = RunPlan(kind: .web, command: ["busybox", "httpd", "-f", "-p", "8080", "-h", "/app"])
                plan.rootfs = rootfs.key
                let specification = InstanceSpecification(
                    id: ID(), channel: ID(), release: ID(), directory: fixture.app, plan: plan, environment: [:],
                    account: RunnerFixture.account, limits: .instanceDefault)
                let endpoint = try await fixture.runner.start(specification, log: RecordingLogSink())
                #expect(await get(endpoint.host, endpoint.port) == "from a file system of its own")
                await fixture.runner.stop(endpoint.id, grace: nil)

                // A later server finds it, and nothing is installed again.
                let later = RootfsStore(directory: directory.path("kept"), node: nil, logger: RunnerFixture.logger)
                let silent = RecordingLogSink()
                #expect(try await later.prepare(rootfs, log: silent) == path)
                #expect(silent.lines == [])
            }
        }

        @Test(.timeLimit(.minutes(5)))
        func `packages that are not there are told, and nothing is left`() async throws {
            let directory = try TemporaryDirectory("rootfs")
            let store = RootfsStore(directory: directory.path, node: nil, logger: RunnerFixture.logger)
            let log = RecordingLogSink()
            let rootfs = Rootfs(key: Self.key("b"), suite: try Self.suite(), packages: ["no-such-package-at-all"])
            let error = await #expect(throws: PlatformError.self) { try await store.prepare(rootfs, log: log) }
            #expect(error?.code == .buildFailed)
            #expect(error?.message == "the packages no-such-package-at-all could not be installed by this server")
            #expect(log.lines.contains { $0.contains("no-such-package-at-all") && $0.hasPrefix("  ") }, "\(log.lines)")
            #expect(HostFiles.names(in: directory.path) == [])
        }

        @Test func `what an earlier server had begun is removed`() throws {
            let directory = try TemporaryDirectory("rootfs")
            for name in [".new-x", ".new-x.d", Self.key("c")] {
                try HostFiles.makeDirectory(directory.path(name))
            }
            _ = RootfsStore(directory: directory.path, node: nil, logger: RunnerFixture.logger)
            #expect(HostFiles.names(in: directory.path) == [Self.key("c")])
        }

        /// A stand-in for the program, which leaves a process behind in a session of its own and never ends.
        @Test func `what an earlier server was making when it was killed is ended, with all that it has started`()
            async throws
        {
            let directory = try TemporaryDirectory("rootfs")
            let (program, node) = (directory.path("program"), "r\(getpid())")
            try """
            #!/bin/sh
            setsid sleep 1000 </dev/null >/dev/null 2>&1 &
            : >'\(directory.path("begun"))'
            sleep 1000
            """.write(toFile: program, atomically: true, encoding: .utf8)
            chmod(program, 0o755)
            let kept = directory.path("kept")
            let earlier = RootfsStore(directory: kept, node: node, program: program, logger: RunnerFixture.logger)
            let rootfs = Rootfs(key: Self.key("e"), suite: try Self.suite(), packages: ["busybox"])
            let making = Task { try await earlier.prepare(rootfs, log: RecordingLogSink()) }
            #expect(await eventually { HostFiles.exists(directory.path("begun")) })
            let group = RuntimePaths(directory: "", node: node).packages
            let groups = ControlGroups()
            #expect(await eventually { groups.processes(of: group).count == 4 })
            let processes = groups.processes(of: group).compactMap { ProcessIdentity(pid: $0) }
            #expect(processes.count == 4 && processes.allSatisfy(\.isAlive))

            let later = RootfsStore(directory: kept, node: node, program: program, logger: RunnerFixture.logger)
            #expect(!processes.contains { $0.isAlive })
            #expect(!groups.directories(of: group).contains { HostFiles.exists($0) })
            #expect(HostFiles.names(in: kept) == [])
            await #expect(throws: PlatformError.self) { try await making.value }
            await earlier.close()
            await later.close()
            await groups.remove(RuntimePaths(directory: "", node: node).group)
        }

        @Test func `an instance whose packages are gone says so`() async throws {
            try await withRunner { fixture in
                var plan = RunPlan(kind: .web, command: ["true"])
                plan.rootfs = Self.key("d")
                let specification = InstanceSpecification(
                    id: ID(), channel: ID(), release: ID(), directory: fixture.app, plan: plan, environment: [:],
                    account: RunnerFixture.account, limits: .instanceDefault)
                let error = await #expect(throws: PlatformError.self) {
                    try await fixture.runner.start(specification, log: RecordingLogSink())
                }
                #expect(error?.message.contains("are not installed any more") == true)
                #expect(HostFiles.names(in: fixture.paths.containers).isEmpty)
            }
        }
    }
}
