import Foundation
import ServerTestSupport
import Synchronization
import Testing

extension Isolation {
    /// Attacks 14 to 16: where values of variables go, and what they can do.
    @Suite struct Secrets {
        @Test func `attack 14: a secret is masked in the log, however it is spelled, and is in no command line`()
            async throws
        {
            let stage = try Stage.get()
            let secret = "s3cr3t/\(UUID().uuidString)?&="
            let project = try await Project("leaky", template: "static", on: stage.attacker.platform)
            try await project.platform.setEnvironment("KEY", secret, app: project.app.id)
            try project.write("index.html", "shown")
            try project.write(
                "install.sh",
                """
                echo "plain $KEY"
                printf %s "$KEY" | base64 -w 0; echo
                printf 'user:%s' "$KEY" | base64 -w 0; echo
                node -p 'encodeURIComponent(process.env.KEY)'
                printf %s "$KEY" | od -An -tx1 | tr -d ' \\n'; echo
                perl -e '$| = 1; print substr($ENV{KEY}, 0, 9); select undef, undef, undef, 0.2; print substr($ENV{KEY}, 9), "\\n"'
                echo "plain $KEY" >&2
                echo spelled 7 times
                sleep 1

                """)
            try await project.commit("leak")
            let push = try project.startPush()
            var commandLines: Set<String> = []
            while !push.hasEnded {
                commandLines.formUnion(HostProcess.commandLines())
                try await Task.sleep(for: .milliseconds(20))
            }
            let result = try await push.result()
            #expect(result.status == 0, "\(result.errorText)")
            let log = try await project.lastLog()
            #expect(log.contains("spelled 7 times"))
            #expect(log.components(separatedBy: "[hidden]").count == 8, "\(log)")
            let bytes = Data(secret.utf8)
            let spellings = [
                secret, bytes.base64EncodedString(), Data("user:\(secret)".utf8).base64EncodedString(),
                bytes.map { String($0, radix: 16) }.joined(), String(secret.prefix(9)),
                try #require(secret.addingPercentEncoding(withAllowedCharacters: .alphanumerics)),
            ]
            #expect(commandLines.contains { $0.contains("install.sh") })
            for spelling in spellings {
                #expect(!log.contains(spelling), "\(spelling)")
                #expect(!result.errorText.contains(spelling), "\(spelling)")
                #expect(!stage.berthd.log.contains(spelling), "\(spelling)")
                #expect(!commandLines.contains { $0.contains(spelling) }, "\(spelling)")
            }
        }

        @Test func `attack 15: another channel of the app has neither prod's database role nor its schema`()
            async throws
        {
            let stage = try Stage.get()
            let project = try await Project("twofold", template: "node", on: stage.attacker.platform)
            try project.write(
                "install.sh",
                """
                psql "$DATABASE_URL" -c "CREATE TABLE customer AS SELECT 'sesame' AS name"
                psql "$DATABASE_URL" -Atc "SELECT 'prod is ' || current_user || ' in ' || current_schema()"

                """)
            try await project.commitNode("prod")
            let first = try await project.push()
            #expect(first.status == 0, "\(first.errorText)")
            let names = try #require(first.errorText.firstMatch(of: /prod is (\w+) in (\w+)/))
            let (role, schema) = (names.output.1, names.output.2)
            let prod = try JSONDecoder().decode([String: String].self, from: await project.get("/env").body)
            let password = try #require(prod["DATABASE_PASSWORD"])

            let created = try await project.platform.call(
                "POST", "/apps/\(project.app.id)/channels",
                ["name": "trial", "git_ref_binding": "branch:trial"])
            #expect(created.status == 200, "\(created.text)")
            try project.write(
                "install.sh",
                """
                psql "$DATABASE_URL" -c 'SELECT name FROM \(schema).customer' || echo not read
                psql "$DATABASE_URL" -c 'SET ROLE \(role)' || echo not taken
                env | grep -c '\(password)' || echo not known

                """)
            try await project.commitNode("trial")
            let push = try await project.push("HEAD:refs/heads/trial")
            #expect(push.status == 0, "\(push.errorText)")
            for line in ["not read", "not taken", "not known"] {
                #expect(push.errorText.contains(line), "\(push.errorText)")
            }
            #expect(!push.errorText.contains("sesame"))
        }

        @Test(
            arguments: [
                ["key": "A=B", "value": "x"], ["key": "A\nB", "value": "x"], ["key": "", "value": "x"],
                ["key": "A", "value": "x\0y"], ["key": "DATABASE_URL", "value": "postgres://elsewhere"],
                ["key": "XHOST_USER", "value": "root"], ["key": "A", "value": String(repeating: "x", count: 2 << 20)],
            ])
        func `attack 16: a variable that would not stay with the app is refused, and the error does not repeat it`(
            body: [String: String]
        ) async throws {
            let project = try Stage.get().attacker
            let answer = try await project.platform.call("POST", "/apps/\(project.app.id)/env", body)
            #expect((400..<500).contains(answer.status), "\(answer.status)")
            #expect(!answer.text.contains("postgres://elsewhere") && answer.body.count < 2000)
        }

        @Test func `attack 16: variables that programs load code by reach the app's own processes only`() async throws {
            let stage = try Stage.get()
            let project = try await Project("preload", template: "static", on: stage.attacker.platform)
            for (key, value) in [("LD_PRELOAD", "/app/evil.so"), ("NODE_OPTIONS", "--require=/app/evil.js")] {
                try await project.platform.setEnvironment(key, value, app: project.app.id)
            }
            try project.write("index.html", "shown")
            try project.write("install.sh", "echo \"loaded by $LD_PRELOAD\"\n")
            try await project.commit("preload")
            let push = try await project.push()
            #expect(push.status == 0, "\(push.errorText)")
            #expect(!stage.berthd.log.contains("evil"))
            #expect(try await stage.neighbour.get().text == "unharmed")
        }
    }
}
