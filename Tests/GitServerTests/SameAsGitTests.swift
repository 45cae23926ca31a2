import Core
import Foundation
import Git
import TestSupport
import Testing

@testable import GitServer

/// Byte by byte what `git http-backend` says of the same repository.
@Suite(.serialized) struct SameAsGitTests {
    private static let versions = ["", "version=1", "version=2"]

    /// A server that calls itself git, so that no length differs.
    private static func run(
        head: String = "main", _ body: @Sendable (LiveGitServer, GitHTTPBackend) async throws -> Void
    ) async throws {
        let agent = try await GitHTTPBackend.agent()
        try await LiveGitServer.run(head: head, configure: { $0.agent = agent }) { server in
            try await body(server, GitHTTPBackend(server: server))
        }
    }

    /// A history of ten commits, tags of both kinds, a tag of a tag, of a tree and of a blob, and a hidden ref.
    private static func fill(_ server: LiveGitServer) async throws -> GitCommand {
        let git = try await server.client()
        for number in 0..<10 { try await server.commit(git, ["f\(number % 3)/x.txt": "\(number)\n"], "c\(number)") }
        try await git("tag", "light", "HEAD~2")
        try await git("tag", "-a", "v1", "-m", "one", "HEAD~1")
        try await git("tag", "-a", "v1-again", "-m", "again", "v1")
        try await git("tag", "-a", "tree", "-m", "tree", "HEAD^{tree}")
        try await git("tag", "blob", "HEAD:index.html")
        try await git("branch", "topic/a", "HEAD~3")
        try await git("push", "-q", server.url, "--all")
        try await git("push", "-q", server.url, "--tags")
        let id = try #require(CommitID(try await git("rev-parse", "HEAD~5")))
        try await server.store.pin(id, deploy: ID(), app: server.gate.app.id)
        return git
    }

    private static func expectSame(
        _ backend: GitHTTPBackend, version: String, _ body: Data, _ comment: Comment? = nil,
        location: SourceLocation = #_sourceLocation
    ) async throws {
        let type = "application/x-git-upload-pack-request"
        let theirs = try await backend.ask("POST", "git-upload-pack", version: version, type: type, body: body)
        let ours = try await backend.askOurs("POST", "git-upload-pack", version: version, type: type, body: body)
        #expect(ours.text == theirs.text, comment, sourceLocation: location)
        #expect(ours == theirs, comment, sourceLocation: location)
    }

    private static func packets(_ lines: [String]) -> Data {
        var bytes: [UInt8] = []
        for line in lines {
            switch line {
            case "0000", "0001": bytes += Array(line.utf8)
            default: PktLine.append(line: line, to: &bytes)
            }
        }
        return Data(bytes)
    }

    private static func expectSameAdvertisements(_ backend: GitHTTPBackend) async throws {
        for version in versions {
            for service in ["git-upload-pack", "git-receive-pack"] {
                let theirs = try await backend.ask("GET", "info/refs", query: "service=\(service)", version: version)
                let ours = try await backend.askOurs("GET", "info/refs", query: "service=\(service)", version: version)
                // Receiving has no version 2. git's server then leaves out the line that names the service; clients that
                // ask so all the same are better off with it.
                let isBare = service == "git-receive-pack" && version == "version=2"
                let preamble = isBare ? "001f# service=git-receive-pack\n0000" : ""
                #expect(ours.text == preamble + theirs.text)
                #expect(ours.contentType == theirs.contentType)
                #expect(ours.status == theirs.status)
            }
        }
    }

    @Test func anEmptyRepositoryIsAdvertised() async throws {
        try await Self.run(head: "trunk") { _, backend in try await Self.expectSameAdvertisements(backend) }
    }

    @Test(arguments: [false, true])
    func refsAreAdvertised(isPacked: Bool) async throws {
        try await Self.run { server, backend in
            _ = try await Self.fill(server)
            if isPacked { try await server.stored()("pack-refs", "--all") }
            try await Self.expectSameAdvertisements(backend)
        }
    }

