import Core
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import GitServer

/// A push that moves no ref leaves the repository as it was, whenever it is refused. Small packs come in memory, those of
/// more than a mebibyte in a file.
@Suite struct RefusedPushTests {
    private static let sizes = [1000, 2_000_000]

    /// A server with one commit on `main`, and a client with another that is not pushed.
    private static func run(
        bytes: Int, _ body: @Sendable (LiveGitServer, GitCommand, String) async throws -> Void
    ) async throws {
        try await LiveGitServer.run { server in
            let git = try await server.client()
            try await git("push", "-q", server.url, "main")
            try await body(server, git, try await server.commitNoise(git, bytes: bytes))
        }
    }

    private static func expectRefused(
        _ server: LiveGitServer, _ git: GitCommand, _ arguments: [String] = ["main"], because reason: String
    ) async throws {
        let before = try server.files()
        let outcome = try await git.start(["push", server.url] + arguments).outcome()
        #expect(outcome.status != 0)
        #expect(outcome.output.contains(reason), "\(outcome.output)")
        #expect(try server.files() == before)
    }

    @Test(arguments: sizes) func becauseTheTokenWasRevokedMeanwhile(bytes: Int) async throws {
        try await Self.run(bytes: bytes) { server, git, _ in
            let before = server.gate.state.authorized.count
            server.gate.onView {
                // Asked for the advertisement and, the second time, once the objects have come.
                guard server.gate.state.authorized.count >= before + 2 else { return }
                server.gate.change { $0.isRevoked = true }
            }
            try await Self.expectRefused(server, git, because: "the token was revoked")
        }
    }

    @Test(arguments: sizes) func becauseAnotherMovedTheRefMeanwhile(bytes: Int) async throws {
        try await Self.run(bytes: bytes) { server, git, _ in
            let tree = try await server.stored()("rev-parse", "main^{tree}")
            let other = try await server.stored()("commit-tree", "-m", "other", tree)
            let files = Mutex<[String: String]>([:])
            server.gate.onPrepare {
                _ = try? await server.stored()("update-ref", "refs/heads/main", other)
                let now = try? server.files()
                // All but the pack that waits.
                files.withLock { $0 = (now ?? [:]).filter { !$0.key.contains("incoming-") } }
            }
            let outcome = try await git.run("push", server.url, "main")
            #expect(outcome.status != 0)
            #expect(outcome.output.contains("cannot lock ref 'refs/heads/main': is at \(other)"), "\(outcome.output)")
            #expect(try server.files() == files.withLock { $0 })
        }
    }

    @Test(arguments: sizes) func becauseItWouldDropACommitUnseen(bytes: Int) async throws {
        try await Self.run(bytes: bytes) { server, git, _ in
            let first = try await server.stored()("rev-parse", "main")
            server.gate.deploysEnd(with: "deploy of prod failed: x")
            #expect(try await git.run("push", server.url, "main").status != 0)
            server.gate.change { $0.view = ["refs/heads/main": CommitID(first)] }
            try await git("reset", "-q", "--hard", first)
            _ = try await server.commitNoise(git, bytes: bytes)
            try await Self.expectRefused(server, git, because: "whose deploy failed; fetch first")
        }
    }

    @Test(arguments: sizes) func becauseThePlatformRefusesIt(bytes: Int) async throws {
        try await Self.run(bytes: bytes) { server, git, _ in
            server.gate.change { $0.prepareError = PlatformError(.conflict, "the app is being deleted") }
            try await Self.expectRefused(server, git, because: "the app is being deleted")
        }
    }

    @Test(arguments: sizes) func becauseItsRefHasNoPlaceAmongTheOthers(bytes: Int) async throws {
        try await Self.run(bytes: bytes) { server, git, _ in
            try await Self.expectRefused(server, git, ["main:main/below"], because: "'refs/heads/main' exists")
        }
    }

    @Test(arguments: [true, false]) func whatHelpsOneRefIsKept(isAtomic: Bool) async throws {
        try await Self.run(bytes: 2_000_000) { server, git, commit in
            let arguments = ["main:good", "main:refs/berth/bad"]
            if isAtomic {
                try await Self.expectRefused(server, git, ["--atomic"] + arguments, because: "hidden ref")
            } else {
                #expect(try await git.start(["push", server.url] + arguments).outcome().status != 0)
                #expect(try await server.stored()("rev-parse", "good") == commit)
                try await server.stored()("fsck", "--strict", "--full")
                #expect(try server.quarantines().isEmpty)
            }
        }
    }

    /// Many refs at once are written with what their tags come to, which is read before the pack is the repository's.
    @Test func tagsOfANewPackArePeeled() async throws {
        try await Self.run(bytes: 1000) { server, git, _ in
            for number in 1...40 { try await git("tag", "-a", "-m", "t", "t\(number)") }
            try await git("push", "-q", server.url, "--tags")
            let listed = try await git("ls-remote", server.url, "refs/tags/t*^{}")
            #expect(listed.split(separator: "\n").count == 40)
            let packed = try String(contentsOfFile: server.repository + "/packed-refs", encoding: .utf8)
            #expect(packed.split(separator: "\n").count { $0.hasPrefix("^") } == 40)
        }
    }
}
