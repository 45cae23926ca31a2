import Core
import Foundation
import ServerTestSupport
import TestSupport
import Testing

/// The server ends at every checkpoint, one after the other. Afterwards the old or the new version is served, the API tells
/// which, the deploy has its end and says what happened, nothing strays, and nothing was switched twice.
extension EndToEnd {
    @Suite struct Checkpoints {
        /// Those that are walked apart: of a site that is being asked, of failures, of deletions, of what must not run twice,
        /// of starts and stops without a deploy.
        private static let others: Set<Checkpoint> = Set(InstanceCheckpoints.all).union(FailureCheckpoints.all)
            .union([.watched, .deletionMarked, .deletionCleared, .formerStopped])
        /// What a deploy passes.
        static let deploy = Checkpoint.allCases.filter { !others.contains($0) }
        /// Where one is otherwise whose site is being asked: its version is written down as served and has not succeeded.
        static let busy: [Checkpoint] = [.switched, .published, .watched]
        /// What one passes whose version before is stopped first: nothing is left to drain after the switch.
        static let stopFirst = Checkpoint.allCases.filter { point in
            point == .formerStopped || deploy.contains(point) && ![.drained, .stopped].contains(point)
        }

        @Test(.timeLimit(.minutes(4)))
        func `a crash at any checkpoint of a deploy is survived`() async throws {
            let project = try await Project("checkpoints", template: "node")
            let before = KeptThings(of: project.berthd)
            try await project.commitNode("v0")
            try await project.deploy()
            var served = "v0"
            let points = Self.deploy.map { ($0, false) } + Self.busy.map { ($0, true) }
            for (number, (point, isBusy)) in points.enumerated() {
                let text = "v\(number + 1)"
                let commit = try await project.commitNode(text)
                try await project.berthd.crash(at: point, busy: isBusy ? project.hostname() : nil) {
                    _ = try await project.push()
                }
                try await project.berthd.start()
                let cut = CutPush(point: point, isBusy: isBusy, commit: commit, text: text, old: served)
                served = try await project.expectSettled(after: cut, since: before)
            }
        }

        @Test(.timeLimit(.minutes(3)))
        func `a crash at any checkpoint of a deploy with a volume is survived, and so is the volume`() async throws {
            let project = try await Project("volume-checkpoints", template: "node")
            let before = KeptThings(of: project.berthd)
            try await project.commitVolumeApp("v0")
            try await project.deploy()
            var served = "v0"
            for (number, point) in Self.stopFirst.enumerated() {
                let text = "v\(number + 1)"
                let commit = try await project.commitVolumeApp(text)
                try await project.berthd.crash(at: point) { _ = try await project.push() }
                try await project.berthd.start()
                let cut = CutPush(point: point, commit: commit, text: text, old: served)
                served = try await project.expectSettled(after: cut, since: before)
                try await project.expectVolume(served, point.rawValue)
            }
        }

        /// What is built again may take an hour.
        @Test(.timeLimit(.minutes(2)))
        func `after a crash between two versions the one before serves while the deploy starts again`() async throws {
            let project = try await Project("between", template: "node")
            let before = KeptThings(of: project.berthd)
            let hooks = "\(project.berthd.folder)/hooks"
            defer { try? FileManager.default.removeItem(atPath: hooks) }
            try await project.commitVolumeApp("v0")
            try await project.deploy()
            let commit = try await project.commitVolumeApp("v1")
            try await project.berthd.crash(at: .formerStopped) { _ = try await project.push() }
            // The deploy comes no further than this.
            let go = "\(hooks)/go"
            try project.berthd.install(hook: "pre-deploy", "until [ -e '\(go)' ]; do sleep 0.05; done")
            try await project.berthd.start()
            try await eventually("the version before serves", within: .seconds(30)) {
                try await project.get().text == "v0"
            }
            try await eventually("the deploy runs") {
                try await project.lastDeploy()["status"] as? String == "running"
            }
            try Data().write(to: URL(fileURLWithPath: go))
            let cut = CutPush(point: .formerStopped, commit: commit, text: "v1", old: "v0")
            #expect(try await project.expectSettled(after: cut, since: before) == "v1")
            try await project.expectVolume("v1", "the crash")
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

        @Test(.timeLimit(.minutes(2)), arguments: [Checkpoint.deletionMarked, .deletionCleared])
        func `a crash at any checkpoint of the deletion of a channel is survived by the others`(
            point: Checkpoint
        ) async throws {
            let project = try await Project("pruned", template: "node")
            let before = KeptThings(of: project.berthd)
            let (platform, path) = (project.platform, "/apps/\(project.app.id)")
            let side = try await platform.createChannel("side", binding: "branch:side", app: project.app.id)
            try await project.commitNode("here")
            try await project.deploy()
            try await project.commitNode("aside")
            try await project.deploy("HEAD:refs/heads/side")
            #expect(try await project.get(channel: "side").text == "aside")
            try await project.berthd.crash(at: point) {
                _ = try? await platform.call("DELETE", "\(path)/channels/\(side.id)")
            }
            try await project.berthd.start()
            #expect(try await project.get(channel: "side").status == 404)
            #expect(try await project.get().text == "here")
            #expect(try await platform.app(project.app.id).channels.map(\.name) == ["prod"])
            try await project.expectNothingLeft(since: before, point.rawValue)
            try await HostResidue.expectOnlyLive(platform)
            let again = try await platform.createChannel("side", binding: "branch:side", app: project.app.id)
            #expect(again.id != side.id && again.current_sha == nil)
            #expect(try await platform.call("DELETE", path).status == 204)
        }
    }
}
