import Foundation
import ServerTestSupport
import Testing

extension Isolation {
    /// Attack 14: what any user of the machine may read of a process. Every program that is started is looked at.
    @Suite struct CommandLines {
        @Test
        func `attack 14: no program that the server starts has a secret in its arguments, nor a hook in its variables`()
            async throws
        {
            let stage = try Stage.get()
            let secret = "s3cr3t-\(UUID().uuidString)"
            let project = try await Project("argued", template: "node", on: stage.attacker.platform)
            try await project.platform.setEnvironment("KEY", secret, app: project.app.id)
            let hooks = try Hooks(of: stage.berthd)
            defer { hooks.remove() }
            let record = try ExecutionRecord()

            // A deploy, with a build, a container and all hooks.
            try project.write("install.sh", "test -n \"$KEY\" && test -n \"$DATABASE_URL\" && echo has both\n")
            try await project.commitNode("one")
            let push = try await project.push()
            #expect(push.status == 0 && push.errorText.contains("has both"), "\(push.errorText)")
            let variables = try JSONDecoder().decode([String: String].self, from: await project.get("/env").body)
            let password = try #require(variables["DATABASE_PASSWORD"])
            #expect(variables["KEY"] == secret && password.utf8.count >= 16)
            // A dump and a reset.
            let address = "/apps/\(project.app.id)/channels/\(try await project.prod.id)/postgres"
            let database = try await project.platform.call("GET", address).text
            let schema = String(try #require(database.firstMatch(of: /"schema_name":"(\w+)"/)).output.1)
            let dump = try await project.platform.call("GET", "\(address)/dump")
            #expect(dump.status == 200 && dump.text.contains("PostgreSQL database dump"), "\(dump.text.prefix(500))")
            let reset = try await project.platform.call("POST", "\(address)/reset", ["confirm_schema_name": schema])
            #expect(reset.status == 204, "\(reset.text)")
            // A release that is started again, and the end of it all.
            let again = try await project.pushAgain()
            #expect(again.status == 0, "\(again.errorText)")
            try await eventually("the hooks of both deploys have run") { try hooks.runs("post-deploy") >= 2 }
            #expect(try await project.platform.call("DELETE", "/apps/\(project.app.id)").status == 204)

            let lines = record.commandLines.union(HostProcess.commandLines())
            for program in ["runc\0", "conmon\0", "pg_dump\0", "install.sh", "10-record"] {
                #expect(lines.contains { $0.contains(program) }, "\(program)")
            }
            #expect(
                try hooks.runs("pre-receive") >= 2 && hooks.runs("post-receive") >= 2 && hooks.runs("pre-deploy") >= 2)
            let token = project.platform.token
            for value in [secret, password, Data(secret.utf8).base64EncodedString()] {
                #expect(!lines.contains { $0.contains(value) }, "\(lines.filter { $0.contains(value) })")
                #expect(try !hooks.seen().contains(value))
            }
            // The pusher's own git has it in the address that it was given.
            #expect(!lines.contains { $0.contains(token) && !$0.contains("@git.localhost") })
            #expect(try !hooks.seen().contains(token))
            // That is how one would look. A program that has ended before its line is read has none, so these last a while.
            try await eventually("it would have been seen") {
                let own = try await run(["sh", "-c", ": \(secret); sleep 0.5; :"])
                #expect(own.status == 0)
                return record.commandLines.contains { $0.contains(secret) }
            }
        }

        /// A program for each occasion, that writes down its variables, its arguments and what it reads.
        private struct Hooks {
            private let folder: String
            private let output: String

            init(of berthd: Berthd) throws {
                folder = "\(berthd.folder)/hooks"
                output = "\(berthd.folder)/hooks.seen"
                let files = FileManager.default
                for event in ["pre-receive", "post-receive", "pre-deploy", "post-deploy"] {
                    let path = "\(folder)/\(event).d"
                    try files.createDirectory(atPath: path, withIntermediateDirectories: true)
                    let script = "#!/bin/sh\n{ echo \"ran \(event) $*\"; env; cat; } >>'\(output)'\n"
                    try Data(script.utf8).write(to: URL(fileURLWithPath: "\(path)/10-record"))
                    try files.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(path)/10-record")
                }
            }

            func seen() throws -> String { try String(contentsOfFile: output, encoding: .utf8) }

            func runs(_ event: String) throws -> Int { try seen().components(separatedBy: "ran \(event) ").count - 1 }

            func remove() { for path in [folder, output] { try? FileManager.default.removeItem(atPath: path) } }
        }
    }
}
