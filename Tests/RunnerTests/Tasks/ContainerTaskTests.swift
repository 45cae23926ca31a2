import Core
import Foundation
import TestSupport
import Testing

@testable import Runner

extension RealContainers {
    @Suite struct ContainerTaskTests {
        @Test func `the exit status and both streams come back in order`() async throws {
            try await withRunner { fixture in
                let result = try await fixture.run("for i in 1 2 3 4 5; do echo out $i; echo err $i >&2; done; exit 7")
                #expect(result.exit == .exited(7))
                #expect(result.output == (1...5).map { "out \($0)\nerr \($0)\n" }.joined())
                let fine = try await fixture.run("true")
                #expect(fine.exit == .exited(0))
            }
        }

        @Test func `output arrives while the command runs`() async throws {
            try await withRunner { fixture in
                let output = ByteCollector()
                let task = fixture.task("echo first; while ! test -e go; do sleep 0.02; done; echo second")
                async let exit = fixture.runner.run(task) { output.append($0) }
                #expect(await eventually { output.text == "first\n" })
                try fixture.write("go", "")
                let end = try await exit
                #expect(end == .exited(0))
                #expect(output.text == "first\nsecond\n")
            }
        }

        @Test func `a command that does not exist says so`() async throws {
            try await withRunner { fixture in
                let task = ContainerTask(
                    id: "missing", channel: ID(), directory: fixture.app, arguments: ["no-such-program"],
                    environment: [:], account: RunnerFixture.account, limits: .taskDefault, timeLimit: 10,
                    outputLimit: 1000)
                let result = try await fixture.run(task)
                #expect(result.exit == .exited(127))
                #expect(result.output.contains("not found"))
            }
        }

        @Test func `a command killed by a signal is told`() async throws {
            try await withRunner { fixture in
                let result = try await fixture.run("kill -SEGV $$")
                #expect(result.exit == .killed(signal: 11))
            }
        }

        @Test func `the time limit ends the task and all it started`() async throws {
            try await withRunner { fixture in
                let result = try await fixture.run(fixture.task("echo begun; sleep 300 & sleep 300", timeLimit: 1))
                #expect(result.exit == .timedOut)
                #expect(result.output == "begun\n")
                try await expectNothingLeft(fixture)
            }
        }

        @Test func `attack 11: endless output ends the task at the limit`() async throws {
            try await withRunner { fixture in
                let result = try await fixture.run(fixture.task("yes", outputLimit: 100_000))
                #expect(result.exit == .tooMuchOutput)
                // Each line counts as a log keeps it; of the last one the beginning may still fit.
                let whole = 100_000 / (2 + ContainerTask.logEntryBytes) * 2
                #expect((whole...whole + 1).contains(result.output.utf8.count))
                try await expectNothingLeft(fixture)
            }
        }

        @Test func `attack 11: a memory hog is stopped and named`() async throws {
            try await withRunner { fixture in
                let task = fixture.task(
                    "node -e 'const a=[];for(;;)a.push(Buffer.alloc(1<<20,1))'; exit $?", memory: 96 << 20)
                let result = try await fixture.run(task)
                #expect(result.exit == .outOfMemory)
                try await expectNothingLeft(fixture)
            }
        }

        @Test func `attack 11: a daemon that outlives its build is killed with it`() async throws {
            try await withRunner { fixture in
                let mark = "3\(getpid())"
                let result = try await fixture.run("setsid nohup sleep \(mark) >/dev/null 2>&1 & echo started")
                #expect(result.exit == .exited(0))
                #expect(!runningCommands().contains { $0.contains("sleep\0\(mark)") })
                try await expectNothingLeft(fixture)
            }
        }

