import Core
import Foundation
import TestSupport
import Testing

@testable import GitServer

/// What arrives when it is no git client that sends, or one that goes in the middle.
@Suite struct RawSocketTests {
    private static let zero = String(repeating: "0", count: 40)

    /// The commands of a push that makes `main`.
    private static func commands(_ new: String, _ capabilities: String = "report-status") -> Data {
        var bytes: [UInt8] = []
        PktLine.append(Array("\(zero) \(new) refs/heads/main\0\(capabilities)".utf8), to: &bytes)
        return Data(bytes + PktLine.flush)
    }

    @Test func aClientThatGoesHalfwayLeavesNothingBehind() async throws {
        try await LiveGitServer.run { server in
            let before = try server.files()
            let body = Self.commands(String(repeating: "a", count: 40)) + Data("PACK".utf8) + (try Data.noise(3 << 20))
            let client = try RawClient(server)
            await client.send(Data(RawClient.head("git-receive-pack", length: 2 * body.count).utf8) + body)
            try await expectEventually("half of it is there") { try !server.quarantines().isEmpty }
            client.close()
            try await expectEventually("it goes") { try server.files() == before }
            #expect(server.gate.state.prepared.isEmpty)
        }
    }

    @Test func aBodyThatEndsEarlyIsNoPush() async throws {
        try await LiveGitServer.run { server in
            let git = try await server.client()
            let head = try await git("rev-parse", "main")
            let name = try await git("pack-objects", "--all", "-q", "pack")
            let pack = try #require(FileManager.default.contents(atPath: git.folder + "/pack-\(name).pack"))
            let before = try server.files()
            for body in [Self.commands(head), Self.commands(head) + pack.dropLast(30), Self.commands(head).dropLast(6)]
            {
                let client = try RawClient(server)
                let request = RawClient.head("git-receive-pack", length: body.count + 30)
                await client.send(Data(request.utf8) + body)
                client.finish()
                let answer = await client.answer()
                client.close()
                #expect(!answer.contains("ok refs/heads/main"), "\(answer)")
                #expect(try server.files() == before)
            }
            // All of it, and the client's side closed: it is answered.
            let client = try RawClient(server)
            let body = Self.commands(head) + pack
            await client.send(Data(RawClient.head("git-receive-pack", length: body.count).utf8) + body)
            client.finish()
            #expect(await client.answer(until: "ok refs/heads/main").contains("ok refs/heads/main"))
            client.close()
        }
    }

    @Test(arguments: [
        ("git-receive-pack", "", "zzzz"), ("git-receive-pack", "", "0001"), ("git-receive-pack", "", "0002"),
        ("git-receive-pack", "", "fff0"), ("git-receive-pack", "", "00-1"), ("git-receive-pack", "", "0008\0\0\0\0"),
        ("git-upload-pack", "", "zzzz"), ("git-upload-pack", "", "0001"), ("git-upload-pack", "", "0009rubbi"),
        ("git-upload-pack", "version=2", "zzzz"), ("git-upload-pack", "version=2", "0001"),
        ("git-upload-pack", "version=2", "0009rubbi"), ("git-upload-pack", "version=2", "0014command=rubbish\n0000"),
        ("git-upload-pack", "version=2", "0012command=fetch\n00010009rubbi0000"),
        ("git-upload-pack", "version=2", "00130012command=fetch\n0000"),
    ])
    func rubbishIsRefusedInWords(service: String, version: String, text: String) async throws {
        try await LiveGitServer.run { server in
            let before = try server.files()
            let client = try RawClient(server)
            let fields = "Connection: close\r\n" + (version.isEmpty ? "" : "Git-Protocol: \(version)\r\n")
            await client.send(Data((RawClient.head(service, length: text.utf8.count, fields: fields) + text).utf8))
            client.finish()
            let answer = await client.answer()
            client.close()
            #expect(answer.hasPrefix("HTTP/1.1 400") || answer.contains("ERR "), "\(answer)")
            #expect(try server.files() == before)
        }
    }

