import Foundation
import ServerTestSupport
import Testing

extension EndToEnd {
    @Suite struct ProtectedBranch {
        @Test func `a protected branch can be advanced, and neither moved elsewhere nor deleted`() async throws {
            let project = try await Project("protected", template: "static")
            try project.write("index.html", "one")
            let first = try await project.commit("first")
            try await project.deploy()
            try await project.deploy("HEAD:refs/heads/release")
            let path = "/apps/\(project.app.id)/protected-branches"
            #expect(try await project.platform.call("PUT", path, ["branches": ["release"]]).status == 200)

            try project.write("index.html", "two")
            let second = try await project.commit("second")
            try await project.deploy("HEAD:refs/heads/release")
            let back = try await project.push("+\(first):refs/heads/release", options: ["-o", "force"])
            #expect(back.status != 0)
            #expect(back.errorText.contains("the branch is protected: it can only be advanced"), "\(back.errorText)")
            let deletion = try await project.push(":refs/heads/release")
            #expect(deletion.status != 0)
            #expect(deletion.errorText.contains("the branch is protected"), "\(deletion.errorText)")
            #expect(try await project.remoteRefs()["refs/heads/release"] == second)

            #expect(try await project.platform.call("PUT", path, ["branches": []] as [String: [String]]).status == 200)
            try await project.deploy("+\(first):refs/heads/release")
        }
    }
}
