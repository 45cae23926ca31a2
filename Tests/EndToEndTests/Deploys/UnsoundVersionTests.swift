import Foundation
import ServerTestSupport
import Testing

extension EndToEnd {
    @Suite struct UnsoundVersions {
        /// On a server of its own, which looks at new versions for longer.
        @Test(.timeLimit(.minutes(3)))
        func `a version that exits a while after the switch is taken back, and the deploy fails with the numbers`()
            async throws
        {
            let berthd = try Berthd(options: ["--postgres", "off", "--watch-seconds", "20"])
            do {
                try await berthd.start()
                let project = try await Project(
                    "exiting", template: "node", on: Platform(berthd: berthd, user: "admin", token: berthd.token()))
                try await project.commitNode("good")
                try await project.deploy()
                let boot = try await project.get("/boot").text
                // Each of its processes exits some time after the first request that is not the server's own.
                try project.write(
                    "server.js",
                    """
                    let isAsked = false;
                    require('http').createServer((request, response) => {
                        if (!isAsked && request.headers['user-agent'] !== 'berth-probe') {
                            isAsked = true;
                            setTimeout(() => process.exit(7), 1500);
                        }
                        response.end('bad');
                    }).listen(process.env.PORT);
                    """)
                try await project.commit("bad")
                let load = LoadGenerator(port: berthd.port, host: "\(project.hostname()):\(berthd.port)")
                try await eventually("the load is there") { load.requests > 100 }
                let push = try await project.push()
                let report = try await load.stop()

                #expect(push.status != 0)
                let failure = try #require(push.errors.first { $0.text.contains("deploy failed: ") }?.text)
                // By its requests, or by a look at it, whichever came first.
                let isRequests = failure.contains(
                    /[1-9][0-9]* of [0-9]+ requests failed after the switch, [0-9]+ of [1-9][0-9]* before it/)
                let isLook = failure.contains(
                    /the new version is not sound after the switch: the app (exited|does not)/)
                #expect(isRequests || isLook, "\(failure)")
                #expect(push.errorText.contains(/switch: [0-9]+ failed of [1-9][0-9]*/), "\(push.errorText)")
                #expect(push.errorText.contains("the old version serves again"))
                // It was live, and served: its start was no failure.
                #expect(push.errorText.contains("health check passed") && report.bodies == ["good", "bad"])
                // The very process that served before.
                #expect(try await project.get().text == "good")
                #expect(try await project.get("/boot").text == boot)
                #expect(try await project.events().map(\.kind).contains("switch_undone"))
                try await HostResidue.expectOnlyLive(project.platform)
                try await berthd.tearDown()
            } catch {
                try? await berthd.tearDown()
                throw error
            }
        }
    }
}
