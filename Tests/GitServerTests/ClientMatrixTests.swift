import Core
import Foundation
import TestSupport
import Testing

@testable import GitServer

/// The stock client in each version of the protocol; after each step git itself looks over what is served.
@Suite(.serialized) struct ClientMatrixTests {
    private static func git(_ server: LiveGitServer, _ name: String, _ version: String) throws -> GitCommand {
        var git = try server.git(name)
        git.environment = [
            "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "protocol.version", "GIT_CONFIG_VALUE_0": version,
        ]
        return git
    }

    /// A server with eight commits, two branches and three tags, and the repository that they came from.
    private static func run(
        _ version: String, _ body: @Sendable (LiveGitServer, GitCommand) async throws -> Void
    ) async throws {
        try await LiveGitServer.run { server in
            var git = try git(server, "origin", version)
            try await git("init", "-q")
            let settings = git.environment
            for number in 1...8 {
                git.environment["GIT_COMMITTER_DATE"] = "2020-01-0\(number)T00:00:00Z"
                try await server.commit(
                    git, ["f.txt": "\(number)\n", "d\(number % 2)/g.txt": "\(number)\n"], "c\(number)")
            }
            git.environment = settings
            try await git("tag", "light", "HEAD~4")
            try await git("tag", "-a", "v1", "-m", "one", "HEAD~1")
            try await git("branch", "topic", "HEAD~2")
            try await git("remote", "add", "server", server.url)
            try await git("push", "-q", "server", "--all")
            try await git("push", "-q", "server", "--tags")
            try await server.stored()("fsck", "--strict", "--full")
            try await body(server, git)
            try await server.stored()("fsck", "--strict", "--full")
            #expect(try server.quarantines().isEmpty)
        }
    }

