import Core
import Foundation
import TestSupport
import Testing

@testable import Runner

extension RealContainers {
    /// Processes that nobody asks.
    @Suite struct WorkerTests {
        private static func specification(
            _ fixture: RunnerFixture, _ script: String, readiness: RunPlan.Readiness?, readySeconds: Int = 60
        ) throws -> InstanceSpecification {
            try fixture.write("worker.sh", script)
            return InstanceSpecification(
                id: ID(), channel: ID(), release: ID(), directory: fixture.app,
                plan: RunPlan(
                    kind: .worker, command: ["sh", "worker.sh"], readySeconds: readySeconds, readiness: readiness),
                environment: [:], account: RunnerFixture.account, limits: .instanceDefault)
        }

        private static func failure(
            _ fixture: RunnerFixture, _ script: String, readiness: RunPlan.Readiness?, readySeconds: Int = 60
        ) async throws -> (error: PlatformError?, log: [String]) {
            let log = RecordingLogSink()
            let specification = try specification(
                fixture, script, readiness: readiness, readySeconds: readySeconds)
            let error = await #expect(throws: PlatformError.self) {
                try await fixture.runner.start(specification, log: log)
            }
            #expect(HostFiles.names(in: fixture.paths.containers).isEmpty)
            return (error, log.lines)
        }

        @Test(arguments: [.up, nil] as [RunPlan.Readiness?])
        func `a worker that makes no file is ready when it has stayed up for its time, and not before`(
            readiness: RunPlan.Readiness?
        ) async throws {
            let upTime = Duration.seconds(3)
            try await withRunner(configure: { $0.upTime = upTime }) { fixture in
                let log = RecordingLogSink()
                // It must not become ready, or fail, by the time that counts where a file is wanted.
                let specification = try Self.specification(
                    fixture, "echo up; exec sleep 600", readiness: readiness, readySeconds: 1)
                let begun = ContinuousClock.now
                let endpoint = try await fixture.runner.start(specification, log: log)
                #expect(ContinuousClock.now - begun >= upTime)
                #expect(log.lines.contains("up") && log.lines.last == "health check passed")
                #expect(await fixture.runner.fault(of: endpoint.id) == nil)
                let process = try #require(ProcessIdentity(pid: try fixture.pid(of: endpoint.id)))
                process.signal(SIGKILL)
                #expect(
                    await eventually {
                        await fixture.runner.fault(of: endpoint.id) == "the app was killed by signal 9"
                    })
            }
        }

        @Test func `a worker that makes its file is ready at once`() async throws {
            try await withRunner(configure: { $0.upTime = .seconds(3600) }) { fixture in
                let specification = try Self.specification(
                    fixture, ": >\"$XHOST_READY_FILE\"; exec sleep 600", readiness: .up)
                let log = RecordingLogSink()
                _ = try await fixture.runner.start(specification, log: log)
                #expect(log.lines.last == "health check passed")
            }
        }

        @Test(arguments: [.up, .file] as [RunPlan.Readiness])
        func `a worker that exits before it is ready fails with its status and its words`(
            readiness: RunPlan.Readiness
        ) async throws {
            try await withRunner(configure: { $0.upTime = .seconds(3600) }) { fixture in
                let (error, log) = try await Self.failure(fixture, "echo no good; exit 4", readiness: readiness)
                #expect(
                    error == PlatformError(.buildFailed, "the worker exited with status 4 before it was ready"))
                #expect(log.contains("  no good") && !log.contains("health check passed"))
            }
        }

        @Test func `a worker that never makes its file is told which one within its time`() async throws {
            // Staying up is not what it said it would do.
            try await withRunner(configure: { $0.upTime = .zero }) { fixture in
                let (error, _) = try await Self.failure(
                    fixture, "exec sleep 600", readiness: .file, readySeconds: 1)
                #expect(
                    error
                        == PlatformError(
                            .buildFailed, "the worker did not make the file that XHOST_READY_FILE names within 1 s"))
            }
        }
    }
}
