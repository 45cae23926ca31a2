import Core
import Foundation
import TestSupport
import Testing

@testable import GitServer

@Suite struct PushTests {
    @Test func aPushToAnEmptyRepositoryStoresTheBranch() async throws {
        try await LiveGitServer.run { server in
            let git = try await server.client()
            let head = try await git("rev-parse", "HEAD")
            try await git("push", server.url, "main")
            #expect(try await server.stored()("rev-parse", "refs/heads/main") == head)
            #expect(server.gate.state.prepared == [[PushUpdate(ref: "refs/heads/main", old: nil, new: CommitID(head))]])
            #expect(server.gate.state.moved == [["refs/heads/main"]])
            try await server.stored()("fsck", "--strict", "--full")
            #expect(try server.quarantines().isEmpty)
        }
    }

    @Test(arguments: ["0", "1", "2"])
    func branchesTagsForceAndDeletionWorkWithProtocol(version: String) async throws {
        try await LiveGitServer.run { server in
            var git = try await server.client()
            git.environment = [
                "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "protocol.version", "GIT_CONFIG_VALUE_0": version,
            ]
            try await git("remote", "add", "origin", server.url)
            try await git("push", "origin", "main")
            try await server.commit(git, ["a/b.txt": "b\n"], "second")
            try await git("tag", "light")
            try await git("tag", "-a", "v1", "-m", "one")
            try await git("push", "origin", "main", "main:topic/x", "--tags")
            #expect(try await git("ls-remote", server.url).split(separator: "\n").count == 6)
            try await git("commit", "-q", "--amend", "-m", "other")
            #expect(try await git.run("push", "origin", "main").status != 0)
            try await git("push", "--force", "origin", "main")
            try await git("push", "origin", ":topic/x", ":refs/tags/v1")
            let refs = try await server.stored()("for-each-ref", "--format=%(refname)")
            #expect(refs == "refs/heads/main\nrefs/tags/light")
            #expect(try await server.stored()("rev-parse", "main") == git("rev-parse", "HEAD"))
            try await server.stored()("fsck", "--strict", "--full")
        }
    }

    @Test func attack7APushThatLosesARaceForARefIsNotWrittenDown() async throws {
        try await LiveGitServer.run { server in
            let first = try await server.client("first", files: ["a.txt": "one\n"])
            let second = try await server.client("second", files: ["a.txt": "two\n"])
            let (isPrepared, prepared) = AsyncStream<Void>.makeStream()
            let (mayGoOn, goOn) = AsyncStream<Void>.makeStream()
            server.gate.onPrepare {
                prepared.yield()
                for await _ in mayGoOn { break }
            }
            async let winner = first.run("push", server.url, "main")
            for await _ in isPrepared { break }
            async let loser = second.run("push", server.url, "main")
            // Both of its requests have been let in: it waits, or is about to.
            try await expectEventually("two pushes were let in") { server.gate.state.authorized.count == 4 }
            goOn.yield()
            #expect(try await winner.status == 0)
            let lost = try await loser
            #expect(lost.status != 0)
            // git's own words.
            #expect(lost.output.contains("error: cannot lock ref 'refs/heads/main': reference already exists"))
            #expect(lost.output.contains("[remote rejected] main -> main (failed to update ref)"))
            #expect(server.gate.state.prepared.count == 1)
            #expect(try await server.stored()("rev-parse", "main") == first("rev-parse", "HEAD"))
            let dropped = try await second("rev-parse", "HEAD")
            #expect(try await server.stored().run("cat-file", "-e", dropped).status != 0)
            #expect(try server.quarantines().isEmpty)
        }
    }

    @Test func attack7TheDefaultBranchIsNotDeleted() async throws {
        try await LiveGitServer.run { server in
            let git = try await server.client()
            try await git("push", server.url, "main")
            let outcome = try await git.run("push", server.url, ":main")
            #expect(outcome.status != 0)
            #expect(outcome.output.contains("deletion of the current branch prohibited"))
        }
    }

    @Test func aPushOfManyMegabytesArrivesInChunks() async throws {
        try await LiveGitServer.run { server in
            let git = try await server.client()
            let noise = try Data.noise(3_000_000)
            try noise.write(to: URL(fileURLWithPath: git.folder + "/noise.bin"))
            try await server.commit(git, [:], "big")
            try await git("-c", "http.postBuffer=65536", "push", server.url, "main")
            try await server.stored()("fsck", "--strict", "--full")
            #expect(try server.quarantines().isEmpty)
            let copy = try server.git("copy")
            try await copy("clone", "-q", server.url, "c")
            #expect(FileManager.default.contents(atPath: copy.folder + "/c/noise.bin") == noise)
        }
    }

