import Control
import ControlTestSupport
import Core
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import TestSupport
import Testing

@testable import API

/// `docs/api.md` against a server.
@Suite("The API's page")
struct DocumentationTests {
    private static let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("docs/api.md")

    /// The shell lines of the page; the first block, which holds the reader's own address and token, is left out.
    private func script() throws -> String {
        let text = try String(contentsOf: Self.page, encoding: .utf8)
        let blocks = text.split(separator: "```sh\n").dropFirst().map { String($0.prefix(upTo: end(of: $0))) }
        return blocks.dropFirst().joined()
    }

    private func end(of block: Substring) -> Substring.Index {
        block.firstRange(of: "```")?.lowerBound ?? block.endIndex
    }

    @Test("has a curl line for every endpoint")
    func lines() throws {
        let variables = [
            "$APP": "{app_id}", "$CHANNEL": "{channel_id}", "$TOKEN_ID": "{token_id}", "$INVITE": "{invite_id}",
            "$DEPLOY": "{deploy_id}", "$INSTANCE": "{instance_id}",
            "STRIPE_SECRET_KEY": "{key}",
        ]
        var called: Set<String> = []
        for line in try script().split(separator: "\n") where line.contains("curl ") {
            let words = line.split(separator: " ").map { $0.trimmingCharacters(in: ["\"", ")", ";"]) }
            guard let address = words.first(where: { $0.hasPrefix("$BERTH/") }) else { continue }
            var path = String(address.dropFirst(6).prefix { $0 != "?" })
            for (name, parameter) in variables { path = path.replacing(name, with: parameter) }
            let method = words.firstIndex(of: "-X").map { words[$0 + 1] } ?? "GET"
            called.insert("\(method) \(path)")
        }
        let api = TestAPI()
        let served = APIServer(control: api.platform.control).endpoints.map { "\($0.method.rawValue) \($0.path)" }
        #expect(called == Set(served).union(["GET /healthz", "GET /openapi.json"]))
    }

    @Test("can be pasted into a shell, line by line, and every line works")
    func paste() async throws {
        let api = TestAPI()
        let token = try await api.token("admin", isAdmin: true)
        let directory = try TemporaryDirectory("berth-api-page")
        let script = try script()
        let app = Application(
            router: APIServer(control: api.platform.control).router(), logger: TestAPI.logger)
        try await app.test(.live) { client in
            let port = try #require(client.port)
            // The reader sees that a line fails; here it ends the script.
            let opening = """
                set -euo pipefail
                curl() { command curl --silent --show-error --fail-with-body --max-time 20 "$@"; echo; }
                BERTH=http://127.0.0.1:\(port)
                TOKEN=\(token)

                """
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/bin/bash")
            process.arguments = ["-c", opening + script]
            process.currentDirectoryURL = URL(fileURLWithPath: directory.path)
            let output = Pipe()
            process.standardOutput = output
            process.standardError = output
            let text = try await run(process, output)
            #expect(process.terminationStatus == 0, "\(text)")
            #expect(text.contains(#""next_cursor":null"#) && text.contains("deploy failed: "))
            let dump = try String(contentsOfFile: directory.path("channel.sql"), encoding: .utf8)
            #expect(dump == "-- a dump\n")
        }
    }

    /// Runs the process without holding a thread that the server needs.
    private func run(_ process: Process, _ output: Pipe) async throws -> String {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                do {
                    try process.run()
                    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
                    process.waitUntilExit()
                    continuation.resume(returning: text)
                } catch {
                    continuation.resume(throwing: error)
                }
            }
        }
    }
}
