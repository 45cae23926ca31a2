import Foundation
import ServerTestSupport
import Testing

extension EndToEnd {
    @Suite struct Reconciliation {
        @Test func `what is taken away behind the server's back comes back`() async throws {
            let project = try await Project("lost", template: "node")
            try await project.commitNode("here")
            try await project.deploy()
            let boot = try await project.get("/boot").text
            let prod = try await project.prod
            // The instance's link to the bridge.
            let bridge = try #require(project.berthd.bridge)
            let path = "/apps/\(project.app.id)/channels/\(prod.id)/instances"
            let instances = try await project.platform.call("GET", path)
            let id = try #require(instances.text.firstMatch(of: /"instance_id":"([0-9a-f-]{36})"/)).output.1
            let link = try String(
                contentsOfFile: "\(try project.berthd.runtimeFolder())/containers/i-\(id)/record.json",
                encoding: .utf8
            ).firstMatch(of: /"hostInterface":"([^"]+)"/)
            let name = String(try #require(link).output.1)
            #expect(FileManager.default.fileExists(atPath: "/sys/class/net/\(bridge)/brif/\(name)"))
            try await project.runInFolder("ip", "link", "delete", name)

            try await eventually("another process answers", within: .seconds(30)) {
                let now = try await project.get("/boot")
                return now.status == 200 && now.text != boot
            }
            try await eventually("it is told") {
                try await project.platform.call("GET", "/apps/\(project.app.id)/events").text
                    .contains("instance_replaced")
            }
            #expect(project.berthd.log.contains("repaired"))
            try await HostResidue.expectOnlyLive(project.platform)
        }
    }
}