    @Test func aTokenThatIsRevokedWhileThePackComesStopsIt() async throws {
        try await LiveGitServer.run(configure: {
            // A quarter of it is how often the server looks.
            ($0.confirmation, $0.body.idle) = (.milliseconds(20), .seconds(40))
        }) { server in
            let before = try server.files()
            let body = Self.commands(String(repeating: "a", count: 40)) + Data("PACK".utf8) + (try Data.noise(2 << 20))
            let client = try RawClient(server)
            // The rest is held back.
            await client.send(Data(RawClient.head("git-receive-pack", length: 2 * body.count).utf8) + body)
            try await expectEventually("it is asked for again and again") {
                try server.gate.state.authorized.count > 3 && !server.quarantines().isEmpty
            }
            server.gate.change { $0.isRevoked = true }
            let answer = await client.answer(until: "the token was revoked")
            client.close()
            #expect(answer.hasPrefix("HTTP/1.1 401"), "\(answer)")
            #expect(answer.contains("the token was revoked"))
            try await expectEventually("it goes") { try server.files() == before }
        }
    }

    @Test func aTokenThatIsRevokedWhileAPackGoesEndsIt() async throws {
        try await LiveGitServer.run(configure: { $0.confirmation = .milliseconds(20) }) { server in
            let git = try await server.client()
            // More than the kernel takes for a client that does not read.
            let size = 32 << 20
            try Data.noise(size).write(to: URL(fileURLWithPath: git.folder + "/large.bin"))
            try await git("add", ".")
            try await git("commit", "-q", "-m", "large")
            try await git("push", "-q", server.url, "main")
            var bytes: [UInt8] = []
            PktLine.append(Array("command=fetch".utf8), to: &bytes)
            bytes += Array("0001".utf8)
            PktLine.append(Array("want \(try await git("rev-parse", "main"))\n".utf8), to: &bytes)
            PktLine.append(Array("done\n".utf8), to: &bytes)
            let body = Data(bytes + PktLine.flush)
            let client = try RawClient(server)
            let fields = "Git-Protocol: version=2\r\nConnection: close\r\n"
            await client.send(Data(RawClient.head("git-upload-pack", length: body.count, fields: fields).utf8) + body)
            let first = await client.count(atMost: 1000)
            #expect(first == 1000)
            server.gate.change { $0.isRevoked = true }
            let asked = server.gate.state.refused
            try await expectEventually("it is asked for again") { server.gate.state.refused > asked }
            let rest = await client.count()
            client.close()
            #expect(rest < size, "\(rest) bytes")
        }
    }

    /// As git would send them; its own client takes half a minute to find out what to send.
    @Test func tenThousandRefsInOnePush() async throws {
        try await LiveGitServer.run { server in
            let git = try await server.client()
            let head = try await git("rev-parse", "main")
            let name = try await git("pack-objects", "--all", "-q", "pack")
            let pack = try #require(FileManager.default.contents(atPath: git.folder + "/pack-\(name).pack"))
            var bytes: [UInt8] = []
            for number in 0..<10_000 {
                let capabilities = number == 0 ? "\0report-status" : ""
                let ref = "refs/heads/b\(number / 100)/r\(number)"
                PktLine.append(Array("\(Self.zero) \(head) \(ref)\(capabilities)".utf8), to: &bytes)
            }
            let body = Data(bytes + PktLine.flush) + pack
            let client = try RawClient(server)
            let request = RawClient.head("git-receive-pack", length: body.count, fields: "Connection: close\r\n")
            await client.send(Data(request.utf8) + body)
            let answer = await client.answer()
            client.close()
            #expect(answer.contains("unpack ok") && answer.contains("ok refs/heads/b99/r9999"))
            #expect(!answer.contains("ng refs"))
            let refs = try await server.stored()("for-each-ref", "--format=%(objectname)").split(separator: "\n")
            #expect(refs.count == 10_000 && Set(refs) == [Substring(head)])
            #expect(try await git("ls-remote", "--heads", server.url).split(separator: "\n").count == 10_000)
            #expect(server.gate.state.moved.last?.count == 10_000)
            #expect(try server.quarantines().isEmpty)
        }
    }
}
