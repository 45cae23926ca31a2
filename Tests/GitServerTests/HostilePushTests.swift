import Core
import Foundation
import TestSupport
import Testing

@testable import GitServer

/// Packs and requests that no git client would send.
@Suite struct HostilePushTests {
    /// Writes an object without git's own checks and returns its name.
    private static func object(_ git: GitCommand, _ type: String, _ bytes: Data) async throws -> String {
        let path = git.folder + "/.git/raw-\(UUID().uuidString)"
        try bytes.write(to: URL(fileURLWithPath: path))
        return try await git("hash-object", "-t", type, "-w", "--literally", path)
    }

    private static func entry(_ mode: String, _ name: [UInt8], _ id: String) -> Data {
        var bytes = Data("\(mode) ".utf8) + Data(name) + [0]
        var digits = id[...]
        while !digits.isEmpty {
            bytes.append(UInt8(digits.prefix(2), radix: 16) ?? 0)
            digits = digits.dropFirst(2)
        }
        return bytes
    }

    private static func commit(_ git: GitCommand, tree: String, parent: String? = nil) async throws -> String {
        var text = "tree \(tree)\n"
        if let parent { text += "parent \(parent)\n" }
        text += "author T <t@example.com> 1700000000 +0000\ncommitter T <t@example.com> 1700000000 +0000\n\nx\n"
        return try await object(git, "commit", Data(text.utf8))
    }

    private static func expectRefused(
        _ server: LiveGitServer, _ git: GitCommand, _ commit: String, because reason: String
    ) async throws {
        let outcome = try await git.run("push", server.url, "\(commit):refs/heads/evil")
        #expect(outcome.status != 0)
        #expect(outcome.output.contains(reason), "\(outcome.output)")
        #expect(try await server.stored()("for-each-ref").isEmpty)
        #expect(try server.quarantines().isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: server.repository + "/objects/pack").isEmpty)
        #expect(server.gate.state.prepared.isEmpty)
    }

    @Test(arguments: [
        ("40000", ".git", "means .git"), ("40000", ".GIT", "means .git"), ("100644", "git~1", "means .git"),
        ("40000", ".git. ", "means .git"), ("40000", ".g\u{200c}it", "means .git"), ("40000", "a\\.git", "means .git"),
        ("40000", ".git::$INDEX_ALLOCATION", "means .git"), ("40000", "..", "is a path"), ("40000", ".", "is a path"),
        ("100644", "a/b", "slash"), ("120000", ".gitmodules", "symbolic link"),
        ("120000", ".GITMODULES ", "symbolic link"), ("100600", "x", "bad mode"), ("040000", "x", "bad mode"),
    ])
    func attack6TreesThatCannotBeLaidOutSafelyAreRefused(mode: String, name: String, reason: String) async throws {
        try await LiveGitServer.run { server in
            let git = try await server.client()
            let id = try await git("rev-parse", mode.hasSuffix("40000") ? "HEAD^{tree}" : "HEAD:index.html")
            let inner = try await Self.object(git, "tree", Self.entry(mode, Array(name.utf8), id))
            let outer = try await Self.object(git, "tree", Self.entry("40000", Array("deep".utf8), inner))
            let commit = try await Self.commit(git, tree: outer)
            try await Self.expectRefused(server, git, commit, because: reason)
        }
    }

    @Test func attack6DuplicateAndUnsortedEntriesAreRefused() async throws {
        try await LiveGitServer.run { server in
            let git = try await server.client()
            let blob = try await git("rev-parse", "HEAD:index.html")
            let tree = try await git("rev-parse", "HEAD^{tree}")
            let a = Self.entry("100644", Array("a".utf8), blob)
            let b = Self.entry("100644", Array("b".utf8), blob)
            let between = Self.entry("100644", Array("a.b".utf8), blob)
            let folder = Self.entry("40000", Array("a".utf8), tree)
            for entries in [a + a, b + a, a + between + folder] {
                let commit = try await Self.commit(git, tree: try await Self.object(git, "tree", entries))
                try await Self.expectRefused(server, git, commit, because: "twice")
            }
        }
    }

    @Test func attack6ACommitWithMissingObjectsIsRefused() async throws {
        try await LiveGitServer.run { server in
            let git = try await server.client()
            let missing = String(repeating: "a", count: 40)
            let tree = try await git("rev-parse", "HEAD^{tree}")
            let commit = try await Self.commit(git, tree: tree, parent: missing)
            // A client that believes to be shallow does not send the parent and does not miss it.
            try Data("\(commit)\n".utf8).write(to: URL(fileURLWithPath: git.folder + "/.git/shallow"))
            try await Self.expectRefused(server, git, commit, because: "shallow update not allowed")
            #expect(try await git.run("push", server.url, "\(commit):refs/heads/evil").output.contains("is missing"))
        }
    }

    @Test(arguments: [false, true])
    func attack6AnUnreachedCommitMustBeWhole(isDamaged: Bool) async throws {
        try await LiveGitServer.run(isDamaged: isDamaged) { server in
            let git = try await server.client()
            try await server.stored()("fetch", "-q", git.folder, "main:main")
            let file = try await git("rev-parse", "HEAD:index.html")
            let stale = try await server.commit(git, ["a": "stale\n"], "stale")
            try await server.stored()("fetch", "-q", git.folder, "main:stale")
            try await server.stored()("update-ref", "-d", "refs/heads/stale")
            let gone = try await git("rev-parse", "HEAD:a")
            if isDamaged {
                try FileManager.default.removeItem(
                    atPath: "\(server.repository)/objects/\(gone.prefix(2))/\(gone.dropFirst(2))")
            }
            // A client that names what it knows to be there and sends nothing.
            let answer = try await Self.post(
                server, old: Self.zero, new: stale, pack: Self.emptyPack, ref: "refs/heads/x")
            let verdict = isDamaged ? "ng refs/heads/x missing necessary objects" : "ok refs/heads/x"
            #expect(answer.contains(verdict), "\(answer)")
            // One that sends it whole mends it.
            try await git("push", "-q", server.url, "main:refs/heads/y")
            #expect(try await server.stored()("cat-file", "-t", gone) == "blob")
            #expect(try await server.stored()("cat-file", "-t", file) == "blob")
        }
    }

