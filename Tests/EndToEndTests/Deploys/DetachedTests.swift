import ServerTestSupport
import Testing

extension EndToEnd {
    @Suite struct Detached {
        @Test func `a deploy completes when its client is killed`() async throws {
            let project = try await Project("hangup", template: "static")
            try project.write("index.html", "live")
            try project.write("install.sh", "echo begun\nsleep 2\necho ended\n")
            let sha = try await project.commit("first")
            let push = try project.startPush()
            try await eventually("install.sh has begun") { push.errors.contains { $0.text.hasSuffix("begun") } }

            push.killGroup()

            try await eventually("the site is live") { try await project.get().text == "live" }
            try await eventually("the deploy has ended") {
                try await project.lastLog().contains("deploy complete")
            }
            #expect(try await project.lastLog().contains("ended"))
            #expect(try await project.prod.current_sha == sha)
        }

        @Test func `a push with detach returns before its deploy has ended`() async throws {
            let project = try await Project("detach", template: "static")
            try project.write("index.html", "live")
            try project.write("install.sh", "sleep 2\n")
            try await project.commit("first")

            let push = try await project.push(options: ["--push-option=detach"])

            #expect(push.status == 0, "\(push.errorText)")
            #expect(try await project.prod.current_sha == nil)
            try await eventually("the site is live") { try await project.get().text == "live" }
        }
    }
}
