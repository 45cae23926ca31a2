import Foundation
import ServerTestSupport
import Testing

extension Isolation {
    /// Attack 14: what is told of a failure does not tell a secret.
    @Suite struct ErrorBodies {
        /// A request that is refused, with a secret in it. `%` stands for it.
        struct Request: Sendable, CustomTestStringConvertible {
            let name: String
            var method = "POST"
            var host = "api.localhost"
            var path = "/apps/%app/env"
            var authorization: String?
            var body = ""

            var testDescription: String { name }
        }

        static let requests = [
            Request(name: "a body that is cut off", body: #"{"key": "A", "value": "%"#),
            Request(name: "a body that is no JSON", body: "A=%"),
            Request(name: "a body that is no object", body: #"["A", "%"]"#),
            Request(name: "a value that is a list", body: #"{"key": "A", "value": ["%"]}"#),
            Request(name: "a value that is an object", body: #"{"key": "A", "value": {"%": "%"}}"#),
            Request(name: "a reserved key", body: #"{"key": "DATABASE_URL", "value": "%"}"#),
            Request(name: "a key that is none", body: #"{"key": "no key", "value": "%"}"#),
            Request(name: "a value with a NUL", body: #"{"key": "A", "value": "%\u0000%"}"#),
            Request(name: "a key twice and no value", body: #"{"key": "%", "key": null, "valeu": "%"}"#),
            Request(
                name: "somebody else's app", path: "/apps/7d3c6c1e-3c0d-4a51-9a61-0f0f0f0f0f0f/env",
                body: #"{"key": "A", "value": "%"}"#),
            Request(name: "no such token", method: "GET", path: "/apps", authorization: "Bearer xh_live_%"),
            Request(name: "no token's form", method: "GET", path: "/apps", authorization: "%"),
            Request(name: "a token in the query", method: "GET", path: "/apps?token=%", authorization: ""),
            Request(
                name: "a password of nobody's", method: "GET", host: "git.localhost",
                path: "/admin/attacker.git/info/refs?service=git-upload-pack", authorization: "Basic %64"),
            Request(name: "no such endpoint", method: "GET", path: "/nothing?key=%"),
            Request(name: "no such site", method: "GET", host: "nobody-nobody.localhost", path: "/?key=%"),
        ]

        @Test(arguments: requests)
        func `attack 14: an error does not repeat the secret that it refuses`(request: Request) async throws {
            let stage = try Stage.get()
            let secret = "s3cr3t-\(UUID().uuidString)"
            let pair = Data("admin:\(secret)".utf8).base64EncodedString()
            func filled(_ text: String) -> String {
                text.replacingOccurrences(of: "%app", with: stage.attacker.app.id)
                    .replacingOccurrences(of: "%64", with: pair).replacingOccurrences(of: "%", with: secret)
            }
            let authorization = request.authorization.map(filled) ?? "Bearer \(stage.attacker.platform.token)"
            let answer = try await stage.berthd.request(
                request.method, host: request.host, path: filled(request.path),
                headers: [("Content-Type", "application/json")]
                    + (authorization.isEmpty ? [] : [("Authorization", authorization)]),
                body: request.body.isEmpty ? nil : Data(filled(request.body).utf8))
            #expect((400..<500).contains(answer.status), "\(answer.status) \(answer.text)")
            #expect(!answer.text.isEmpty)
            for value in [secret, pair] {
                #expect(!answer.text.contains(value), "\(answer.text)")
                #expect(!answer.headers.values.contains { $0.contains(value) }, "\(answer.headers)")
                #expect(!stage.berthd.log.contains(value))
            }
        }

        /// Ends before it answers, with a stack trace, once it has told everything that it knows.
        private static let crash = """
            console.error('variables', JSON.stringify(process.env));
            process.stdout.write('key ' + process.env.KEY.slice(0, 12));
            setTimeout(() => { console.log(process.env.KEY.slice(12)); throw new Error('no ' + process.env.KEY); }, 100);

            """

        @Test(arguments: ["server.js", "install.sh"])
        func `attack 14: whoever is told why a deploy failed is not told what the app has printed of its secrets`(
            file: String
        ) async throws {
            let stage = try Stage.get()
            let name = file.prefix { $0 != "." }
            let project = try await Project("failing-\(name)", template: "node", on: stage.attacker.platform)
            let secret = "s3cr3t/\(UUID().uuidString)?"
            try await project.platform.setEnvironment("KEY", secret, app: project.app.id)
            try await project.commitNode("good")
            try await project.deploy()
            let variables = try JSONDecoder().decode([String: String].self, from: await project.get("/env").body)
            let password = try #require(variables["DATABASE_PASSWORD"])

            try project.write("crash.js", Self.crash)
            try project.write(file, file == "server.js" ? Self.crash : "exec node crash.js\n")
            try await project.commit("bad")
            let push = try await project.push()

            #expect(push.status != 0 && push.errorText.contains("deploy of prod failed: "))
            #expect(push.errorText.contains("no [hidden]"), "\(push.errorText)")
            let log = try await project.lastLog()
            #expect(log.contains("no [hidden]") && log.contains("key [hidden]"), "\(log)")
            var told = [push.errorText, log, stage.berthd.log, try await project.get().text]
            for path in ["", "/deploys", "/events", "/channels/\(try await project.prod.id)/instances"] {
                let answer = try await project.platform.call("GET", "/apps/\(project.app.id)\(path)")
                #expect(answer.status == 200, "\(path): \(answer.status)")
                told.append(answer.text)
            }
            for text in told {
                for value in [secret, String(secret.prefix(12)), String(secret.suffix(12)), password] {
                    #expect(!text.contains(value), "\(text.suffix(2000))")
                }
            }
            #expect(try await project.platform.call("DELETE", "/apps/\(project.app.id)").status == 204)
        }
    }
}
