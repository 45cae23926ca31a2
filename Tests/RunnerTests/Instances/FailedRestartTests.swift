import Core
import Foundation
import TestSupport
import Testing

@testable import Runner

extension RealContainers {
    @Suite struct FailedRestartTests {
        /// A runc whose containers are made as ever, and while the file is there do not begin: the first attempt to let one begin
        /// removes the file.
        private static func runc(thatFailsWhile file: String, state: String) -> String {
            let runc = ProgramPaths.found().runc
            return """
                #!/bin/sh
                case " $* " in
                *" create "*)
                    '\(runc)' "$@" || exit
                    if [ -e '\(file)' ]; then for gate in '\(state)'/*/exec.fifo; do mv "$gate" "$gate.away"; done; fi
                    exit 0
                    ;;
                *" start "*)
                    if [ -e '\(file)' ]; then rm '\(file)'; exit 1; fi
                    ;;
                esac
                exec '\(runc)' "$@"
                """
        }

        @Test(.timeLimit(.minutes(2)))
        func `an app that crashed and whose container was made but did not begin is started again`() async throws {
            let directory = try TemporaryDirectory("half-started")
            let (runc, broken) = (directory.path("runc"), directory.path("broken"))
            let configure = { (configuration: inout RunnerConfiguration) in
                let state = RuntimePaths(directory: configuration.runtimeDirectory, node: configuration.node).state
                try HostFiles.write(Self.runc(thatFailsWhile: broken, state: state), to: runc, mode: 0o755)
                configuration.programs.runc = runc
            }
            try await withRunner(configure: configure) { fixture in
                let service = Task { try await fixture.runner.run() }
                defer { service.cancel() }
                let script = """
                    require('http').createServer((q, r) => {
                      if (q.url == '/die') process.exit(3);
                      r.end('up');
                    }).listen(process.env.PORT);
                    """
                let endpoint = try await fixture.startNode(script)
                #expect(await get(endpoint.host, endpoint.port) == "up")
                try HostFiles.write("", to: broken)
                _ = await get(endpoint.host, endpoint.port, "/die")
                #expect(await eventually { !HostFiles.exists(broken) })
                #expect(await eventually { await get(endpoint.host, endpoint.port) == "up" })
            }
        }
    }
}
