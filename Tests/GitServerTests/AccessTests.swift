import Core
import Foundation
import TestSupport
import Testing

@testable import GitServer

@Suite struct AccessTests {
    /// Asks as any HTTP client would, through curl: status, headers and body.
    private static func curl(_ server: LiveGitServer, _ arguments: [String]) async throws -> String {
        let command = try RunningCommand(
            "/usr/bin/curl", ["-sS", "-i", "--path-as-is", "--max-time", "60"] + arguments, folder: server.scratch.path,
            environment: ["PATH": "/usr/bin:/bin"])
        return await command.outcome().output
    }

    private static func base(_ server: LiveGitServer) -> String { "http://127.0.0.1:\(server.port)/ann" }
    private static let basic = ["-u", "ann:\(RecordingGate.token)"]

    @Test func attack3WithoutOrWithWrongCredentialsTheAnswerIs401() async throws {
        try await LiveGitServer.run { server in
            let url = Self.base(server) + "/site.git/info/refs?service=git-upload-pack"
            for arguments in [[url], ["-u", "ann:wrong", url], ["-u", "ann:\(RecordingGate.revoked)", url]] {
                let answer = try await Self.curl(server, arguments).lowercased()
                #expect(answer.hasPrefix("http/1.1 401"))
                #expect(answer.contains("www-authenticate: basic realm=\"berth\""))
            }
            let git = try server.git("client")
            let outcome = try await git.run("ls-remote", server.url(token: "wrong"))
            #expect(outcome.status != 0)
            #expect(outcome.output.contains("Authentication failed"))
            #expect(server.gate.state.authorized.isEmpty)
        }
    }

    @Test func attack2And29MissingAndForeignRepositoriesAreOneAnswer() async throws {
        try await LiveGitServer.run { server in
            var answers: Set<String> = []
            for name in ["missing.git", "theirs.git", "theirs", "..%2fsite.git", "SITE.git", "a%00b.git", "%2e%2e"] {
                let answer = try await Self.curl(
                    server, Self.basic + [Self.base(server) + "/\(name)/info/refs?service=git-upload-pack"])
                let lines = answer.split(separator: "\r\n").filter { !$0.lowercased().hasPrefix("date:") }
                answers.insert(lines.joined(separator: "\n"))
            }
            #expect(answers.count == 1)
            #expect(answers.first?.hasPrefix("HTTP/1.1 404") == true)
            let git = try server.git("client")
            let outcome = try await git.run("ls-remote", server.url(token: RecordingGate.token, name: "theirs.git"))
            #expect(outcome.output.contains("not found"))
        }
    }

    @Test func attack3EveryRequestAsksTheGate() async throws {
        try await LiveGitServer.run { server in
            let client = try await server.client()
            try await client("push", server.url, "main")
            server.gate.change { $0.isScopeDenied = true }
            for service in ["git-upload-pack", "git-receive-pack"] {
                let post = try await Self.curl(
                    server,
                    Self.basic + [
                        "-H", "Content-Type: application/x-\(service)-request", "--data-binary", "0000",
                        Self.base(server) + "/site.git/\(service)",
                    ])
                #expect(post.hasPrefix("HTTP/1.1 403"))
                #expect(post.contains("lacks the repo:* scope"))
                let anonymous = try await Self.curl(
                    server,
                    [
                        "-H", "Content-Type: application/x-\(service)-request", "--data-binary", "0000",
                        Self.base(server) + "/site.git/\(service)",
                    ])
                #expect(anonymous.hasPrefix("HTTP/1.1 401"))
            }
        }
    }

    @Test func bearerTokensAreTakenToo() async throws {
        try await LiveGitServer.run { server in
            let answer = try await Self.curl(
                server,
                [
                    "-H", "Authorization: Bearer \(RecordingGate.token)",
                    Self.base(server) + "/site/info/refs?service=git-receive-pack",
                ])
            #expect(answer.hasPrefix("HTTP/1.1 200"))
            #expect(answer.lowercased().contains("content-type: application/x-git-receive-pack-advertisement"))
            #expect(answer.lowercased().contains("cache-control: no-cache"))
        }
    }

