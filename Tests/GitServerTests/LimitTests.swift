import Core
import Foundation
import TestSupport
import Testing

@testable import GitServer

/// Limits as clients meet them.
@Suite(.serialized) struct LimitTests {
    /// Sends bytes as they are, waits for the server to end the connection, and returns what it said. The shell's own
    /// sockets do no more than they are told to.
    private static func send(_ server: LiveGitServer, _ text: String, then more: String = "") async throws -> String {
        let path = server.scratch.path("bytes-\(UUID().uuidString)")
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        let script = "exec 3<>/dev/tcp/127.0.0.1/\(server.port); cat \(path) >&3; \(more) cat <&3"
        let command = try RunningCommand(
            "/bin/bash", ["-c", script], folder: server.scratch.path, environment: ["PATH": "/usr/bin:/bin"])
        return await command.outcome().output
    }

    private static func head(_ service: String, length: Int, credentials: Bool = true) -> String {
        let token = Data("ann:\(RecordingGate.token)".utf8).base64EncodedString()
        return "POST /ann/site.git/\(service) HTTP/1.1\r\nHost: git.localhost\r\n"
            + (credentials ? "Authorization: Basic \(token)\r\n" : "")
            + "Content-Type: application/x-\(service)-request\r\nContent-Length: \(length)\r\n\r\n"
    }

    @Test(arguments: ["git-upload-pack", "git-receive-pack"])
    func attack5And27AClientThatStopsSendingIsLetGo(service: String) async throws {
        try await LiveGitServer.run(configure: { $0.body.idle = .milliseconds(200) }) { server in
            let answer = try await Self.send(server, Self.head(service, length: 5000) + "0032want ")
            #expect(answer.hasPrefix("HTTP/1.1 408"))
            #expect(answer.contains("nothing was sent for"))
            #expect(try server.quarantines().isEmpty)
        }
    }

    @Test func attack5ABodyThatNobodyWantsIsNotReadForEver() async throws {
        try await LiveGitServer.run(configure: { $0.body.unreadTime = .milliseconds(200) }) { server in
            let request = Self.head("git-receive-pack", length: 1 << 40, credentials: false)
            let waiting = try await Self.send(server, request)
            #expect(waiting.hasPrefix("HTTP/1.1 401"))
            let sending = try await Self.send(server, request, then: "head -c 20000000 /dev/zero >&3 2>/dev/null;")
            #expect(sending.hasPrefix("HTTP/1.1 401") || sending.contains("reset by peer"))
            let wrong = request.replacing("POST", with: "GET")
            #expect(try await Self.send(server, wrong).hasPrefix("HTTP/1.1 405"))
        }
    }

    @Test func aShortBodyThatNobodyWantsDoesNotEndTheConnection() async throws {
        try await LiveGitServer.run { server in
            let refused = Self.head("git-receive-pack", length: 4, credentials: false) + "0000"
            let next =
                Self.head("git-receive-pack", length: 4)
                .replacing("Host:", with: "Connection: close\r\nHost:") + "0000"
            let answer = try await Self.send(server, refused + next)
            #expect(answer.hasPrefix("HTTP/1.1 401"))
            #expect(answer.contains("HTTP/1.1 200"))
        }
    }

    @Test func clientsOfHTTP10AreAnswered() async throws {
        try await LiveGitServer.run { server in
            let token = Data("ann:\(RecordingGate.token)".utf8).base64EncodedString()
            let answer = try await Self.send(
                server,
                "GET /ann/site.git/info/refs?service=git-upload-pack HTTP/1.0\r\nConnection: close\r\n"
                    + "Authorization: basic \(token)\r\n\r\n")
            #expect(answer.contains(" 200 OK"))
            #expect(answer.contains("# service=git-upload-pack"))
        }
    }

    private static func status(_ server: LiveGitServer, _ fields: [String]) async throws -> String {
        try await GitHTTPBackend(server: server)
            .askOurs("GET", "info/refs", query: "service=git-upload-pack", fields: fields).status
    }

    @Test func attack3GuessesAreSlowedDownByAddress() async throws {
        try await LiveGitServer.run(configure: {
            ($0.guesses.free, $0.guesses.delay) = (2, .seconds(30))
        }) { server in
            let wrong = "Authorization: Bearer wrong"
            let first = "X-Forwarded-For: 10.1.1.1"
            let steps: [(fields: [String], status: String)] = [
                ([wrong, first], "401"), ([wrong, first], "401"), ([wrong, first], "401"), ([wrong, first], "429"),
                // The right ones wait too, or a guess would be told by the time it takes.
                ([first], "429"), (["X-Forwarded-For: 10.1.1.2"], "200"),
                (["X-Forwarded-For: 10.1.1.1, 10.1.1.2"], "200"), (["Authorization:", first], "401"),
            ]
            for step in steps {
                let status = try await Self.status(server, step.fields)
                #expect(status == step.status, "\(step.fields)")
            }
        }
    }