    @Test func aBranchMustPointToACommit() async throws {
        try await LiveGitServer.run { server in
            let git = try await server.client()
            try await git("push", server.url, "main^{tree}:refs/tags/tree")
            let answer = try await Self.post(
                server, old: Self.zero, new: try await git("rev-parse", "main^{tree}"), pack: Self.emptyPack)
            #expect(answer.contains("ng refs/heads/main a branch must point to a commit"))
        }
    }

    private static let zero = String(repeating: "0", count: 40)
    /// Version 2, no objects, and the SHA-1 of those twelve bytes.
    private static let emptyPack =
        Data("PACK".utf8) + [0, 0, 0, 2, 0, 0, 0, 0] + [
            0x02, 0x9d, 0x08, 0x82, 0x3b, 0xd8, 0xa8, 0xea, 0xb5, 0x10, 0xad, 0x6a, 0xc7, 0x5c, 0x82, 0x3c, 0xfd, 0x3e,
            0xd3, 0x1e,
        ]

    /// Sends one command and bytes for a pack, as a client without side-band.
    private static func post(
        _ server: LiveGitServer, old: String, new: String, pack: Data, ref: String = "refs/heads/main"
    ) async throws -> String {
        var bytes: [UInt8] = []
        PktLine.append(Array("\(old) \(new) \(ref)\0report-status".utf8), to: &bytes)
        let path = server.scratch.path("request-\(UUID().uuidString)")
        try (Data(bytes) + PktLine.flush + pack).write(to: URL(fileURLWithPath: path))
        let command = try RunningCommand(
            "/usr/bin/curl",
            [
                "-s", "--max-time", "20", "-u", "ann:\(RecordingGate.token)", "-H",
                "Content-Type: application/x-git-receive-pack-request", "--data-binary", "@\(path)",
                "http://127.0.0.1:\(server.port)/ann/site.git/git-receive-pack",
            ], folder: server.scratch.path, environment: ["PATH": "/usr/bin:/bin"])
        return await command.outcome().output
    }

    @Test func aWrongOldValueIsRefusedAndNothingIsKept() async throws {
        try await LiveGitServer.run { server in
            let git = try await server.client()
            try await git("push", server.url, "main")
            let head = try await git("rev-parse", "main")
            let next = try await server.commitNoise(git, bytes: 2_000_000)
            let name = try await git("pack-objects", "--all", "-q", "pack")
            let pack = try #require(FileManager.default.contents(atPath: git.folder + "/pack-\(name).pack"))
            let before = try server.files()
            for old in [Self.zero, String(repeating: "b", count: 40)] {
                for (new, pack) in [(head, Self.emptyPack), (next, pack)] {
                    let answer = try await Self.post(server, old: old, new: new, pack: pack)
                    #expect(answer.contains("ng refs/heads/main failed to update ref"))
                }
            }
            #expect(try server.files() == before)
            #expect(try await server.stored()("rev-parse", "main") == head)
            #expect(server.gate.state.prepared.count == 1)
        }
    }

    @Test func attack5DamagedPacksAreRefused() async throws {
        try await LiveGitServer.run { server in
            let git = try await server.client()
            let head = try await git("rev-parse", "main")
            let name = try await git("pack-objects", "--all", "-q", "pack")
            let pack = try #require(FileManager.default.contents(atPath: git.folder + "/pack-\(name).pack"))
            var flipped = pack
            flipped[pack.count / 2] ^= 0x55
            var counted = pack
            counted.replaceSubrange(8..<12, with: [0xff, 0xff, 0xff, 0xff])
            var typed = pack
            typed[12] = typed[12] & 0x8f | 0x50
            var sized = pack
            sized[12] ^= 0x01
            let damaged: [Data] = [
                Data(), pack.dropLast(1), pack.prefix(pack.count / 2), pack.prefix(12), pack.prefix(5), flipped,
                counted,
                typed, sized, Data("rubbish that is no pack at all".utf8),
            ]
            for bytes in damaged {
                let answer = try await Self.post(server, old: Self.zero, new: head, pack: bytes)
                #expect(answer.contains("ng refs/heads/main"), "\(answer)")
                #expect(try await server.stored()("for-each-ref").isEmpty)
                #expect(try server.quarantines().isEmpty)
                #expect(
                    try FileManager.default.contentsOfDirectory(atPath: server.repository + "/objects/pack").isEmpty)
            }
            #expect(try await Self.post(server, old: Self.zero, new: head, pack: pack).contains("ok refs/heads/main"))
        }
    }

    @Test func attack5AnObjectOverTheLimitIsRefused() async throws {
        try await LiveGitServer.run { server in
            let git = try await server.client()
            // 200 MB of zeros are a few hundred kilobytes as sent.
            try await git("config", "core.bigFileThreshold", "1g")
            try Data(count: 200 << 20).write(to: URL(fileURLWithPath: git.folder + "/zeros"))
            let commit = try await server.commit(git, [:], "bomb")
            try await Self.expectRefused(server, git, commit, because: "is larger than 128 MiB")
        }
    }
}
