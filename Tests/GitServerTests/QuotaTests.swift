import Core
import Foundation
import Git
import TestSupport
import Testing

@testable import GitServer

/// What repositories may take on disk.
@Suite struct QuotaTests {
    private static func expectRefused(
        _ server: LiveGitServer, _ git: GitCommand, because reason: String
    ) async throws {
        let before = try server.files()
        let outcome = try await git.run("push", server.url, "main")
        #expect(outcome.status != 0)
        #expect(outcome.output.contains(reason), "\(outcome.output)")
        #expect(try server.files() == before)
    }

    @Test func aRepositoryIsFullAtItsLimit() async throws {
        try await LiveGitServer.run(configure: { $0.repositoryBytes = 3 << 20 }) { server in
            let git = try await server.client()
            _ = try await server.commitNoise(git, bytes: 2 << 20)
            try await git("push", "-q", server.url, "main")
            // Half of it fits and half does not, so that it is refused while it comes.
            _ = try await server.commitNoise(git, bytes: 2 << 20)
            try await Self.expectRefused(
                server, git, because: "the repository may take 3 MiB, and 2.1 MiB of it are used")
            // A ref needs no room, and a deletion neither.
            try await git("push", "-q", server.url, "main~1:refs/heads/other")
            try await git("push", "-q", server.url, ":other")
            try await git("reset", "-q", "--hard", "main~1")
            _ = try await server.commitNoise(git, bytes: 600_000)
            try await git("push", "-q", server.url, "main")
            _ = try await server.commitNoise(git, bytes: 600_000)
            try await Self.expectRefused(server, git, because: "2.6 MiB of it are used")
        }
    }

    /// What maintenance has saved is there to be used.
    @Test func whatMaintenanceRemovesIsNotCounted() async throws {
        try await LiveGitServer.run(configure: { $0.repositoryBytes = 3 << 20 }) { server in
            let git = try await server.client()
            _ = try await server.commitNoise(git, bytes: 2 << 20)
            try await git("push", "-q", server.url, "main")
            try await git("push", "-q", server.url, "main~1:refs/heads/main", "--force")
            try await server.stored()("reflog", "expire", "--expire=now", "--all")
            try await server.stored()("gc", "-q", "--prune=now")
            _ = try await server.store.maintain(server.gate.app.id, .usual)
            try await git("reset", "-q", "--hard", "main~1")
            _ = try await server.commitNoise(git, bytes: 2 << 20)
            try await git("push", "-q", server.url, "main")
        }
    }

    @Test func theRepositoriesOfAUserAreCountedTogether() async throws {
        try await LiveGitServer.run(isDamaged: true, configure: { $0.userBytes = 3 << 20 }) { server in
            let other = ID<App>()
            guard let head = BranchName("main") else { return }
            try await server.store.create(other, head: head)
            try Data.noise(2_500_000).write(
                to: URL(fileURLWithPath: server.store.directory(of: other) + "/objects/pack/pack-x.pack"))
            let git = try await server.client()
            _ = try await server.commitNoise(git, bytes: 1 << 20)
            server.gate.change { $0.others = [other] }
            try await Self.expectRefused(
                server, git, because: "all your repositories together may take 3 MiB, and 2.4 MiB of it are used")
            server.gate.change { $0.others = [] }
            try await git("push", "-q", server.url, "main")
        }
    }

    /// A thin pack is larger once it is complete, so it is measured again.
    @Test func aPackIsMeasuredAsItIsKept() async throws {
        try await LiveGitServer.run(configure: { $0.repositoryBytes = 3 << 20 }) { server in
            let git = try await server.client()
            let path = git.folder + "/noise"
            var noise = try Data.noise(2 << 20)
            try noise.write(to: URL(fileURLWithPath: path))
            try await server.commit(git, [:], "noise")
            try await git("push", "-q", server.url, "main")
            noise.append(1)
            try noise.write(to: URL(fileURLWithPath: path))
            try await server.commit(git, [:], "a byte")
            try await Self.expectRefused(server, git, because: "the repository may take 3 MiB")
        }
    }
}
