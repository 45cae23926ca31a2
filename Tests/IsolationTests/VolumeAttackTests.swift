import Foundation
import ServerTestSupport
import Testing

extension Isolation {
    /// What an app does to the disk by the folders that it may write to.
    @Suite struct VolumeAttacks {
        /// Writes a file of a MiB again and again, once it was asked to. Not without end, should nobody stop it.
        private static let server = """
            const fs = require('fs');
            let count = 0;
            require('http').createServer((request, response) => {
                if (request.url === '/fill') setInterval(() => {
                    if (count++ < 400) fs.writeFileSync('data/file' + count, Buffer.alloc(1 << 20, 1));
                }, 20);
                response.end('up');
            }).listen(process.env.PORT);
            """

        @Test(.timeLimit(.minutes(4)))
        func `attack 11: an app that fills its volumes is stopped and told why, until it has less`() async throws {
            let stage = try Stage.get()
            let others = try HostResidue(of: stage.berthd).containers
            let project = try await Project("filler", template: "node")
            do {
                try await fill(project, stage)
            } catch {
                _ = try? await project.platform.call("DELETE", "/apps/\(project.app.id)")
                throw error
            }
            #expect(try await project.platform.call("DELETE", "/apps/\(project.app.id)").status == 204)
            try await eventually("only the other apps are left") {
                try Set(HostResidue(of: stage.berthd).containers).isSubset(of: others)
            }
        }

        private func fill(_ project: Project, _ stage: Stage) async throws {
            try project.write("berth.yaml", "volumes: data\n")
            try project.write("package.json", NodeApp.package)
            try project.write("server.js", Self.server)
            try await project.commit("fill")
            try await project.deploy()
            let id = try #require(try await project.instances().first).instance_id
            #expect(try await project.get("/fill").text == "up")

            try await eventually("the app is suspended") { try await project.instances().map(\.state) == ["suspended"] }
            let shown = try #require(try await project.instances().first)
            #expect(shown.instance_id == id)
            #expect(shown.reason?.contains("of 16 MiB that they may") == true, "\(shown)")
            try await eventually("nothing of it runs") {
                try !HostProcess.all().contains { $0.containerName == "i-\(id)" }
            }
            let folder = "\(stage.berthd.data)/volumes/\(try await project.prod.id)/data"
            let files = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(files.count > 16)
            let path = "/apps/\(project.app.id)/channels/\(try await project.prod.id)/instances/\(id)/log"
            try await eventually("its log says why") {
                let log = try await project.platform.call("GET", path).text
                return log.split(separator: "\n").last?.hasPrefix("berth: stopped: its volumes have ") == true
            }
            let page = try await project.get()
            #expect(page.status == 503 && page.text.contains("has been stopped"), "\(page.text)")
            let refused = try await project.pushAgain()
            #expect(refused.status != 0 && refused.errorText.contains("of 16 MiB that they may"))
            #expect(try await stage.neighbour.get().text == "unharmed")
            let events = try await project.platform.call("GET", "/apps/\(project.app.id)/events").text
            #expect(events.split(separator: "instance_suspended").count == 2, "\(events)")

            // Stopped it stays, until somebody makes room.
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == files.count)
            for name in files { try FileManager.default.removeItem(atPath: "\(folder)/\(name)") }
            try await eventually("the app runs again") { try await project.get().text == "up" }
            #expect(try await project.instances().map(\.state) == ["live"])
        }
    }
}

extension Project {
    fileprivate struct Instances: Decodable {
        struct Instance: Decodable {
            let instance_id: String
            let state: String
            let reason: String?
        }
        let instances: [Instance]
    }

    /// What runs of the app's `prod`, and what would.
    fileprivate func instances() async throws -> [Instances.Instance] {
        let answer = try await platform.call("GET", "/apps/\(app.id)/channels/\(try await prod.id)/instances")
        return try JSONDecoder().decode(Instances.self, from: answer.body).instances
    }
}
