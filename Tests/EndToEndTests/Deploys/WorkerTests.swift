import Foundation
import ServerTestSupport
import Testing

extension EndToEnd {
    @Suite struct Workers {
        @Test func `a worker is ready when it has made its file, and its name has a plain page`() async throws {
            let project = try await Project("worker", template: "node")
            try project.write("package.json", NodeApp.package)
            try project.write("berth.yaml", "kind: worker\nhealth: {check: file, seconds: 20}\n")
            try project.write(
                "server.js",
                """
                console.log('port ' + process.env.PORT);
                require('fs').writeFileSync(process.env.XHOST_READY_FILE, '');
                setInterval(() => {}, 1000);
                """)
            try await project.commit("one")
            let push = try await project.push()
            #expect(push.status == 0, "\(push.errorText)")
            #expect(push.errorText.contains("port undefined"))
            let page = try await project.get()
            #expect(page.status == 200 && page.text.contains("answers no requests"))
            try project.write("server.js", "console.log('no good'); process.exit(4);\n")
            try await project.commit("two")
            let failed = try await project.push()
            #expect(failed.status != 0 && failed.errorText.contains("before it was ready"), "\(failed.errorText)")
            try await HostResidue.expectOnlyLive(project.platform)
        }

        @Test func `an app that must not run twice is replaced without a failed request`() async throws {
            let project = try await Project("alone", template: "node")
            try project.write("berth.yaml", "strategy: stop-first\n")
            try await project.commitNode("one")
            try await project.deploy()
            let load = LoadGenerator(port: project.berthd.port, host: "\(project.hostname()):\(project.berthd.port)")
            try await eventually("the load is there") { load.requests > 100 }
            try await project.commitNode("two", delay: 500)
            try await project.deploy()
            #expect(try await project.get().text == "two")
            let report = try await load.stop()
            #expect(report.failures.isEmpty, "\(report.failures.prefix(3))")
            #expect(report.bodies.isSuperset(of: ["one"]))
            try await HostResidue.expectOnlyLive(project.platform)
        }
    }
}
