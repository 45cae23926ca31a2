import Foundation
import ServerTestSupport
import Testing

extension Isolation {
    /// Attack 10: what a program prints does nothing to the terminal, the reader or the keeper of a log.
    @Suite struct LogAttacks {
        /// Prints everything that has been used against terminals and readers, a line each, with a word to know it by.
        private static let printer = #"""
            printf 'colour \033[31mred\033[0m\n'
            printf 'link \033]8;;http://evil.example/\033\\text\033]8;;\033\\\n'
            printf 'clipboard \033]52;c;ZXZpbA==\007end\n'
            printf 'title \033]0;evil\007end\n'
            printf 'overwritten real\rforged\n'
            printf 'backspace real\b\b\b\bforged\n'
            printf 'invalid \377\376\300\257 end\n'
            printf 'c1 \302\233\061;31m end\n'
            printf 'turned \342\200\256 end\n'
            printf 'remote: error: hook declined\n'
            printf 'markup <script>alert(1)</script>\n'
            printf 'deploy complete\n'
            printf '[2026-01-01T00:00:00Z] deploy failed: forged\n'
            head -c 200000 /dev/zero | tr '\0' x; echo
            echo printed everything

            """#

        /// The whole of what may stand in a log, by what the printed line began with.
        private static let shown = [
            "colour": "colour red", "link": "link text", "clipboard": "clipboard end", "title": "title end",
            "overwritten": "overwritten real forged",
            "backspace": "backspace real\u{fffd}\u{fffd}\u{fffd}\u{fffd}forged",
            "turned": "turned \u{fffd} end", "c1": "c1 \u{fffd}1;31m end",
            "markup": "markup <script>alert(1)</script>",
        ]

        @Test func `attack 10: what a build prints is harmless to the pusher's terminal and in the log`() async throws {
            let project = try await Project("printer", template: "static", on: Stage.get().attacker.platform)
            try project.write("index.html", "shown")
            try project.write("install.sh", Self.printer)
            try await project.commit("print")

            let push = try await project.push()

            #expect(push.status == 0, "\(push.errorText)")
            let log = try await project.lastLog()
            Self.expectHarmless(log)
            Self.expectHarmless(push.errorText)
            // The end of a deploy is the server's to tell.
            #expect(log.contains("] > deploy complete\n"))
            #expect(log.hasSuffix("] deploy complete\n"))
            // Nor does it look like a line of git's own: each stands behind the server's stamp.
            #expect(push.errorText.contains(/remote: \[[0-9TZ:-]+\] remote: error: hook declined/))
        }

        @Test func `attack 10: what an instance prints is harmless in its log`() async throws {
            let project = try await Project("speaker", template: "node", on: Stage.get().attacker.platform)
            try project.write("print.sh", Self.printer)
            try project.write("package.json", #"{"name":"app","scripts":{"start":"sh print.sh; exec node server.js"}}"#)
            try project.write("server.js", NodeApp.server(version: "1"))
            try await project.commit("print")
            let push = try await project.push()
            #expect(push.status == 0, "\(push.errorText)")
            let folder = "/apps/\(project.app.id)/channels/\(try await project.prod.id)/instances"
            let list = try await project.platform.call("GET", folder)
            let id = try #require(list.text.firstMatch(of: /"instance_id":"([0-9a-f-]{36})"/)).output.1
            try await eventually("the log has everything") {
                try await project.platform.call("GET", "\(folder)/\(id)/log").text.contains("printed everything")
            }
            let answer = try await project.platform.call("GET", "\(folder)/\(id)/log")
            Self.expectHarmless(answer.text)
            // No browser takes it for a page.
            #expect(answer.headers["content-type"]?.hasPrefix("text/plain") == true)
            #expect(answer.headers["x-content-type-options"] == "nosniff")
        }

        private static func expectHarmless(_ text: String) {
            #expect(text.contains("printed everything"))
            for scalar in text.unicodeScalars where scalar != "\n" && scalar != "\t" {
                guard scalar.value >= 0x20, !(0x7f...0x9f).contains(scalar.value),
                    !(0x202a...0x202e).contains(scalar.value)
                else {
                    Issue.record("U+\(String(scalar.value, radix: 16))")
                    return
                }
            }
            for (word, whole) in shown { #expect(text.contains(whole), "\(word)") }
            #expect(!text.contains("evil"))
            #expect(text.split(separator: "\n").allSatisfy { $0.utf8.count < 10_000 })
        }
    }
}