    @Test func aHeadWithoutABranchIsAdvertised() async throws {
        try await Self.run(head: "none") { server, backend in
            _ = try await Self.fill(server)
            try await Self.expectSameAdvertisements(backend)
            try await server.stored()("symbolic-ref", "HEAD", "refs/heads/topic/a")
            try await Self.expectSameAdvertisements(backend)
            try await server.stored()("update-ref", "--no-deref", "HEAD", "refs/tags/light")
            try await Self.expectSameAdvertisements(backend)
        }
    }

    @Test(arguments: [
        ["0001", "0000"], ["0001", "peel", "symrefs", "0000"], ["0001", "peel", "symrefs", "unborn", "0000"], ["0000"],
        ["0001", "ref-prefix refs/heads/", "0000"], ["0001", "ref-prefix HEAD", "symrefs", "0000"],
        ["0001", "peel", "ref-prefix refs/tags/v1", "ref-prefix refs/tags/v", "ref-prefix none", "0000"],
    ])
    func refsAreListed(arguments: [String]) async throws {
        try await Self.run { server, backend in
            let body = Self.packets(["command=ls-refs", "agent=git/2", "object-format=sha1"] + arguments)
            try await Self.expectSame(backend, version: "version=2", body, "empty")
            _ = try await Self.fill(server)
            try await Self.expectSame(backend, version: "version=2", body, "filled")
        }
    }

    @Test func sizesAreTold() async throws {
        try await Self.run { server, backend in
            let git = try await Self.fill(server)
            var lines = ["command=object-info", "object-format=sha1", "0001", "size"]
            for name in ["HEAD", "HEAD^{tree}", "HEAD:index.html", "v1"] {
                lines.append("oid \(try await git("rev-parse", name))")
            }
            lines.append("oid \(String(repeating: "a", count: 40))")
            try await Self.expectSame(backend, version: "version=2", Self.packets(lines + ["0000"]))
            try await Self.expectSame(
                backend, version: "version=2", Self.packets(["command=object-info", "0001", "size", "0000"]))
        }
    }

    @Test func negotiationIsAnswered() async throws {
        try await Self.run { server, backend in
            let git = try await Self.fill(server)
            let head = try await git("rev-parse", "HEAD")
            let old = try await git("rev-parse", "HEAD~4")
            let root = try await git("rev-parse", "HEAD~9")
            let topic = try await git("rev-parse", "topic/a")
            let unknown = String(repeating: "b", count: 40)
            let haves = [
                [old], [unknown], [unknown, old], [old, unknown], [root, old], [old, root, unknown], [topic],
                [unknown, root],
            ]
            for list in haves {
                let lines = list.map { "have \($0)" }
                for words in ["", " multi_ack", " multi_ack_detailed", " multi_ack_detailed side-band-64k ofs-delta"] {
                    let body = Self.packets(["want \(head)\(words)", "0000"] + lines + ["0000"])
                    try await Self.expectSame(backend, version: "", body, "v0 \(words) \(list)")
                }
                let start = ["command=fetch", "0001", "ofs-delta", "want \(head)"]
                // An answer with `ready` goes on with a pack, which need not be the same.
                if !list.contains(old), list != [topic], !list.contains(root) {
                    try await Self.expectSame(backend, version: "version=2", Self.packets(start + lines + ["0000"]))
                }
                let waiting = Self.packets(start + ["wait-for-done"] + lines + ["0000"])
                try await Self.expectSame(backend, version: "version=2", waiting, "wait-for-done \(list)")
                let wantless = Self.packets(["command=fetch", "0001", "wait-for-done"] + lines + ["0000"])
                try await Self.expectSame(backend, version: "version=2", wantless, "no wants \(list)")
            }
        }
    }