        @Test func `attack 11: a fork bomb stays within its limit`() async throws {
            try await withRunner { fixture in
                let bomb = fixture.task("b() { b | b & }; b; sleep 300", timeLimit: 2, processes: 32)
                async let exit = fixture.run(bomb)
                let group = "\(fixture.paths.builds)/t-\(bomb.id)"
                let directories = ControlGroups().directories(of: group)
                var most = 0
                while directories.contains(where: HostFiles.exists) || most == 0 {
                    for directory in directories {
                        most = max(most, Int(HostFiles.text("\(directory)/pids.current")?.dropLast() ?? "") ?? 0)
                    }
                    try await Task.sleep(for: .milliseconds(10))
                }
                #expect(most > 8 && most <= 32)
                _ = try await exit
                try await expectNothingLeft(fixture)
            }
        }

        @Test func `cancelling the caller ends the container`() async throws {
            try await withRunner { fixture in
                let output = ByteCollector()
                let task = fixture.task("echo begun; sleep 300")
                let work = Task { try await fixture.runner.run(task) { output.append($0) } }
                #expect(await eventually { output.text == "begun\n" })
                work.cancel()
                let error = await #expect(throws: PlatformError.self) { try await work.value }
                #expect(error?.code == .cancelled)
                try await expectNothingLeft(fixture)
            }
        }

        @Test func `the app folder is writable as the channel's account`() async throws {
            try await withRunner { fixture in
                let result = try await fixture.run("id -u; id -g; id -un; echo made > file; stat -c %u file")
                let account = String(RunnerFixture.account)
                #expect(result.output == "\(account)\n\(account)\napp\n\(account)\n")
                #expect(FileManager.default.fileExists(atPath: "\(fixture.app)/file"))
            }
        }

        @Test func `attack 13: nothing of the server's environment or descriptors is inside`() async throws {
            setenv("RUNNER_SECRET_OF_PLATFORM", "x", 1)
            defer { unsetenv("RUNNER_SECRET_OF_PLATFORM") }
            try await withRunner { fixture in
                let script = """
                    env | sort; echo --; cat /proc/*/environ | tr '\\0' '\\n' | grep RUNNER_SECRET; \
                    ls /proc/self/fd | tr '\\n' ' '; ls /proc | grep -c '^[0-9]'
                    """
                let result = try await fixture.run(fixture.task(script, environment: ["OWN": "value"]))
                let parts = result.output.components(separatedBy: "--\n")
                let names = parts[0].split(separator: "\n").map { $0.prefix { $0 != "=" } }
                #expect(names == ["HOME", "LANG", "OWN", "PATH", "PWD", "SHLVL", "_"])
                #expect(!parts[1].contains("RUNNER_SECRET"))
                #expect(parts[1].hasPrefix("0 1 2 3 "))
            }
        }

        @Test func `psql runs inside and tells of a server that is not there`() async throws {
            try await withRunner { fixture in
                let task = fixture.task(
                    "psql --version; psql \"$DATABASE_URL\" -c 'select 1'",
                    environment: ["DATABASE_URL": "postgres://u:p@\(fixture.network.gateway):5/d"])
                let result = try await fixture.run(task)
                #expect(result.output.contains("psql (PostgreSQL)"))
                #expect(result.output.contains("connection to server at \"\(fixture.network.gateway)\""))
                #expect(result.exit == .exited(2))
            }
        }

        /// The network goes in the background, so that is waited for.
        private func expectNothingLeft(_ fixture: RunnerFixture) async throws {
            #expect(HostFiles.names(in: fixture.paths.containers).isEmpty)
            #expect(HostFiles.names(in: fixture.paths.state).isEmpty)
            #expect(fixture.runner.runtime.tree.containers().isEmpty)
            #expect(
                await eventually {
                    MountTable.points(below: fixture.configuration.runtimeDirectory).count
                        <= fixture.configuration.readyNetworks
                })
        }

        private func runningCommands() -> [String] {
            HostFiles.names(in: "/proc").filter { Int($0) != nil }.compactMap { HostFiles.text("/proc/\($0)/cmdline") }
        }
    }
}

/// Suites that make containers run one test at a time: they share the machine's network and its processors.
@Suite(.serialized) enum RealContainers {}
