import Foundation
import ServerTestSupport
import Testing

extension EndToEnd {
    @Suite struct NodePush {
        private static let migration = """
            psql "$DATABASE_URL" -q -v ON_ERROR_STOP=1 -c 'CREATE TABLE IF NOT EXISTS visit (name text)'
            """

        @Test func `an app finds its environment and the table that install sh made`() async throws {
            let project = try await Project("node-env", template: "node")
            try await project.platform.setEnvironment("GREETING", "hello world", app: project.app.id)
            try project.write("install.sh", Self.migration)
            let sha = try await project.commitNode("one")

            try await project.deploy()

            #expect(try await project.get().text == "one")
            let environment = try JSONDecoder().decode([String: String].self, from: await project.get("/env").body)
            #expect(environment["XHOST_USER"] == "admin")
            #expect(environment["XHOST_SHA"] == sha)
            #expect(environment["GREETING"] == "hello world")
            #expect(environment["PORT"].flatMap { Int($0) } != nil)
            #expect(environment["DATABASE_URL"]?.hasPrefix("postgresql://r_") == true)
            #expect(environment["DATABASE_HOST"]?.isEmpty == false)
            #expect(environment["DATABASE_PASSWORD"]?.isEmpty == false)
            // Nothing of the server's own environment.
            #expect(environment.keys.allSatisfy { !$0.hasPrefix("BERTH_") && !$0.hasPrefix("GIT_") })

            let inserted = try await project.post("/sql", "INSERT INTO visit VALUES ('ada') RETURNING name")
            #expect(inserted.text == "ada\n", "\(inserted.status)")
            #expect(try await project.post("/sql", "SELECT count(*) FROM visit").text == "1\n")
            let schema = try await project.post("/sql", "SELECT current_schema()").text
            let id = try await project.prod.id.replacingOccurrences(of: "-", with: "")
            #expect(schema == "ch_\(id.prefix(12))\n")
        }

        @Test func `another channel's schema is refused`() async throws {
            let project = try await Project("node-schema", template: "node")
            try project.write("install.sh", Self.migration)
            try await project.commitNode("one")
            try await project.deploy()
            let prodSchema = try await project.post("/sql", "SELECT current_schema()").text
                .trimmingCharacters(in: .whitespacesAndNewlines)
            _ = try await project.platform.createChannel("qa", binding: "branch:qa", app: project.app.id)

            try await project.deploy("HEAD:refs/heads/qa")

            #expect(try await project.get(channel: "qa").text == "one")
            #expect(try await project.post("/sql", "SELECT count(*) FROM visit", channel: "qa").text == "0\n")
            let attempts = [
                "SELECT * FROM \(prodSchema).visit", "CREATE TABLE \(prodSchema).other (x int)",
                "DROP SCHEMA \(prodSchema) CASCADE", "SET ROLE r_\(prodSchema.dropFirst(3))",
                "CREATE TABLE public.other (x int)", "CREATE SCHEMA other",
            ]
            for sql in attempts {
                let answer = try await project.post("/sql", sql, channel: "qa")
                let isRefused = answer.text.contains("permission denied") || answer.text.contains("must be owner")
                #expect(answer.status == 500 && isRefused, "\(sql): \(answer.text)")
            }
        }

        @Test func `variables take effect with the next deploy and not before`() async throws {
            let project = try await Project("node-next", template: "node")
            let sha = try await project.commitNode("one")
            try await project.deploy()
            try await project.platform.setEnvironment("LATER", "1", app: project.app.id)
            #expect(try await !project.get("/env").text.contains("LATER"))

            let deploy = try await project.platform.deploy(sha, app: project.app.id, channel: project.prod.id)

            try await eventually("deploy \(deploy.deploy_id) took effect") {
                try await project.get("/env").text.contains("LATER")
            }
        }
    }
}