    @Test func attack27RequestsAtOnceAreLimited() async throws {
        try await LiveGitServer.run(configure: { $0.requestsPerUser = 1 }) { server in
            let git = try await server.client()
            let deploys = LedDeploys(server.gate)
            let push = try git.start(["push", server.url, "main"])
            try await deploys.send(.lines(["building"]))
            let refused = try await git.run("ls-remote", server.url)
            #expect(refused.status != 0)
            #expect(refused.output.contains("remote: you have 1 git requests running already"))
            #expect(refused.output.contains("429"))
            deploys.finish()
            #expect(await push.outcome().status == 0)
            try await expectEventually("the place is free") { try await git.run("ls-remote", server.url).status == 0 }
        }
    }

    @Test func attack3ATokenThatIsRevokedMeanwhileStopsThePush() async throws {
        try await LiveGitServer.run { server in
            let git = try await server.client()
            server.gate.onView {
                // Asked for the advertisement and, the second time, once the objects have come.
                guard server.gate.state.authorized.count >= 2 else { return }
                server.gate.change { $0.isRevoked = true }
            }
            let outcome = try await git.run("push", server.url, "main")
            #expect(outcome.status != 0)
            #expect(outcome.output.contains("the token was revoked"))
            #expect(try await server.stored()("for-each-ref").isEmpty)
            #expect(server.gate.state.prepared.isEmpty)
        }
    }

    @Test func attack7RefsAndOptionsOfAPushAreLimited() async throws {
        try await LiveGitServer.run(configure: {
            ($0.pushCommands, $0.refNameBytes, $0.pushOptions) = (2, 40, 1)
        }) { server in
            let git = try await server.client()
            let many = try await git.run("push", server.url, "main:a", "main:b", "main:c")
            #expect(many.status != 0)
            #expect(many.output.contains("more than 2 refs in one push"), "\(many.output)")
            let long = try await git.run("push", server.url, "main:\(String(repeating: "n", count: 60))")
            #expect(long.output.contains("the name of a ref is longer than 40 bytes"), "\(long.output)")
            let options = try await git.run("push", "-o", "a", "-o", "b", server.url, "main")
            #expect(options.output.contains("more than 1 push options"), "\(options.output)")
            #expect(try await server.stored()("for-each-ref").isEmpty)
            try await git("push", "-q", "-o", "a", server.url, "main:a", "main:b")
        }
    }

    @Test func theListOfRefsOfAPushIsLimited() async throws {
        try await LiveGitServer.run(configure: { $0.commandBytes = 400 }) { server in
            let git = try await server.client()
            let outcome = try await git.run("push", server.url, "main:a", "main:b", "main:c", "main:d")
            #expect(outcome.status != 0)
            #expect(outcome.output.contains("the list of refs is larger than 400 bytes"), "\(outcome.output)")
            #expect(try await server.stored()("for-each-ref").isEmpty)
            try await git("push", "-q", server.url, "main")
        }
    }

    @Test func wantsAndHavesOfAFetchAreLimited() async throws {
        try await LiveGitServer.run(configure: { $0.fetchWants = 3 }) { server in
            let git = try await server.client()
            for number in 0..<4 {
                try await server.commit(git, ["a": "\(number)"], "c")
                try await git("branch", "b\(number)")
            }
            try await git("push", "-q", server.url, "--all")
            let copy = try server.git("copy")
            try await copy("init", "-q")
            let outcome = try await copy.run("fetch", server.url, "refs/heads/*:refs/remotes/x/*")
            #expect(outcome.status != 0)
            #expect(outcome.output.contains("remote error: more than 3 objects asked for at once"), "\(outcome.output)")
        }
    }

    @Test func theWorkForAFetchHasALimit() async throws {
        try await LiveGitServer.run(configure: { $0.fetchTime = .zero }) { server in
            let git = try await server.client()
            let first = try await git("rev-parse", "HEAD")
            try await server.commit(git, ["a": "a"], "second")
            try await git("push", "-q", server.url, "main")
            let copy = try server.git("copy")
            try await copy("init", "-q")
            // Not a ref's value: the server looks for it in the history.
            for version in ["0", "2"] {
                let outcome = try await copy.run("-c", "protocol.version=\(version)", "fetch", server.url, first)
                #expect(outcome.status != 0)
                #expect(
                    outcome.output.contains("remote error: the fetch takes longer than 0.0 seconds"),
                    "\(outcome.output)")
            }
        }
    }

    @Test func attack5WhatExpandsTooMuchIsRefused() async throws {
        try await LiveGitServer.run { server in
            let body = server.scratch.path("zeros")
            try Data(count: 9 << 20).write(to: URL(fileURLWithPath: body))
            let gzip = try RunningCommand(
                "/usr/bin/gzip", ["-9", body], folder: server.scratch.path, environment: ["PATH": "/usr/bin:/bin"])
            #expect(await gzip.outcome().status == 0)
            let bytes = try #require(FileManager.default.contents(atPath: body + ".gz"))
            // One whole packet's head, so that it is no rubbish before it is too much.
            let answer = try await GitHTTPBackend(server: server).askOurs(
                "POST", "git-upload-pack", type: "application/x-git-upload-pack-request", body: bytes,
                fields: ["Content-Encoding: x-gzip"])
            #expect(answer.status == "413")
            #expect(answer.text.contains("the compressed request comes to more than 100 times its size"))
        }
    }
}
