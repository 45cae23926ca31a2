import Foundation
import ServerTestSupport
import Testing

extension EndToEnd {
    @Suite struct IdleKill {
        @Test func `sites answer within a second of the restart and node processes live on`() async throws {
            let site = try await Project("idle-static", template: "static")
            try site.write("index.html", "static")
            try await site.commit("first")
            try await site.deploy()
            let app = try await Project("idle-node", template: "node")
            try await app.commitNode("node")
            try await app.deploy()
            let boot = try await app.get("/boot").text

            var times: [Duration] = []
            for _ in 0..<3 {
                try await app.berthd.crash()
                let start = ContinuousClock.now
                try app.berthd.launch()
                try await app.berthd.waitUntilAnswering([site.hostname(): "static", app.hostname(): "node"])
                times.append(.now - start)
                #expect(try await app.get("/boot").text == boot)
            }

            // The best of them: what else the machine has to do is not the server's doing.
            #expect(try #require(times.min()) < .seconds(1), "\(times)")
            #expect(try await app.prod.status == "running")
            try await HostResidue.expectOnlyLive(app.platform)
        }

        @Test func `a stop by SIGTERM exits with 0 and the next start serves the same`() async throws {
            let app = try await Project("stop-node", template: "node")
            try await app.commitNode("node")
            try await app.deploy()
            let boot = try await app.get("/boot").text
            let printed = app.berthd.log.count

            #expect(try await app.berthd.terminate() == 0)
            try await app.berthd.start()

            #expect(try await app.get("/boot").text == boot)
            // The first start has shown the token, no other does.
            #expect(!app.berthd.log.dropFirst(printed).contains("xh_live_"))
        }

        /// `down` takes away what a reboot would.
        @Test func `sites come back without help when no container has survived`() async throws {
            let site = try await Project("reboot-static", template: "static")
            try site.write("index.html", "static")
            try await site.commit("first")
            try await site.deploy()
            let app = try await Project("reboot-node", template: "node")
            try await app.platform.setEnvironment("KEPT", "as deployed", app: app.app.id)
            let sha = try await app.commitNode("node")
            try await app.deploy()
            try await app.platform.setEnvironment("KEPT", "set later", app: app.app.id)
            let boot = try await app.get("/boot").text

            #expect(try await app.berthd.terminate() == 0)
            try await app.berthd.takeDown()
            #expect(try HostResidue(of: app.berthd).isEmpty)
            try await app.berthd.start()

            #expect(try await site.get().text == "static")
            try await eventually("the app answers again") { try await app.get().text == "node" }
            #expect(try await app.get("/boot").text != boot)
            #expect(try await app.get("/env").text.contains("as deployed"))
            #expect(try await app.prod.current_sha == sha)
            try await HostResidue.expectOnlyLive(app.platform)
        }
    }
}

extension Berthd {
    /// Polls on a thread of its own until every site answers with its text, so that nothing else delays the look.
    fileprivate func waitUntilAnswering(_ sites: [String: String]) async throws {
        let port = port
        try await onThread {
            let deadline = ContinuousClock.now + .seconds(90)
            var left = sites
            while !left.isEmpty {
                for (host, text) in left {
                    let answer = try? HTTPConnection(port: port).request(
                        host: host, headers: [("Connection", "close")])
                    if answer?.status == 200, answer?.text == text { left[host] = nil }
                }
                guard ContinuousClock.now < deadline else {
                    throw DeadlineExceeded(description: "no answer from \(left.keys)")
                }
                Thread.sleep(forTimeInterval: 0.003)
            }
        }
    }
}