    @Test(arguments: ["0", "1", "2"])
    func clonesOfEveryKind(version: String) async throws {
        try await Self.run(version) { server, origin in
            let kinds: [(name: String, arguments: [String], commits: String)] = [
                ("full", [], "8"), ("bare", ["--bare"], "8"), ("mirror", ["--mirror"], "8"),
                ("branch", ["--single-branch", "-b", "topic"], "6"), ("tag", ["-b", "v1"], "7"),
                ("depth", ["--depth", "2"], "2"), ("since", ["--shallow-since=2020-01-05T12:00:00Z"], "3"),
                ("not", ["--shallow-exclude=light"], "4"), ("blobs", ["--filter=blob:none"], "8"),
                ("limit", ["--filter=blob:limit=1k"], "8"), ("trees", ["--filter=tree:0"], "8"),
                ("both", ["--filter=combine:blob:none+tree:2"], "8"),
                ("thin", ["--depth", "1", "--filter=blob:none"], "1"),
            ]
            for kind in kinds {
                let git = try Self.git(server, kind.name, version)
                _ = try await git.start(["clone", "-q"] + kind.arguments + [server.url, "c"]).outcome()
                let count = try await git("-C", "c", "rev-list", "--count", "HEAD")
                #expect(count == kind.commits, "\(kind.name)")
                if !["bare", "mirror", "tag", "branch"].contains(kind.name) {
                    #expect(
                        FileManager.default.contents(atPath: git.folder + "/c/f.txt") == Data("8\n".utf8),
                        "\(kind.name)")
                }
                try await git("-C", "c", "fsck", "--full")
            }
            // `sparse:oid` would have the server read a file of the client's choice for every object.
            let sparse = try Self.git(server, "sparse", version)
            let refused = try await sparse.run("clone", "--filter=sparse:oid=main:f.txt", server.url, "c")
            #expect(refused.status != 0)
            #expect(refused.output.contains("filter 'sparse:oid' not supported"))
        }
    }

    @Test(arguments: ["0", "1", "2"])
    func whatAPartialCloneLeftOutIsFetchedWhenNeeded(version: String) async throws {
        try await Self.run(version) { server, origin in
            let git = try Self.git(server, "partial", version)
            try await git("init", "-q")
            try await git("remote", "add", "origin", server.url)
            let blob = try await origin("rev-parse", "HEAD~3:f.txt")
            let tree = try await origin("rev-parse", "HEAD~3:d1")
            // A lazy fetch asks for files and trees by name.
            try await git("fetch", "-q", "--filter=blob:none", "--depth=1", "origin", "main")
            try await git("fetch", "-q", "--no-filter", "origin", blob)
            #expect(try await git("cat-file", "blob", blob) == "5")
            try await git("fetch", "-q", "--no-filter", "origin", tree)
            #expect(try await git("cat-file", "-t", tree) == "tree")
            // What nothing refers to stays where it is, whoever knows its name.
            let path = server.scratch.path("secret")
            try Data("secret\n".utf8).write(to: URL(fileURLWithPath: path))
            let secret = try await server.stored()("hash-object", "-w", path)
            let refused = try await git.run("fetch", "-q", "origin", secret)
            #expect(refused.status != 0)
            #expect(refused.output.contains("not our ref \(secret)"))
        }
    }

    @Test(arguments: ["0", "1", "2"])
    func historyIsDeepenedAndCompleted(version: String) async throws {
        try await Self.run(version) { server, origin in
            let git = try Self.git(server, "copy", version)
            try await git("clone", "-q", "--depth=1", server.url, ".")
            func count() async throws -> String { try await git("rev-list", "--count", "origin/main") }
            #expect(try await count() == "1")
            try await git("fetch", "-q", "--deepen=2")
            #expect(try await count() == "3")
            try await git("fetch", "-q", "--shallow-exclude=light")
            #expect(try await count() == "4")
            try await git("fetch", "-q", "--shallow-since=2020-01-03T12:00:00Z")
            #expect(try await count() == "5")
            try await server.commit(origin, ["new.txt": "new\n"], "new")
            try await origin("push", "-q", "server", "main")
            try await git("fetch", "-q")
            #expect(try await count() == "6")
            // A push from a history that ends where the server's goes on.
            try await git("reset", "-q", "--hard", "origin/main")
            let head = try await server.commit(git, ["mine.txt": "mine\n"], "mine")
            try await git("push", "-q", "origin", "HEAD:refs/heads/mine")
            #expect(try await server.stored()("rev-parse", "mine") == head)
            try await git("fetch", "-q", "--unshallow")
            #expect(try await count() == "9")
            try await git("fsck", "--full", "--strict")
        }
    }

    @Test(arguments: ["0", "1", "2"])
    func pushesOfEveryKind(version: String) async throws {
        try await Self.run(version) { server, git in
            func refs() async throws -> [String] {
                try await server.stored()("for-each-ref", "--format=%(refname:short)").split(separator: "\n").map(
                    String.init)
            }
            // One push that makes, moves and deletes.
            try await git("commit", "-q", "--amend", "-m", "other")
            try await git(
                "push", "-q", "server", "+main", "main:made", ":topic", "light:refs/tags/again", ":refs/tags/light")
            #expect(try await refs() == ["made", "main", "again", "v1"])
            // A name that was a ref becomes a folder of refs, and back again.
            try await git("push", "-q", "server", ":made", "main:refs/heads/made/deep")
            try await git("push", "-q", "--atomic", "server", ":made/deep", "main:refs/heads/made")
            #expect(try await refs() == ["made", "main", "again", "v1"])
            try await git("push", "-q", "-o", "detach", "-o", "free text", "server", "main:with-options")
            try await git("push", "-q", "--atomic", "server", "main:one", "main:two", ":with-options")
            #expect(try await refs() == ["made", "main", "one", "two", "again", "v1"])
            // One bad ref fails no good one.
            let mixed = try await git.run(
                "push", "server", "main:good", "main:refs/berth/x", "main:refs/heads/made/under")
            #expect(mixed.status != 0)
            #expect(mixed.output.contains("main -> good"))
            #expect(mixed.output.contains("'refs/heads/made' exists; cannot create 'refs/heads/made/under'"))
            let stale = try await git.run("push", "--atomic", "server", "main:fine", "main:refs/berth/x")
            #expect(stale.status != 0)
            #expect(try await refs() == ["good", "made", "main", "one", "two", "again", "v1"])
            let signed = try await git.run("push", "--signed", "server", "main:signed")
            #expect(signed.output.contains("does not support --signed push"))
            let mirror = try Self.git(server, "mirror", version)
            try await mirror("clone", "-q", "--mirror", server.url, ".")
            try await mirror("update-ref", "-d", "refs/heads/two")
            try await mirror("update-ref", "refs/heads/one", "v1^{commit}")
            try await mirror("update-ref", "refs/notes/x", "main")
            try await mirror("update-ref", "-d", "refs/heads/good")
            try await mirror("update-ref", "refs/heads/good/deep", "main")
            try await mirror("push", "-q", "--mirror", "origin")
            #expect(try await server.stored()("for-each-ref") == mirror("for-each-ref"))
            #expect(try await mirror.run("push", "--mirror", "origin").output.contains("Everything up-to-date"))
        }
    }

    @Test func anEmptyRepositoryIsClonedWithItsBranch() async throws {
        try await LiveGitServer.run(head: "deploy/live") { server in
            let git = try Self.git(server, "copy", "2")
            try await git("clone", "-q", server.url, "c")
            #expect(try await git("-C", "c", "symbolic-ref", "HEAD") == "refs/heads/deploy/live")
            try await server.commit(GitCommand(folder: git.folder + "/c"), ["a": "a"], "first")
            try await git("-C", "c", "push", "-q", "origin", "deploy/live")
            let again = try Self.git(server, "again", "0")
            try await again("clone", "-q", server.url, "c")
            #expect(try await again("-C", "c", "symbolic-ref", "HEAD") == "refs/heads/deploy/live")
        }
    }

    @Test func concurrentPushesOfDifferentRefsAllLand() async throws {
        try await LiveGitServer.run { server in
            var clients: [GitCommand] = []
            for number in 0..<6 { clients.append(try await server.client("c\(number)", files: ["f": "\(number)"])) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (number, git) in clients.enumerated() {
                    group.addTask { try await git("push", "-q", server.url, "main:refs/heads/b\(number)") }
                }
                try await group.waitForAll()
            }
            for (number, git) in clients.enumerated() {
                #expect(try await server.stored()("rev-parse", "b\(number)") == git("rev-parse", "main"))
            }
            try await server.stored()("fsck", "--strict", "--full")
        }
    }

    @Test func aStaleLockFailsItsRefOnly() async throws {
        try await LiveGitServer.run { server in
            let git = try await server.client()
            let lock = server.repository + "/refs/heads/held.lock"
            try Data().write(to: URL(fileURLWithPath: lock))
            let outcome = try await git.run("push", server.url, "main:held", "main:free")
            #expect(outcome.status != 0)
            #expect(outcome.output.contains("cannot lock ref 'refs/heads/held'"))
            #expect(outcome.output.contains("main -> held (failed to update ref)"))
            #expect(try await server.stored()("for-each-ref", "--format=%(refname)") == "refs/heads/free")
        }
    }
}
