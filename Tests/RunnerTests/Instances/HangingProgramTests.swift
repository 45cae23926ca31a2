import Core
import Foundation
import TestSupport
import Testing

@testable import Runner

extension RealContainers {
    /// Programs of the host that do not come to an end.
    @Suite struct HangingProgramTests {
        /// A program that leaves its number and that of a child in the file `pids`, and then waits.
        private static func wait(in directory: TemporaryDirectory) -> String {
            let pids = directory.path("pids")
            return "sleep 60 &\necho \"$$ $!\" >'\(pids).new'; mv '\(pids).new' '\(pids)'\nwait\n"
        }

        private static func processes(in directory: TemporaryDirectory) throws -> [Int32] {
            try #require(HostFiles.text(directory.path("pids"))).split(separator: " ")
                .compactMap { Int32($0.filter { $0.isNumber }) }
        }

        private static func isOver(_ processes: [Int32]) -> Bool {
            !processes.contains { ProcessIdentity(pid: $0)?.isAlive == true }
        }

        @Test(.timeLimit(.minutes(2)))
        func `a conmon that hangs fails the start with its name, and holds up nobody who stops the instance`()
            async throws
        {
            let directory = try TemporaryDirectory("hanging")
            let conmon = directory.path("conmon")
            try HostFiles.write("#!/bin/sh\n\(Self.wait(in: directory))", to: conmon, mode: 0o755)
            let configure = { (configuration: inout RunnerConfiguration) in
                configuration.programs.conmon = conmon
                configuration.programLimit = .seconds(5)
            }
            try await withRunner(configure: configure) { fixture in
                let specification = fixture.specification(["sleep", "60"])
                let work = Task { try await fixture.runner.start(specification, log: RecordingLogSink()) }
                #expect(await eventually { HostFiles.exists(directory.path("pids")) })
                await fixture.runner.stop(specification.id, grace: 0)
                let error = await #expect(throws: PlatformError.self) { try await work.value }
                #expect(error == PlatformError(.timeout, "conmon did not end within 5 s"))
                let processes = try Self.processes(in: directory)
                #expect(processes.count == 2)
                #expect(await eventually { Self.isOver(processes) })
                #expect(HostFiles.names(in: fixture.paths.containers).isEmpty)
                #expect(fixture.runner.runtime.tree.containers().isEmpty)
            }
        }

        @Test(.timeLimit(.minutes(2)))
        func `a runc that hangs does not outlast the end of its task`() async throws {
            let directory = try TemporaryDirectory("hanging")
            let runc = directory.path("runc")
            try HostFiles.write(
                """
                #!/bin/sh
                case " $* " in
                *" run "*)
                \(Self.wait(in: directory))
                ;;
                esac
                exec '\(ProgramPaths.found().runc)' "$@"
                """, to: runc, mode: 0o755)
            let configure = { (configuration: inout RunnerConfiguration) in
                configuration.programs.runc = runc
                configuration.programLimit = .seconds(5)
            }
            try await withRunner(configure: configure) { fixture in
                let task = fixture.task("true")
                let work = Task { try await fixture.run(task) }
                #expect(await eventually { HostFiles.exists(directory.path("pids")) })
                work.cancel()
                let error = await #expect(throws: PlatformError.self) { try await work.value }
                #expect(error?.code == .cancelled)
                let processes = try Self.processes(in: directory)
                #expect(processes.count == 2)
                #expect(await eventually { Self.isOver(processes) })
                #expect(HostFiles.names(in: fixture.paths.containers).isEmpty)
            }
        }
    }
}
