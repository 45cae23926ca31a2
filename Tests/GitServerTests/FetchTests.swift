import Core
import Foundation
import Git
import TestSupport
import Testing

@testable import GitServer

@Suite struct FetchTests {
    private static func git(_ server: LiveGitServer, _ name: String, version: String) throws -> GitCommand {
        var git = try server.git(name)
        git.environment = [
            "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "protocol.version", "GIT_CONFIG_VALUE_0": version,
        ]
        return git
    }

    @Test(arguments: ["0", "1", "2"])
    func clonesAndFetchesBringTheWholeHistory(version: String) async throws {
        try await LiveGitServer.run { server in
            let client = try await server.client()
            for number in 0..<30 {
                try await server.commit(client, ["d\(number % 5)/f.txt": "\(number)\n"], "c\(number)")
            }
            try await client("tag", "-a", "v1", "-m", "one")
            try await client("push", server.url, "main", "--tags")
            let copy = try Self.git(server, "copy", version: version)
            try await copy("clone", "-q", server.url, ".")
            #expect(try await copy("rev-parse", "HEAD") == client("rev-parse", "HEAD"))
            #expect(try await copy("describe") == "v1")
            try await copy("fsck", "--strict", "--full")
            for number in 0..<20 { try await server.commit(client, ["e/f.txt": "\(number)\n"], "e\(number)") }
            try await client("push", server.url, "main")
            try await server.commit(copy, ["mine.txt": "mine\n"], "mine")
            let fetched = try await copy("fetch", "origin")
            #expect(fetched.contains("main"))
            #expect(try await copy("rev-parse", "origin/main") == client("rev-parse", "main"))
            try await copy("fsck", "--strict", "--full")
        }
    }

    @Test func aFetchSendsOnlyWhatIsNew() async throws {
        try await LiveGitServer.run { server in
            let files = Dictionary(uniqueKeysWithValues: (0..<50).map { ("f\($0).txt", "\($0)\n") })
            let client = try await server.client(files: files)
            try await client("push", server.url, "main")
            let copy = try server.git("copy")
            try await copy("clone", "-q", server.url, ".")
            try await server.commit(client, ["f1.txt": "changed\n"], "second")
            try await client("push", server.url, "main")
            let outcome = try await copy("fetch", "--progress", "origin")
            #expect(outcome.contains("Enumerating objects: 3, done."))
        }
    }

    @Test(arguments: ["0", "2"])
    func anEmptyRepositoryCanBeCloned(version: String) async throws {
        try await LiveGitServer.run(head: "trunk") { server in
            let copy = try Self.git(server, "copy", version: version)
            try await copy("clone", server.url, "c")
            if version == "2" {
                #expect(try await copy("-C", "c", "symbolic-ref", "HEAD") == "refs/heads/trunk")
            }
        }
    }

    @Test(arguments: ["0", "2"])
    func shallowClonesDeepenStepByStep(version: String) async throws {
        try await LiveGitServer.run { server in
            let client = try await server.client()
            for number in 0..<10 {
                try await server.commit(client, ["f.txt": "\(number)\n", "g\(number)": "g\n"], "c\(number)")
            }
            try await client("push", server.url, "main")
            let copy = try Self.git(server, "copy", version: version)
            try await copy("clone", "-q", "--depth", "1", server.url, ".")
            #expect(try await copy("rev-list", "--count", "HEAD") == "1")
            try await copy("fetch", "-q", "--depth", "3")
            #expect(try await copy("rev-list", "--count", "origin/main") == "3")
            try await copy("fetch", "-q", "--deepen", "2")
            #expect(try await copy("rev-list", "--count", "origin/main") == "5")
            try await server.commit(client, ["f.txt": "new\n"], "new")
            try await client("push", server.url, "main")
            try await copy("fetch", "-q")
            #expect(try await copy("rev-list", "--count", "origin/main") == "6")
            try await copy("fsck", "--full")
            try await copy("fetch", "-q", "--unshallow")
            #expect(try await copy("rev-list", "--count", "origin/main") == "12")
            try await copy("fsck", "--strict", "--full")
        }
    }

    @Test func historyCanBeLimitedByTimeAndByRef() async throws {
        try await LiveGitServer.run { server in
            var client = try await server.client()
            for number in 0..<5 {
                client.environment = ["GIT_COMMITTER_DATE": "2020-01-0\(number + 1)T00:00:00Z"]
                try await server.commit(client, ["f.txt": "\(number)\n"], "c\(number)")
                try await client("tag", "t\(number)")
            }
            try await client("push", server.url, "HEAD~0:refs/heads/main", "--tags")
            let copy = try server.git("copy")
            try await copy("clone", "-q", "--shallow-exclude=t2", server.url, "by-ref")
            #expect(try await copy("-C", "by-ref", "rev-list", "--count", "HEAD") == "2")
            try await copy("clone", "-q", "--shallow-since=2020-01-03T12:00:00Z", server.url, "by-time")
            #expect(try await copy("-C", "by-time", "rev-list", "--count", "HEAD") == "2")
        }
    }

    @Test func aReachableCommitMayBeAskedForByNameAndAnotherMayNot() async throws {
        try await LiveGitServer.run { server in
            let client = try await server.client()
            let first = try await client("rev-parse", "HEAD")
            try await server.commit(client, ["a": "a"], "second")
            try await client("push", server.url, "main")
            let hidden = try await server.commit(client, ["b": "b"], "third")
            try await client("push", server.url, "main")
            try await client("push", "--force", server.url, "\(first):refs/heads/main")
            let copy = try server.git("copy")
            try await copy("init", "-q")
            try await copy("fetch", server.url, first)
            let outcome = try await copy.run("fetch", server.url, hidden)
            #expect(outcome.status != 0)
            #expect(outcome.output.contains("not our ref"))
        }
    }

    @Test func pinsOfDeploysAreHidden() async throws {
        try await LiveGitServer.run { server in
            let client = try await server.client()
            try await client("push", server.url, "main")
            let commit = try #require(CommitID(try await client("rev-parse", "HEAD")))
            try await server.store.pin(commit, deploy: ID(), app: server.gate.app.id)
            #expect(try await server.stored()("for-each-ref", "refs/berth").contains("refs/berth/deploys/"))
            #expect(try await !client("ls-remote", server.url).contains("berth"))
        }
    }

    @Test func aLongNegotiationIsSentCompressedAndUnderstood() async throws {
        try await LiveGitServer.run { server in
            let client = try await server.client()
            try await client("push", server.url, "main")
            let copy = try server.git("copy")
            try await copy("clone", "-q", server.url, ".")
            // Enough commits of its own that the request is over 1024 bytes: git compresses it then.
            for number in 0..<60 { try await server.commit(copy, [:], "own \(number)") }
            try await server.commit(client, ["a": "a"], "second")
            try await client("push", server.url, "main")
            var traced = copy
            traced.environment = ["GIT_TRACE_CURL": "1"]
            let trace = try await traced("fetch", "origin")
            #expect(trace.contains("Content-Encoding: gzip"))
            #expect(try await copy("rev-parse", "origin/main") == client("rev-parse", "main"))
        }
    }
}
