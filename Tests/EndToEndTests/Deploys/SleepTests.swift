import Foundation
import ServerTestSupport
import Testing

extension EndToEnd {
    @Suite struct Sleep {
        @Test(.timeLimit(.minutes(4)))
        func `an app that nobody asks is stopped, and whoever asks then starts it once and waits`() async throws {
            let project = try await Project("sleepy", template: "node")
            try project.write("berth.yaml", "sleep-after: 10s\n")
            try project.write("package.json", NodeApp.package)
            try project.write("server.js", NodeApp.server(version: "one", delay: 300) + "console.log('it boots');\n")
            try await project.commit("one")
            try await project.deploy()
            let boot = try await project.get("/boot").text
            let instance = try await project.fallenAsleep()

            // What it wrote can still be read.
            let log = try await project.platform.call("GET", "\(try await project.instances)/\(instance)/log")
            #expect(log.status == 200 && log.text == "it boots\n", "\(log.status) \(log.text)")

            let boots = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<50 { group.addTask { try await project.get("/boot").text } }
                return try await group.reduce(into: Set<String>()) { $0.insert($1) }
            }
            #expect(boots.count == 1 && boots != [boot], "\(boots)")
            // Whoever is waiting is answered before what slept is forgotten.
            try await eventually("only what was started is known") { try await project.states() == ["live"] }

            _ = try await project.fallenAsleep()
            try await project.berthd.crash()
            try await project.berthd.start()
            #expect(try await project.states() == ["asleep"])
            #expect(try await project.get().text == "one")
            // Whoever is waiting is answered before what slept is forgotten.
            try await eventually("only what was started is known") { try await project.states() == ["live"] }

            _ = try await project.fallenAsleep()
            try project.write("server.js", NodeApp.server(version: "two"))
            try await project.commit("two")
            try await project.deploy()
            #expect(try await project.get().text == "two")
            _ = try await project.fallenAsleep()
            #expect(try await project.platform.call("DELETE", "/apps/\(project.app.id)").status == 204)
            try await HostResidue.expectOnlyLive(project.platform)
        }
    }
}

extension Project {
    /// Path of the API's list.
    fileprivate var instances: String {
        get async throws { "/apps/\(app.id)/channels/\(try await prod.id)/instances" }
    }

    private func list() async throws -> [[String: Any]] {
        let answer = try await platform.call("GET", try await instances)
        let object = try JSONSerialization.jsonObject(with: answer.body) as? [String: Any]
        return object?["instances"] as? [[String: Any]] ?? []
    }

    func states() async throws -> [String] { try await list().compactMap { $0["state"] as? String } }

    /// Waits until nothing of the app runs any more; the instance that did.
    fileprivate func fallenAsleep() async throws -> String {
        let live = try await list().first { $0["state"] as? String == "live" }
        let id = try #require(live?["instance_id"] as? String)
        try await eventually("the app is asleep", within: .seconds(60)) { try await states() == ["asleep"] }
        #expect(try !HostResidue(of: berthd).containers.contains("i-\(id)"))
        return id
    }
}