    @Test func depthRequestsAreAnswered() async throws {
        try await Self.run { server, backend in
            let git = try await Self.fill(server)
            let head = try await git("rev-parse", "HEAD")
            let shallow = try await git("rev-parse", "HEAD~2")
            for lines in [
                ["deepen 1"], ["deepen 3"], ["deepen 100"], ["deepen 2147483647"], ["shallow \(shallow)", "deepen 5"],
                ["shallow \(shallow)", "deepen 1"], ["deepen-not refs/tags/light"], ["deepen-not light"],
                ["deepen-since 1"], ["shallow \(shallow)", "deepen 2147483647"],
            ] {
                let body = Self.packets(
                    ["want \(head) multi_ack_detailed side-band-64k ofs-delta deepen-since deepen-not"] + lines + [
                        "0000"
                    ])
                try await Self.expectSame(backend, version: "", body, "\(lines)")
            }
            let further = Self.packets([
                "want \(head) deepen-relative side-band-64k", "shallow \(shallow)", "deepen 2", "0000",
            ])
            try await Self.expectSame(backend, version: "", further, "deepen-relative")
        }
    }

    @Test func anEmptyRequestIsAnsweredWithNothing() async throws {
        try await Self.run { server, backend in
            _ = try await Self.fill(server)
            for version in Self.versions {
                for body in ["", "0000"] {
                    try await Self.expectSame(backend, version: version, Data(body.utf8), "\(version) '\(body)'")
                }
            }
        }
    }

    @Test func wrongRequestsAreRefusedAlike() async throws {
        try await Self.run { server, backend in
            _ = try await Self.fill(server)
            let requests = [
                ("GET", "info/refs", "service=git-upload-archive", ""), ("GET", "info/refs", "", ""),
                ("GET", "HEAD", "", ""), ("GET", "objects/info/packs", "", ""), ("GET", "nothing", "", ""),
                ("POST", "git-upload-pack", "", "text/plain"), ("POST", "git-receive-pack", "", ""),
                ("POST", "git-upload-pack", "", "application/x-git-receive-pack-request"),
            ]
            for (method, path, query, type) in requests {
                let theirs = try await backend.ask(method, path, query: query, type: type, body: Data("0000".utf8))
                let ours = try await backend.askOurs(method, path, query: query, type: type, body: Data("0000".utf8))
                #expect(ours.status == theirs.status, "\(method) \(path)?\(query)")
                if theirs.status == "415" { #expect(ours.text.contains("Expected POST with Content-Type")) }
            }
        }
    }

    @Test func reportsOfPushesAreTheSame() async throws {
        try await Self.run { server, backend in
            let git = try await Self.fill(server)
            let head = try await git("rev-parse", "HEAD")
            let old = try await git("rev-parse", "HEAD~3")
            let zero = String(repeating: "0", count: 40)
            let type = "application/x-git-receive-pack-request"
            let commands = [
                "\(old) \(zero) refs/heads/topic/a", "\(head) \(zero) refs/heads/main",
                "\(zero) \(zero) refs/heads/none",
                "\(zero) \(zero) refs/heads/..", "\(old) \(zero) refs/berth/x", "\(old) \(zero) refs/tags/light",
            ]
            for command in commands {
                var lines = Self.packets([]) as Data
                var bytes: [UInt8] = []
                PktLine.append(Array("\(command)\0report-status".utf8), to: &bytes)
                lines = Data(bytes + PktLine.flush)
                // Ours first: theirs finds the refs as ours left them, so each is given them anew.
                let refs = try await server.stored()("for-each-ref", "--format=update %(refname) %(objectname)")
                let ours = try await backend.askOurs("POST", "git-receive-pack", type: type, body: lines)
                let path = server.scratch.path("refs-\(UUID().uuidString)")
                try Data((refs + "\n").utf8).write(to: URL(fileURLWithPath: path))
                _ = await (try server.stored().start(["update-ref", "--stdin"], input: path)).outcome()
                let theirs = try await backend.ask("POST", "git-receive-pack", type: type, body: lines)
                _ = await (try server.stored().start(["update-ref", "--stdin"], input: path)).outcome()
                #expect(ours.text == theirs.text, "\(command)")
            }
        }
    }
}
