import Core
import Foundation
import TestSupport
import Testing

@testable import GitServer

/// The push tells the truth.
@Suite struct DeployOutcomeTests {
    @Test func aFailedDeployFailsThePushAndKeepsTheCommit() async throws {
        try await LiveGitServer.run { server in
            let git = try await server.client()
            server.gate.deploysEnd(
                with: "deploy of prod failed: install.sh exited 1", lines: ["install.sh: no such table"])
            let outcome = try await git.run("push", server.url, "main")
            #expect(outcome.status != 0)
            #expect(outcome.output.contains("remote: install.sh: no such table"))
            #expect(outcome.output.contains("deploy of prod failed: install.sh exited 1"))
            #expect(try await server.stored()("rev-parse", "main") == git("rev-parse", "main"))
        }
    }

    @Test func theSameCommitPushedAgainTriesAgain() async throws {
        try await LiveGitServer.run { server in
            let git = try await server.client()
            let first = try await git("rev-parse", "HEAD")
            try await git("push", server.url, "main")
            let second = try await server.commit(git, ["x": "x"], "second")
            server.gate.deploysEnd(with: "deploy of prod failed: x")
            #expect(try await git.run("push", server.url, "main").status != 0)
            server.gate.change { $0.view = ["refs/heads/main": CommitID(first)] }
            server.gate.deploysEnd(with: nil)
            let again = try await git.run("push", server.url, "main")
            #expect(again.status == 0)
            #expect(!again.output.contains("up-to-date"))
            #expect(
                server.gate.state.prepared.last
                    == [PushUpdate(ref: "refs/heads/main", old: CommitID(second), new: CommitID(second))])
            #expect(server.gate.state.moved.last == ["refs/heads/main"])
            #expect(try await server.stored()("rev-parse", "main") == second)
            // Fetchers see the commit that is stored.
            #expect(try await git("ls-remote", server.url, "refs/heads/main").hasPrefix(second))
        }
    }

    @Test func aBranchThatNeverDeployedIsHiddenFromPushersAndMayBeCreatedAgain() async throws {
        try await LiveGitServer.run { server in
            let git = try await server.client()
            try await git("push", server.url, "main")
            server.gate.change { $0.view = ["refs/heads/main": Optional<CommitID>.none] }
            let next = try await server.commit(git, ["x": "y"], "second")
            let outcome = try await git.run("push", server.url, "main")
            #expect(outcome.output.contains("[new branch]"))
            #expect(outcome.status == 0)
            #expect(try await server.stored()("rev-parse", "main") == next)
        }
    }

    /// A deploy of `second` failed, so that pushers are shown `first`; the client comes with another commit on `first`.
    private static func fail(
        _ server: LiveGitServer, _ git: GitCommand
    ) async throws -> (first: String, second: String, other: String) {
        let first = try await git("rev-parse", "HEAD")
        try await git("push", server.url, "main")
        let second = try await server.commit(git, ["x": "x"], "second")
        server.gate.deploysEnd(with: "deploy of prod failed: x")
        #expect(try await git.run("push", server.url, "main").status != 0)
        server.gate.change { $0.view = ["refs/heads/main": CommitID(first)] }
        server.gate.deploysEnd(with: nil)
        try await git("reset", "-q", "--hard", first)
        return (first, second, try await server.commit(git, ["y": "y"], "other"))
    }

    @Test func aCommitWhoseDeployFailedIsNotDroppedUnseen() async throws {
        try await LiveGitServer.run { server in
            let git = try await server.client()
            let (_, second, other) = try await Self.fail(server, git)
            for arguments in [["push", server.url, "main"], ["push", "--force", server.url, "main"]] {
                let outcome = try await git.start(arguments).outcome()
                #expect(outcome.status != 0)
                #expect(outcome.output.contains("branch holds \(second.prefix(7)), whose deploy failed; fetch first"))
                #expect(outcome.output.contains("git push -o force"))
            }
            #expect(try await server.stored()("rev-parse", "main") == second)
            #expect(server.gate.state.moved.count == 2)
            // Knowing what is there, and saying so, it may go.
            try await git("push", "-o", "force", server.url, "main")
            #expect(try await server.stored()("rev-parse", "main") == other)
        }
    }

    @Test func aCommitThatHoldsTheFailedOneNeedsNoForce() async throws {
        try await LiveGitServer.run { server in
            let git = try await server.client()
            let (_, second, _) = try await Self.fail(server, git)
            try await git("fetch", "-q", server.url, "main")
            try await git("merge", "-q", "-m", "both", "FETCH_HEAD")
            try await git("push", server.url, "main")
            #expect(try await server.stored()("rev-parse", "main") == git("rev-parse", "HEAD"))
            #expect(try await server.stored()("merge-base", "--is-ancestor", second, "main") == "")
        }
    }

    @Test func anAtomicPushWithOneSuchBranchMovesNothing() async throws {
        try await LiveGitServer.run { server in
            let git = try await server.client()
            let (_, second, _) = try await Self.fail(server, git)
            let outcome = try await git.run("push", "--atomic", server.url, "main", "main:free")
            #expect(outcome.status != 0)
            let refs = try await server.stored()("for-each-ref", "--format=%(refname) %(objectname)")
            #expect(refs == "refs/heads/main \(second)")
        }
    }

    @Test func aHiddenBranchIsNotReplacedByAnotherHistory() async throws {
        try await LiveGitServer.run { server in
            let git = try await server.client()
            try await git("push", server.url, "main")
            let first = try await git("rev-parse", "HEAD")
            server.gate.change { $0.view = ["refs/heads/main": Optional<CommitID>.none] }
            try await git("commit", "-q", "--amend", "-m", "another beginning")
            let outcome = try await git.run("push", server.url, "main")
            #expect(outcome.output.contains("branch holds \(first.prefix(7))"))
            #expect(try await server.stored()("rev-parse", "main") == first)
        }
    }

    @Test func aBranchWhoseDeployFailedMayBeDeleted() async throws {
        try await LiveGitServer.run(head: "trunk") { server in
            let git = try await server.client()
            _ = try await Self.fail(server, git)
            try await git("push", server.url, ":main")
            #expect(try await server.stored()("for-each-ref").isEmpty)
        }
    }

    @Test func linesArriveWhileTheDeployRuns() async throws {
        try await LiveGitServer.run(configure: { $0.keepalive = .milliseconds(50) }) { server in
            let git = try await server.client()
            server.gate.change { $0.notes = ["a note first"] }
            let deploys = LedDeploys(server.gate)
            let push = try git.start(["push", server.url, "main"])
            try await deploys.send(.lines(["building"]))
            try await expectEventually("the line arrives") { push.output.contains("remote: building") }
            #expect(push.output.contains("remote: a note first"))
            #expect(push.isRunning)
            try await deploys.send(.lines(["\u{1b}[31mred\u{1b}]0;title\u{07} and\rover"]))
            try await expectEventually("control characters are replaced") { push.output.contains("and\u{FFFD}over") }
            #expect(!push.output.contains("\u{1b}[31m"))
            try await deploys.send(.settled(ref: "refs/heads/main", failure: nil))
            deploys.finish()
            #expect(await push.outcome().status == 0)
        }
    }

    @Test func aClientThatHangsUpLeavesTheDeployRunning() async throws {
        try await LiveGitServer.run(configure: { $0.keepalive = .milliseconds(20) }) { server in
            let git = try await server.client()
            let deploys = LedDeploys(server.gate)
            let push = try git.start(["push", server.url, "main"])
            try await deploys.send(.lines(["building"]))
            try await expectEventually("the line arrives") { push.output.contains("building") }
            push.kill()
            _ = await push.outcome()
            #expect(try await server.stored()("rev-parse", "main") == git("rev-parse", "main"))
            // The server is still there for others, and lets the stream go once it has something to say.
            try await expectEventually("the stream is let go") {
                try await !deploys.send(.lines(["more"]))
            }
            try await git("ls-remote", server.url)
        }
    }

    @Test func aDetachedPushDoesNotWait() async throws {
        try await LiveGitServer.run { server in
            let git = try await server.client()
            let deploys = LedDeploys(server.gate)
            let outcome = try await git.run("push", "-o", "detach", server.url, "main")
            #expect(outcome.status == 0)
            #expect(server.gate.state.moved == [["refs/heads/main"]])
            deploys.finish()
        }
    }

    @Test func aPushThatThePlatformRefusesSaysWhy() async throws {
        try await LiveGitServer.run { server in
            let git = try await server.client()
            server.gate.change { $0.prepareError = PlatformError(.conflict, "the app is being deleted") }
            let outcome = try await git.run("push", server.url, "main")
            #expect(outcome.status != 0)
            #expect(outcome.output.contains("the app is being deleted"))
            #expect(try await server.stored()("for-each-ref").isEmpty)
            #expect(server.gate.state.moved.isEmpty)
        }
    }
}
