import Core
import Foundation
import ServerTestSupport
import TestSupport
import Testing

/// The server ends at every checkpoint, one after the other. Afterwards the old or the new version is served, the API tells which,
/// the deploy has its end and says what happened, nothing strays, and nothing was switched twice.
extension EndToEnd {
    @Suite struct Checkpoints {
        /// Those that are walked apart: of a deletion, of what must not run twice, of starts and stops without a deploy.
        private static let others: Set<Checkpoint> = Set(InstanceCheckpoints.all)
            .union([.deletionMarked, .deletionCleared, .formerStopped])
        /// What a deploy passes.
        private static let deploy = Checkpoint.allCases.filter { !others.contains($0) }
        /// What one passes whose version before is stopped first: nothing is left to look at or to drain after the switch.
        private static let stopFirst = Checkpoint.allCases.filter { point in
            point == .formerStopped || deploy.contains(point) && ![.watched, .drained, .stopped].contains(point)
        }
        /// From here on the new version is the one that is served.
        private static let switched: Set<Checkpoint> = [
            .switched, .published, .watched, .succeeded, .logEnded, .drained, .stopped,
        ]

        @Test(.timeLimit(.minutes(3)))
        func `a crash at any checkpoint of a deploy is survived`() async throws {
            let project = try await Project("checkpoints", template: "node")
            try await project.commitNode("v0")
            try await project.deploy()
            var served = "v0"
            for (number, point) in Self.deploy.enumerated() {
                let text = "v\(number + 1)"
                let new = try await project.commitNode(text)
                try await project.berthd.crash(at: point, busy: project.hostname()) { _ = try await project.push() }
                try await project.berthd.start()
                served = try await expectSettled(project, after: point, new: new, text: text, old: served)
            }
        }

        /// Adds its version to a file of its volume when it starts.
        private static func server(_ version: String) -> String {
            """
            const fs = require('fs');
            fs.appendFileSync('data/file', '\(version)\\n');
            require('http').createServer((request, response) => {
                response.end(request.url === '/file' ? fs.readFileSync('data/file') : '\(version)');
            }).listen(process.env.PORT);
            """
        }

        @Test(.timeLimit(.minutes(3)))
        func `a crash at any checkpoint of a deploy with a volume is survived, and so is the volume`() async throws {
            let project = try await Project("volume-checkpoints", template: "node")
            try project.write("berth.yaml", "volumes: data\n")
            try project.write("package.json", NodeApp.package)
            try project.write("server.js", Self.server("v0"))
            try await project.commit("v0")
            try await project.deploy()
            var served = "v0"
            for (number, point) in Self.stopFirst.enumerated() {
                let text = "v\(number + 1)"
                try project.write("server.js", Self.server(text))
                let new = try await project.commit(text)
                try await project.berthd.crash(at: point) { _ = try await project.push() }
                try await project.berthd.start()
                served = try await expectSettled(project, after: point, new: new, text: text, old: served)
                let started = try await project.get("/file").text.split(separator: "\n")
                #expect(
                    started.first == "v0" && started.last.map(String.init) == served, "\(point.rawValue): \(started)")
            }
        }

        @Test(.timeLimit(.minutes(2)), arguments: [Checkpoint.deletionMarked, .deletionCleared])
        func `a crash at any checkpoint of a deletion is survived`(point: Checkpoint) async throws {
            let project = try await Project("doomed", template: "static")
            try project.write("index.html", "here")
            try await project.commit("first")
            try await project.deploy()
            try await project.berthd.crash(at: point) {
                _ = try? await project.platform.call("DELETE", "/apps/\(project.app.id)")
            }
            try await project.berthd.start()
            #expect(try await project.get().status == 404)
            #expect(try await !project.platform.apps().contains { $0.id == project.app.id })
            let again = try await project.platform.createApp("doomed", template: "static")
            #expect(again.id != project.app.id && again.channels[0].current_sha == nil)
            #expect(try await project.platform.call("DELETE", "/apps/\(again.id)").status == 204)
        }

