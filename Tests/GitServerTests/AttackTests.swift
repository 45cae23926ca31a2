import Core
import Foundation
import TestSupport
import Testing

@testable import GitServer

/// Attacks that concern more than one part of the server. Others are named so where their part is tested.
@Suite struct AttackTests {
    private static func ask(
        _ server: LiveGitServer, _ path: String, fields: [String] = [], post service: String? = nil
    ) async throws -> String {
        var arguments = ["-sS", "-o", "/dev/null", "-w", "%{http_code}", "--path-as-is", "--max-time", "60"]
        for field in fields { arguments += ["-H", field] }
        if let service {
            arguments += ["-H", "Content-Type: application/x-\(service)-request", "--data-binary", "0000"]
        }
        let command = try RunningCommand(
            "/usr/bin/curl", arguments + ["http://127.0.0.1:\(server.port)/ann/\(path)"], folder: server.scratch.path,
            environment: ["PATH": "/usr/bin:/bin"])
        return await command.outcome().output
    }

    /// Each endpoint with the credentials in every place where they are taken, and in those where they are not.
    private static func decisions(_ server: LiveGitServer, token: String) async throws -> [String: Set<String>] {
        let basic = Data("ann:\(token)".utf8).base64EncodedString()
        let places: [(name: String, fields: [String], query: String)] = [
            ("taken", ["Authorization: Basic \(basic)"], ""), ("taken", ["Authorization: Bearer \(token)"], ""),
            ("elsewhere", [], "access_token=\(token)"), ("elsewhere", [], "private_token=\(token)"),
            ("elsewhere", ["Cookie: session=\(token); token=\(token)"], ""), ("elsewhere", ["X-Token: \(token)"], ""),
        ]
        var decisions: [String: Set<String>] = [:]
        for place in places {
            for service in ["git-upload-pack", "git-receive-pack"] {
                let advertised = try await ask(
                    server, "site.git/info/refs?service=\(service)&\(place.query)", fields: place.fields)
                let posted = try await ask(
                    server, "site.git/\(service)?\(place.query)", fields: place.fields, post: service)
                decisions[place.name, default: []].formUnion([advertised, posted])
            }
        }
        return decisions
    }

    @Test func attack3EveryWayInDecidesAlike() async throws {
        try await LiveGitServer.run(configure: { $0.guesses.free = 1000 }) { server in
            let cases: [(token: String, isDenied: Bool, status: String)] = [
                (RecordingGate.token, false, "200"), ("wrong", false, "401"), (RecordingGate.revoked, false, "401"),
                (RecordingGate.token, true, "403"),
            ]
            for one in cases {
                server.gate.change { $0.isScopeDenied = one.isDenied }
                let decisions = try await Self.decisions(server, token: one.token)
                #expect(decisions == ["taken": [one.status], "elsewhere": ["401"]], "\(one)")
            }
        }
    }

    @Test func attack4AnAdvertisementForReadingOpensNoWriting() async throws {
        try await LiveGitServer.run { server in
            let git = try await server.client()
            try await git("push", "-q", server.url, "main")
            server.gate.change { $0.denied = .receivePack }
            let fields = ["Authorization: Bearer \(RecordingGate.token)"]
            let read = "site.git/info/refs?service=git-upload-pack"
            #expect(try await Self.ask(server, read, fields: fields) == "200")
            #expect(
                try await Self.ask(server, "site.git/git-receive-pack", fields: fields, post: "git-receive-pack")
                    == "403")
            // Nor does a type that is the other service's.
            #expect(
                try await Self.ask(server, "site.git/git-receive-pack", fields: fields, post: "git-upload-pack")
                    == "403")
            #expect(try await git.run("push", server.url, "main:other").status != 0)
            #expect(try await server.stored()("for-each-ref", "--format=%(refname)") == "refs/heads/main")
        }
    }

    @Test func attack10WhatDeploysPrintCannotDriveTheClientsTerminal() async throws {
        try await LiveGitServer.run { server in
            let git = try await server.client()
            let lines = [
                "\u{1b}[2J\u{1b}[1;31mred", "\u{1b}]52;c;aGk=\u{7}", "\u{1b}]8;;http://evil\u{1b}\\link",
                "over\rwritten",
                "two\nlines", "\u{9b}31m", String(repeating: "x", count: 100_000), "zero\0byte", "bell\u{8}\u{7f}",
            ]
            server.gate.deploysEnd(with: nil, lines: lines)
            let outcome = try await git.run("push", server.url, "main")
            #expect(outcome.status == 0)
            let shown = outcome.output.split(whereSeparator: \.isNewline).filter { $0.hasPrefix("remote: ") }
            // git itself writes an escape sequence to clear the rest of a line only to terminals.
            for line in shown {
                let hostile = line.unicodeScalars.filter {
                    ($0.value < 0x20 && $0.value != 9) || (0x7f..<0xa0).contains($0.value)
                }
                #expect(hostile.isEmpty, "\(line.prefix(100).debugDescription)")
                #expect(line.utf8.count < 9000)
            }
            #expect(shown.contains { $0.contains("over") && $0.contains("written") })
        }
    }

    @Test func attack1NoShellIsEverStarted() throws {
        let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Sources")
        var users: Set<String> = []
        for target in ["Git", "GitServer"] {
            let folder = sources.appendingPathComponent(target).resolvingSymlinksInPath()
            let names = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
            #expect(names.count > 10)
            for name in names where name.hasSuffix(".swift") {
                let text = try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
                #expect(!text.contains("/bin/") && !text.contains("popen(") && !text.contains("Process()"), "\(name)")
                if text.contains("posix_spawn") || text.contains("execv") { users.insert(name) }
            }
        }
        // The one program that is started is this one, with an array of arguments.
        #expect(users.allSatisfy { $0.hasPrefix("Receiving/Helper/") })
    }
}
