import Core
import Foundation
import TestSupport
import Testing

@testable import Git
@testable import GitServer

/// What a pusher is told of the pack's way through the checks.
@Suite struct PushProgressTests {
    private static func files(_ count: Int) -> [String: String] {
        Dictionary(uniqueKeysWithValues: (0..<count).map { ("file-\($0).txt", "\($0)\n") })
    }

    @Test func aPackOfManyObjectsIsSaidToBeReceivedAndChecked() async throws {
        try await LiveGitServer.run { server in
            let git = try await server.client(files: Self.files(120))
            let output = try await git.run("push", "--progress", server.url, "main").output
            #expect(output.contains("remote: Received ") && output.contains(" KiB, 122 objects."), "\(output)")
            #expect(output.contains("remote: Checking objects: 100% (122/122), done."), "\(output)")
        }
    }

    @Test func nothingIsSaidOfASmallPackNorToAClientThatAsksForSilence() async throws {
        try await LiveGitServer.run { server in
            let git = try await server.client(files: Self.files(3))
            let small = try await git.run("push", "--progress", server.url, "main")
            #expect(small.status == 0 && !small.output.contains("objects."), "\(small.output)")
            #expect(!small.output.contains("Checking"))
            try await server.commit(git, Self.files(200), "many")
            let quiet = try await git.run("push", "--quiet", server.url, "main")
            #expect(quiet.status == 0 && !quiet.output.contains("Checking"), "\(quiet.output)")
        }
    }

    @Test func stepsAreShownWhenSomethingIsNewAndEndWithTheLast() {
        let progress = PackProgress()
        var meter = PushMeter(progress: progress, bytes: 5 << 20, isWanted: true)
        #expect(meter.step() == nil)
        progress.advance(to: 10, of: 200)
        #expect(meter.step() == "Received 5.0 MiB, 200 objects.\nChecking objects:   5% (10/200)\r")
        #expect(meter.step() == nil)
        progress.advance(to: 199, of: 200)
        #expect(meter.step() == "Checking objects:  99% (199/200)\r")
        progress.advance(to: 200, of: 200)
        #expect(meter.finish() == "Checking objects: 100% (200/200), done.\n")
        #expect(meter.step() == nil)
        var silent = PushMeter(progress: progress, bytes: 5 << 20, isWanted: false)
        #expect(silent.step() == nil && silent.finish() == nil)
    }
}