    @Test func everyPushIsKeptAsOnePack() async throws {
        try await LiveGitServer.run { server in
            let text = String(repeating: "a line\n", count: 500)
            let git = try await server.client(files: ["a.txt": text])
            try await git("push", "-q", server.url, "main")
            // So little of it changes that the client sends a delta without its base.
            try await server.commit(git, ["a.txt": text + "more\n"], "second")
            try await git("push", "-q", server.url, "main")
            let counts = try await server.stored()("count-objects", "-v").split(separator: "\n")
            #expect(counts.contains("count: 0") && counts.contains("packs: 2"), "\(counts)")
        }
    }

    @Test func aNewBranchAtAKnownCommitNeedsNoObjects() async throws {
        try await LiveGitServer.run { server in
            let git = try await server.client()
            try await git("push", server.url, "main")
            try await git("push", server.url, "main:second")
            #expect(try await server.stored()("rev-parse", "second") == git("rev-parse", "main"))
        }
    }

    @Test func attack7RefsThatGitWouldNotTakeAreRefusedOneByOne() async throws {
        try await LiveGitServer.run { server in
            let git = try await server.client()
            let hidden = try await git.run("push", server.url, "main", "main:refs/berth/deploys/x")
            #expect(hidden.status != 0)
            #expect(hidden.output.contains("deny updating a hidden ref"))
            #expect(hidden.output.contains("main -> main"))
            try await git("push", server.url, "main:refs/heads/a/b")
            try await server.stored()("pack-refs", "--all")
            let conflict = try await git.run("push", server.url, "main:refs/heads/a")
            #expect(conflict.status != 0)
            #expect(conflict.output.contains("'refs/heads/a/b' exists; cannot create 'refs/heads/a'"))
            #expect(
                try await git.run("push", server.url, "main:refs/heads/a/b/c").output.contains(
                    "'refs/heads/a/b' exists"))
            #expect(
                try await server.stored()("for-each-ref", "--format=%(refname)") == "refs/heads/a/b\nrefs/heads/main")
        }
    }

    @Test func attack7AnAtomicPushMovesAllRefsOrNone() async throws {
        try await LiveGitServer.run { server in
            let git = try await server.client()
            try await git("push", server.url, "main:refs/heads/a/b")
            let refused = try await git.run("push", "--atomic", server.url, "main", "main:refs/heads/a")
            #expect(refused.status != 0)
            #expect(try await server.stored()("for-each-ref", "--format=%(refname)") == "refs/heads/a/b")
            #expect(server.gate.state.moved.last == [])
            server.gate.deploysEnd(with: "deploy of prod failed: x", lines: ["a line"])
            let done = try await git.run("push", "--atomic", server.url, "main", "main:other")
            #expect(done.status == 0)
            #expect(done.output.contains("remote: a line"))
        }
    }

    @Test func manyRefsInOnePushAreAllThere() async throws {
        try await LiveGitServer.run { server in
            let git = try await server.client()
            try await git("tag", "-a", "t0", "-m", "t")
            for number in 1...60 { try await git("update-ref", "refs/heads/b\(number)", "main") }
            try await git("push", server.url, "--all")
            try await git("push", server.url, "--tags")
            #expect(try await git("ls-remote", "--heads", server.url).split(separator: "\n").count == 61)
            try await git("push", server.url, "--delete", "b1", "b2", "b60")
            #expect(try await git("ls-remote", "--heads", server.url).split(separator: "\n").count == 58)
            try await server.stored()("fsck", "--strict", "--full")
        }
    }

    @Test func attack17AClientThatIsKilledLeavesNothingBehind() async throws {
        try await LiveGitServer.run { server in
            let git = try await server.client()
            let noise = try Data.noise(12_000_000)
            try noise.write(to: URL(fileURLWithPath: git.folder + "/noise.bin"))
            try await server.commit(git, [:], "big")
            // Slow enough to be stopped in the middle.
            let push = try RunningCommand(
                "/usr/bin/env", ["git", "-c", "http.postBuffer=65536", "push", server.url, "main"],
                folder: git.folder,
                environment: ["HOME": git.folder, "PATH": "/usr/bin:/bin", "GIT_TRACE_CURL": "0"])
            try await expectEventually("the pack is being taken") {
                try !server.quarantines().isEmpty || !push.isRunning
            }
            push.kill()
            _ = await push.outcome()
            try await expectEventually("the quarantine goes") { try server.quarantines().isEmpty }
            try await server.stored()("fsck", "--strict", "--full")
        }
    }
}
