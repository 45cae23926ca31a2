import Core
import Foundation
import TestSupport
import Testing

@testable import Runner

extension RealContainers {
    @Suite struct FailedStartTests {
        @Test func `an app that exits is told at once with its status and output`() async throws {
            try await withRunner { fixture in
                let (error, log) = try await failure(fixture, "console.error('no config'); process.exit(1)")
                #expect(error == PlatformError(.buildFailed, "the app exited with status 1 before it was ready"))
                #expect(log.contains("  no config"))
                await expectNothingLeft(fixture)
            }
        }

        @Test func `an app that never listens is told with what was tried and seen`() async throws {
            try await withRunner { fixture in
                let (error, log) = try await failure(
                    fixture, "console.log('idle'); setInterval(() => {}, 1000)", readySeconds: 1)
                #expect(error == PlatformError(.buildFailed, "the app did not answer on port 8080 within 1 s"))
                #expect(log.contains { $0.hasPrefix("tried: GET / on port 8080, ") })
                #expect(log.contains("seen: connection refused"))
                #expect(log.contains("listening in the container: nothing"))
                #expect(log.contains("hint: the app must listen on port 8080, given as PORT"))
                #expect(log.contains("  idle"))
                await expectNothingLeft(fixture)
            }
        }

        @Test func `an app on the wrong port is told which`() async throws {
            try await withRunner { fixture in
                let (error, log) = try await failure(
                    fixture, "require('http').createServer(() => {}).listen(3000)", readySeconds: 1)
                #expect(error.code == .buildFailed)
                #expect(log.contains("hint: the app listens on port 3000; it must listen on 8080, given as PORT"))
            }
        }

        @Test func `an app on loopback only is told so`() async throws {
            try await withRunner { fixture in
                let (error, log) = try await failure(
                    fixture, "require('http').createServer(() => {}).listen(process.env.PORT, '127.0.0.1')",
                    readySeconds: 1)
                #expect(error.code == .buildFailed)
                #expect(log.contains("listening in the container: 127.0.0.1:8080"))
                #expect(log.contains { $0.hasPrefix("hint: the app listens on 127.0.0.1 only") })
            }
        }

        @Test func `an app that only answers errors is not ready`() async throws {
            try await withRunner { fixture in
                let script = """
                    require('http').createServer((q, r) => { r.statusCode = 503; r.end() }).listen(process.env.PORT)
                    """
                let (error, _) = try await failure(fixture, script, readySeconds: 1)
                #expect(error.message == "the app answered GET / with status 503 for 1 s")
            }
        }

        @Test func `too little memory is named`() async throws {
            try await withRunner { fixture in
                let (error, _) = try await failure(
                    fixture, "const a = []; for (;;) a.push(Buffer.alloc(1 << 20, 1))", memory: 96 << 20)
                #expect(
                    error.message == "the app was killed: out of memory (limit 96 MiB) before it was ready")
                // conmon marks this where it works: not where the server was started.
                #expect(!FileManager.default.fileExists(atPath: FileManager.default.currentDirectoryPath + "/oom"))
            }
        }

        @Test func `a command that does not exist fails the start`() async throws {
            try await withRunner { fixture in
                let error = await #expect(throws: PlatformError.self) {
                    try await fixture.runner.start(fixture.specification(["no-such-program"]), log: RecordingLogSink())
                }
                #expect(error?.message == "the app exited with status 127 before it was ready")
            }
        }

        @Test func `cancelling a start leaves nothing`() async throws {
            try await withRunner { fixture in
                let log = RecordingLogSink()
                try fixture.write("s.js", "console.log('up'); setInterval(() => {}, 1000)")
                let work = Task {
                    try await fixture.runner.start(fixture.specification(["node", "s.js"]), log: log)
                }
                #expect(await eventually { log.lines.contains("up") })
                work.cancel()
                let error = await #expect(throws: PlatformError.self) { try await work.value }
                #expect(error?.code == .cancelled)
                await expectNothingLeft(fixture)
            }
        }

        @Test func `stopping an instance while it starts ends the start`() async throws {
            try await withRunner { fixture in
                let log = RecordingLogSink()
                try fixture.write("s.js", "console.log('up'); setInterval(() => {}, 1000)")
                let specification = fixture.specification(["node", "s.js"])
                let work = Task { try await fixture.runner.start(specification, log: log) }
                #expect(await eventually { log.lines.contains("up") })
                await fixture.runner.stop(specification.id, grace: 0)
                await #expect(throws: PlatformError.self) { try await work.value }
                await expectNothingLeft(fixture)
            }
        }

        private func failure(
            _ fixture: RunnerFixture, _ script: String, readySeconds: Int = 20, memory: Int = 256 << 20
        ) async throws -> (PlatformError, [String]) {
            try fixture.write("s.js", script)
            let log = RecordingLogSink()
            let specification = fixture.specification(["node", "s.js"], readySeconds: readySeconds, memory: memory)
            let error = await #expect(throws: PlatformError.self) {
                try await fixture.runner.start(specification, log: log)
            }
            return (try #require(error), log.lines)
        }

        private func expectNothingLeft(_ fixture: RunnerFixture) async {
            #expect(HostFiles.names(in: fixture.paths.containers).isEmpty)
            #expect(HostFiles.names(in: fixture.paths.state).isEmpty)
            #expect(fixture.runner.runtime.tree.containers().isEmpty)
        }
    }
}
