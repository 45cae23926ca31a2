import ServerTestSupport
import Testing

extension EndToEnd {
    @Suite struct Branches {
        @Test func `an unbound branch is stored and deploys nothing`() async throws {
            let project = try await Project("unbound", template: "static")
            try project.write("index.html", "master")
            let live = try await project.commit("first")
            try await project.deploy()
            try project.write("index.html", "feature")
            let sha = try await project.commit("feature")

            let push = try await project.push("HEAD:refs/heads/feature")

            #expect(push.status == 0, "\(push.errorText)")
            #expect(!push.errorText.contains("deploy complete"))
            #expect(try await project.remoteRefs()["refs/heads/feature"] == sha)
            #expect(try await project.get().text == "master")
            #expect(try await project.prod.current_sha == live)
        }

        @Test func `the first push of another branch binds prod to it and says so`() async throws {
            let project = try await Project("rebind", template: "static")
            try project.write("index.html", "main")
            let sha = try await project.commit("first")

            let push = try await project.push("HEAD:refs/heads/main")

            #expect(push.status == 0, "\(push.errorText)")
            #expect(
                push.errors.contains {
                    $0.text.hasPrefix("remote:") && $0.text.contains("main") && $0.text.contains("prod")
                })
            #expect(try await project.get().text == "main")
            let prod = try await project.prod
            #expect(prod.git_ref_binding == "branch:main")
            #expect(prod.current_sha == sha)
            #expect(try await project.git("ls-remote", "--symref", "origin", "HEAD").contains("ref: refs/heads/main"))
        }

        @Test func `tags and deletions deploy nothing`() async throws {
            let project = try await Project("tags", template: "static")
            try project.write("index.html", "one")
            let sha = try await project.commit("first")
            try await project.deploy()
            _ = try await project.platform.createChannel("qa", binding: "branch:qa", app: project.app.id)
            try await project.deploy("HEAD:refs/heads/qa")
            try await project.git("tag", "--annotate", "--message", "release", "v1")

            let tag = try await project.push("refs/tags/v1")
            let deletion = try await project.push(":refs/heads/qa")

            #expect(tag.status == 0 && !tag.errorText.contains("deploy complete"), "\(tag.errorText)")
            #expect(deletion.status == 0, "\(deletion.errorText)")
            let refs = try await project.remoteRefs()
            #expect(refs["refs/heads/qa"] == nil)
            #expect(refs["refs/tags/v1^{}"] == sha)
            #expect(try await project.get(channel: "qa").text == "one")
            #expect(try await project.channel("qa").current_sha == sha)
        }

        @Test func `a clone has what was pushed`() async throws {
            let project = try await Project("clone", template: "static")
            try project.write("index.html", "one")
            let sha = try await project.commit("first")
            try await project.deploy()

            for version in ["0", "2"] {
                let folder = "\(project.berthd.folder)/clone-\(version)"
                let clone = try await run([
                    "git", "-c", "protocol.version=\(version)", "clone", "--quiet", project.platform.remote("clone"),
                    folder,
                ])
                #expect(clone.status == 0, "\(clone.errorText)")
                let head = try await run(["git", "-C", folder, "rev-parse", "HEAD"])
                #expect(head.output == "\(sha)\n")
            }
        }
    }
}