    @Test(arguments: [
        ("info/refs", "403"), ("info/refs?service=git-upload-archive", "403"), ("HEAD", "403"),
        ("objects/info/packs", "403"), ("config", "404"),
        ("objects/pack/pack-1.idx", "403"), ("objects/aa/bb", "403"), ("refs/heads/main", "404"),
        ("git-upload-pack", "405"), ("git-receive-pack", "405"),
    ])
    func attack2NothingButSmartRequestsIsServed(path: String, status: String) async throws {
        try await LiveGitServer.run { server in
            let answer = try await Self.curl(server, Self.basic + [Self.base(server) + "/site.git/\(path)"])
            #expect(answer.hasPrefix("HTTP/1.1 \(status)"))
            guard status == "403" else { return }
            // What old clients show: git before 1.6.6 asks for the plain file.
            let reason =
                path.hasSuffix("archive")
                ? "Unsupported service: 'git-upload-archive'"
                : "this server speaks smart HTTP only; use git 1.6.6 or newer"
            #expect(answer.hasSuffix("\r\n\r\n\(reason)\n"), "\(answer)")
            #expect(answer.lowercased().contains("content-type: text/plain; charset=utf-8"))
        }
    }

    @Test func aPostOfAnotherTypeIsRefused() async throws {
        try await LiveGitServer.run { server in
            for type in ["text/plain", "application/x-git-upload-pack-request"] {
                let answer = try await Self.curl(
                    server,
                    Self.basic + [
                        "-H", "Content-Type: \(type)", "--data-binary", "0000",
                        Self.base(server) + "/site.git/git-receive-pack",
                    ])
                #expect(answer.hasPrefix("HTTP/1.1 415"))
            }
        }
    }

    @Test func aLoneFlushIsAnsweredWithAnEmptyResult() async throws {
        try await LiveGitServer.run { server in
            let answer = try await Self.curl(
                server,
                Self.basic + [
                    "-H", "Content-Type: application/x-git-receive-pack-request", "-H", "Expect: 100-continue",
                    "--data-binary", "0000", Self.base(server) + "/site.git/git-receive-pack",
                ])
            #expect(answer.contains("HTTP/1.1 200"))
            #expect(server.gate.state.prepared.isEmpty)
        }
    }

    @Test func attack5ACompressedBodyIsCountedAsInflated() async throws {
        try await LiveGitServer.run(configure: { $0.fetchRequestBytes = 100_000 }) { server in
            let body = server.scratch.path("zeros")
            let line = "0032have " + String(repeating: "0", count: 40) + "\n"
            try Data(String(repeating: line, count: 100_000).utf8).write(to: URL(fileURLWithPath: body))
            let gzip = try RunningCommand(
                "/usr/bin/gzip", [body], folder: server.scratch.path, environment: ["PATH": "/usr/bin:/bin"])
            #expect(await gzip.outcome().status == 0)
            let answer = try await Self.curl(
                server,
                Self.basic + [
                    "-H", "Content-Type: application/x-git-upload-pack-request", "-H", "Content-Encoding: gzip",
                    "--data-binary", "@\(body).gz", Self.base(server) + "/site.git/git-upload-pack",
                ])
            #expect(answer.hasPrefix("HTTP/1.1 413"))
        }
    }

    @Test func aPushOverTheLimitIsToldSo() async throws {
        try await LiveGitServer.run(configure: { $0.pushBytes = 2_000_000 }) { server in
            let client = try await server.client()
            let noise = try Data.noise(3_000_000)
            try noise.write(to: URL(fileURLWithPath: client.folder + "/noise.bin"))
            try await server.commit(client, [:], "big")
            let outcome = try await client.run("-c", "http.postBuffer=65536", "push", server.url, "main")
            #expect(outcome.status != 0)
            #expect(outcome.output.contains("the request is larger than 1 MiB"))
            #expect(try await server.stored()("for-each-ref").isEmpty)
            #expect(try server.quarantines().isEmpty)
        }
    }
}