        /// What is served then.
        private func expectSettled(
            _ project: Project, after point: Checkpoint, new: String, text: String, old: String
        ) async throws -> String {
            let isStored = try await project.remoteRefs()["refs/heads/master"] == new
            #expect(isStored == (point != .pushPrepared), "\(point.rawValue)")
            var served = old
            if isStored {
                var last: [String: Any] = [:]
                try await eventually("the deploy has ended after \(point.rawValue)", within: .seconds(30)) {
                    last = try await project.lastDeploy()
                    return ["success", "failed"].contains(last["status"] as? String)
                }
                // It is tried again by itself, so that nobody needs to push once more.
                #expect(last["status"] as? String == "success", "\(point.rawValue): \(last)")
                #expect(last["sha"] as? String == new)
                served = text
                let log = try await project.lastLog()
                #expect(log.hasSuffix("deploy complete\n"), "\(point.rawValue): \(log)")
                if Self.switched.contains(point) {
                    #expect(!log.contains("starting it again"), "switched twice after \(point.rawValue): \(log)")
                } else if point != .pushMoved, point != .deployQueued {
                    #expect(log.contains("the server stopped during this deploy; starting it again"), "\(log)")
                }
            }
            try await eventually("\(served) is served after \(point.rawValue)") {
                try await project.get().text == served
            }
            #expect(try await (project.prod.current_sha == new) == (served == text))
            try await HostResidue.expectOnlyLive(project.platform)
            return served
        }
    }

    /// The data folder as it was at a moment, on another machine: nothing runs there, and nothing is in `/run`.
    @Suite struct PowerCuts {
        @Test(.timeLimit(.minutes(3)))
        func `a power cut leaves a folder that another machine goes on with`() async throws {
            var berthd = try Berthd(options: ["--postgres", "off"])
            do {
                try await berthd.start()
                let project = try await Project(
                    "cut", template: "node", on: Platform(berthd: berthd, user: "admin", token: berthd.token()))
                try await project.commitNode("v0")
                try await project.deploy()
                for (number, point) in [Checkpoint.pushMoved, .releaseBuilt, .switched, .succeeded].enumerated() {
                    let text = "v\(number + 1)"
                    let new = try await project.commitNode(text)
                    try await berthd.crash(at: point) { _ = try await project.push() }
                    let next = try Berthd(options: ["--postgres", "off"], continuing: berthd)
                    try await next.copyData(of: berthd)
                    try await berthd.tearDown()
                    berthd = next
                    try await berthd.start()
                    try await project.move(to: berthd)
                    try await eventually("\(text) is served after \(point.rawValue)", within: .seconds(30)) {
                        try await berthd.get(host: project.hostname()).text == text
                    }
                    let platform = Platform(berthd: berthd, user: "admin", token: try berthd.token())
                    #expect(try await platform.app(project.app.id).channels[0].current_sha == new)
                    let check = try await run(
                        ["git", "-C", try berthd.repository(of: project.app.id), "fsck", "--strict"])
                    #expect(check.status == 0, "\(check.errorText)")
                    try await HostResidue.expectOnlyLive(platform)
                }
                try await berthd.tearDown()
            } catch {
                try? await berthd.tearDown()
                throw error
            }
        }
    }
}

extension Berthd {
    /// Sets off something that passes the checkpoint, and waits until the server has ended there.
    /// - Parameter busy: a site that is being asked meanwhile, where the checkpoint is passed only then.
    func crash(
        at point: Checkpoint, busy host: String? = nil, _ body: () async throws -> Void
    ) async throws {
        try Data(point.rawValue.utf8).write(to: URL(fileURLWithPath: crashFile))
        let load = point == .watched ? host.map { LoadGenerator(port: port, host: "\($0):\(port)") } : nil
        try await body()
        try await eventually("the server ends at \(point.rawValue)", within: .seconds(30)) { !isRunning }
        _ = try await load?.stop()
        try FileManager.default.removeItem(atPath: crashFile)
    }

    /// Takes the data folder of a server that has ended, as it is.
    fileprivate func copyData(of other: Berthd) async throws {
        let copy = try await run(["cp", "--archive", other.data, data])
        guard copy.status == 0 else { throw HTTPFailure(description: "cp: \(copy.errorText)") }
    }
}

extension Project {
    /// Pushes go to another server from now on.
    fileprivate func move(to berthd: Berthd) async throws {
        let address = Platform(berthd: berthd, user: platform.user, token: platform.token).remote(app.name)
        try await git("remote", "set-url", "origin", address)
    }
}
