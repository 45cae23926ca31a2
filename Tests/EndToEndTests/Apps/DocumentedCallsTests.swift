import Foundation
import ServerTestSupport
import TestSupport
import Testing

extension EndToEnd {
    /// `docs/api.md`, pasted by somebody with a new server: a real one, with its Postgres.
    @Suite struct DocumentedCalls {
        private static let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("docs/api.md")

        /// The shell lines of the page, without the first block, which holds the reader's own address and token.
        private static func script() throws -> String {
            let blocks = try String(contentsOf: page, encoding: .utf8).components(separatedBy: "```sh\n").dropFirst(2)
            return blocks.compactMap { $0.components(separatedBy: "```").first }.joined()
        }

        @Test(.timeLimit(.minutes(5))) func `every line works against a new server`() async throws {
            let berthd = try Berthd()
            do {
                try await berthd.start()
                try await Self.paste(at: berthd)
            } catch {
                try? await berthd.tearDown()
                throw error
            }
            try await berthd.tearDown()
        }

        private static func paste(at berthd: Berthd) async throws {
            let directory = try TemporaryDirectory("berth-page")
            // The reader sees that a line fails; here it ends the script.
            let opening = """
                set -euo pipefail
                curl() { command curl --silent --show-error --fail-with-body --max-time 60 "$@"; echo; }
                BERTH=http://api.localhost:\(berthd.port)
                TOKEN=\(try berthd.token())

                """
            let outcome = try await run(["/bin/bash", "-c", opening + script()], directory: directory.path)
            #expect(outcome.status == 0, "\(outcome.output)\n\(outcome.errorText)")
            #expect(outcome.output.contains("deploy failed: ") && outcome.output.contains("xh_invite_"))
            let dump = try String(contentsOfFile: directory.path("channel.sql"), encoding: .utf8)
            #expect(dump.contains("CREATE SCHEMA ch_"))
            let description = try Data(contentsOf: directory.url.appendingPathComponent("openapi.json"))
            #expect(try JSONSerialization.jsonObject(with: description) is [String: Any])
        }
    }
}
