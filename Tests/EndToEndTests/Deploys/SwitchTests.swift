import ServerTestSupport
import Testing

extension EndToEnd {
    @Suite struct Switch {
        private static let deploys = 20

        @Test(arguments: ["static", "node"])
        func `redeploys under constant load fail no request`(template: String) async throws {
            let project = try await Project("load-\(template)", template: template)
            try await commit("version 0", to: project)
            try await project.deploy()
            let load = LoadGenerator(port: project.berthd.port, host: "\(project.hostname()):\(project.berthd.port)")

            for number in 1...Self.deploys {
                try await commit("version \(number)", to: project)
                try await project.deploy()
                #expect(try await project.get().text == "version \(number)")
                let log = try await project.lastLog()
                #expect(log.contains(/switch: 0 failed of [1-9][0-9]*, p99 [+-][0-9]+ ms/), "\(log)")
            }

            let report = try await load.stop()
            #expect(report.failures.isEmpty, "\(report.failures.count) of \(report.requests) failed")
            // The load saw the versions, so it was there all the time.
            #expect(report.bodies.isSubset(of: Set((0...Self.deploys).map { "version \($0)" })))
            #expect(report.bodies.count > Self.deploys / 2)
            #expect(report.requests > 1000)
        }

        private func commit(_ version: String, to project: Project) async throws {
            if project.app.template == "node" {
                try await project.commitNode(version)
            } else {
                try project.write("index.html", version)
                try await project.commit(version)
            }
        }
    }
}
