import Foundation
import ServerTestSupport
import Testing

extension EndToEnd {
    /// What `POST …/deploy` takes for a commit, in real repositories.
    @Suite struct RequestedCommits {
        /// Asks for a deploy, waits for its end and tells how it ended and its log.
        private func deploy(
            _ revision: String, of project: Project, on channel: Platform.Channel
        ) async throws -> (status: String, log: String) {
            let id = try await project.platform.deploy(revision, app: project.app.id, channel: channel.id).deploy_id
            let path = "/apps/\(project.app.id)"
            var status = ""
            var log = ""
            try await eventually("the deploy of \(revision) has ended") {
                let answer = try await project.platform.call("GET", "\(path)/deploys/\(id)")
                let shown = try JSONSerialization.jsonObject(with: answer.body) as? [String: Any]
                status = shown?["status"] as? String ?? ""
                guard status == "success" || status == "failed" else { return false }
                log = try await project.platform.call("GET", "\(path)/channels/\(channel.id)/logs?deploy=\(id)").text
                return log.contains(/\] deploy (complete|failed: .*)\n$/)
            }
            return (status, log)
        }

        @Test func `only a branch and a whole commit of this app's repository are deployed`() async throws {
            let other = try await Project("commits-elsewhere", template: "static")
            try other.write("index.html", "elsewhere")
            let foreign = try await other.commit("elsewhere")
            try await other.deploy()

            let project = try await Project("commits-here", template: "static")
            try project.write("index.html", "one")
            let first = try await project.commit("one")
            try await project.deploy()
            try project.write("index.html", "two")
            try await project.commit("two")
            try await project.git("tag", "v1")
            try await project.deploy()
            try await project.git("push", "--quiet", "origin", "v1")
            let any = try await project.platform.createChannel("any", binding: "branch:*", app: project.app.id)
            let (tree, blob) = (
                try await project.git("rev-parse", "HEAD^{tree}"),
                try await project.git("rev-parse", "HEAD:index.html")
            )

            for revision in [foreign, String(first.prefix(12)), "v1", "tags/v1", "refs/heads/master", tree, blob] {
                let outcome = try await deploy(revision, of: project, on: any)
                #expect(outcome.status == "failed", "\(revision): \(outcome.log)")
                #expect(outcome.log.contains("is not in the repository"), "\(revision): \(outcome.log)")
            }
            #expect(try await project.channel("any").current_sha == nil)
            #expect(try await project.channel("any").status == "provisioning")

            #expect(try await deploy(first, of: project, on: any).status == "success")
            #expect(try await project.get(channel: "any").text == "one")
            #expect(try await deploy("HEAD", of: project, on: any).status == "success")
            #expect(try await project.get(channel: "any").text == "two")
        }
    }
}
