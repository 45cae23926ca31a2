import Foundation
import ServerTestSupport
import Testing

extension EndToEnd {
    @Suite struct Rollbacks {
        @Test func `a rollback is one container start with the release's own variables`() async throws {
            let project = try await Project("back", template: "node")
            try project.write("install.sh", "sleep 1\n")
            try await project.platform.setEnvironment("MODE", "first", app: project.app.id)
            let first = try await project.commitNode("one")
            try await project.deploy()
            try await project.platform.setEnvironment("MODE", "second", app: project.app.id)
            try await project.commitNode("two")
            try await project.deploy()
            #expect(try await project.get().text == "two")

            let prod = try await project.prod
            let path = "/apps/\(project.app.id)/channels/\(prod.id)"
            #expect(try await project.platform.call("POST", "\(path)/rollback").status == 200)
            try await eventually("the first version is served") { try await project.get().text == "one" }
            #expect(try await project.get("/env").text.contains(#""MODE":"first""#))
            #expect(try await project.prod.current_sha == first)
            try await eventually("the log has its end") { try await project.lastLog().contains("deploy complete") }
            let log = try await project.lastLog()
            #expect(log.contains("no build") && !log.contains("install.sh"), "\(log)")

            // The same by the commit, once the variables are those of then.
            try await project.platform.setEnvironment("MODE", "second", app: project.app.id)
            _ = try await project.platform.deploy("HEAD", app: project.app.id, channel: prod.id)
            try await eventually("the second version is served") { try await project.get().text == "two" }
            try await eventually("the log has its end") { try await project.lastLog().contains("deploy complete") }
            #expect(try await project.lastLog().contains("no build"))
            try await HostResidue.expectOnlyLive(project.platform)
        }

        @Test func `a version that begins to fail under load is taken back`() async throws {
            let project = try await Project("spoiled", template: "node")
            try await project.commitNode("good")
            try await project.deploy()
            // Ready, and bad from its tenth answer on.
            try project.write(
                "server.js",
                """
                let count = 0;
                require('http').createServer((request, response) => {
                    count += 1;
                    if (count > 10) response.statusCode = 500;
                    response.end('bad');
                }).listen(process.env.PORT);
                """)
            try await project.commit("bad")
            let load = LoadGenerator(port: project.berthd.port, host: "\(project.hostname()):\(project.berthd.port)")
            try await eventually("the load is there") { load.requests > 100 }
            let push = try await project.push()
            #expect(push.status != 0)
            #expect(push.errorText.contains("requests failed after the switch"), "\(push.errorText)")
            #expect(push.errorText.contains("the old version serves again"))
            #expect(push.errorText.firstMatch(of: /switch: [1-9][0-9]* failed of [0-9]+/) != nil)
            _ = try await load.stop()
            #expect(try await project.get().text == "good")
            let events = try await project.platform.call("GET", "/apps/\(project.app.id)/events")
            #expect(events.text.contains("switch_undone"))
            try await HostResidue.expectOnlyLive(project.platform)
        }

        @Test func `a cancelled deploy ends at once and leaves what serves`() async throws {
            let project = try await Project("cancelled", template: "node")
            try await project.commitNode("old")
            try await project.deploy()
            try project.write("install.sh", "echo building\nsleep 600\n")
            try await project.commitNode("new")
            let push = try project.startPush()
            try await eventually("the build runs") { push.errors.contains { $0.text.contains("building") } }
            let deploy = try await project.lastDeploy()
            let id = try #require(deploy["deploy_id"] as? String)
            let answer = try await project.platform.call("POST", "/apps/\(project.app.id)/deploys/\(id)/cancel")
            #expect(answer.text.contains("cancelled by admin"), "\(answer.text)")
            let result = try await push.result()
            #expect(result.status != 0 && result.errorText.contains("cancelled by admin"))
            #expect(try await project.get().text == "old")
            try await HostResidue.expectOnlyLive(project.platform)
        }

        @Test func `the operator's hooks refuse pushes and deploys and hear of them`() async throws {
            let project = try await Project("hooked", template: "static")
            try project.write("index.html", "one")
            try await project.commit("one")
            let folder = "\(project.berthd.folder)/hooks"
            defer { try? FileManager.default.removeItem(atPath: folder) }
            func install(_ event: String, _ script: String) throws {
                let path = "\(folder)/\(event).d"
                try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
                try Data("#!/bin/sh\n\(script)\n".utf8).write(to: URL(fileURLWithPath: "\(path)/10-test"))
                try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(path)/10-test")
            }
            try install("pre-receive", "echo not on my watch, $BERTH_PUSHER; exit 1")
            let refused = try await project.push()
            #expect(refused.status != 0)
            #expect(refused.errorText.contains("not on my watch, admin"), "\(refused.errorText)")
            #expect(refused.errorText.contains("the pre-receive hook 10-test exited 1"))
            #expect(try await project.remoteRefs().isEmpty)

            try install("pre-receive", "exit 0")
            try install("pre-deploy", "echo closed; exit 3")
            let failed = try await project.push()
            #expect(failed.status != 0 && failed.errorText.contains("the pre-deploy hook 10-test exited 3"))
            #expect(failed.errorText.contains("closed"))

            try install("pre-deploy", "exit 0")
            try install("post-receive", "read old new ref; echo thanks for $ref")
            try install("post-deploy", "cat > '\(folder)/told.new'; mv '\(folder)/told.new' '\(folder)/told'")
            let good = try await project.push()
            #expect(good.status == 0, "\(good.errorText)")
            #expect(good.errorText.contains("thanks for refs/heads/master"))
            try await eventually("the post-deploy hook was told") {
                (try? String(contentsOfFile: "\(folder)/told", encoding: .utf8))?.contains(#""status":"success""#)
                    == true
            }
            #expect(try await project.get().text == "one")
        }
    }
}
