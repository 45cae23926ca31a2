import Core
import Foundation
import TestSupport
import Testing

@testable import Runner

@Suite struct HostCommandsTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory("programs") }

    private func script(_ name: String, _ text: String) throws -> String {
        let path = directory.path(name)
        try HostFiles.write("#!/bin/sh\n\(text)\n", to: path, mode: 0o755)
        return path
    }

    @Test func `a program that does not end is killed at the limit with what it has started, and named`() async throws {
        let commands = HostCommands(logger: RunnerFixture.logger, limit: .seconds(3))
        let pids = directory.path("pids")
        let program = try script("slow", "sleep 60 &\necho \"$$ $!\" >'\(pids).new'; mv '\(pids).new' '\(pids)'\nwait")
        let error = await #expect(throws: PlatformError.self) { try await commands.run(program, []) }
        #expect(error == PlatformError(.timeout, "slow did not end within 3 s"))
        let processes = try #require(HostFiles.text(pids)).split(separator: " ").compactMap {
            Int32($0.filter { $0.isNumber })
        }
        #expect(processes.count == 2)
        #expect(await eventually { !processes.contains { ProcessIdentity(pid: $0)?.isAlive == true } })
    }

    @Test func `a program that ends in time is told of, with its status and its words`() async throws {
        let commands = HostCommands(logger: RunnerFixture.logger)
        let program = try script("quick", "cat; echo aside >&2; exit 3")
        let result = try await commands.run(program, [], input: "said")
        #expect(result.status == 3 && result.output == "said" && result.errors == "aside\n")
        let error = await #expect(throws: PlatformError.self) { try await commands.succeed(program, []) }
        #expect(error?.code == .internal && error?.message == "quick failed")
        let missing = await #expect(throws: PlatformError.self) {
            try await commands.run("/nonexistent/program", [], name: "the program")
        }
        #expect(missing?.message == "the program could not be run")
    }

    @Test func `a program goes on to its end when its caller is cancelled`() async throws {
        let commands = HostCommands(logger: RunnerFixture.logger)
        let (begun, go) = (directory.path("begun"), directory.path("go"))
        let program = try script("steady", ": >'\(begun)'; until [ -e '\(go)' ]; do sleep 0.02; done; echo done")
        let task = Task { try await commands.run(program, []) }
        #expect(await eventually { HostFiles.exists(begun) })
        task.cancel()
        try HostFiles.write("", to: go)
        #expect(try await task.value.output == "done\n")
    }

    @Test func `work that does not even end when it is told to is left to itself`() async throws {
        let (gate, open) = AsyncStream<Void>.makeStream()
        let result = try await TimeLimit.run(.milliseconds(20), grace: .milliseconds(20)) {
            // Heeds no cancellation, as a program that waits in the kernel.
            await Task { for await _ in gate {} }.value
            return true
        }
        #expect(result == nil)
        open.finish()
        let quick = try await TimeLimit.run(.seconds(60)) { true }
        #expect(quick == true)
    }
}
