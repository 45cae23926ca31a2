import Core
import Foundation
import ServerTestSupport
import Testing

/// The server ends at every checkpoint of what it does with instances by itself. Afterwards the channel is awake or asleep, the
/// next request is answered, one instance runs and nothing else, and the store knows of no other.
extension EndToEnd {
    @Suite struct InstanceCheckpoints {
        private static let falling: [Checkpoint] = [.sleepKept, .sleepShown, .asleep, .drained, .stopped]
        private static let starting: [Checkpoint] = [.wakeKept, .wakeReady, .wakeShown]
        /// Those that no deploy passes.
        static let all = [.sleepKept, .sleepShown, .asleep] + starting

        @Test(.timeLimit(.minutes(4)))
        func `a crash at any checkpoint of falling asleep and of waking is survived`() async throws {
            let project = try await Project("drowsy", template: "node")
            try project.write("berth.yaml", "sleep-after: 10s\n")
            try await project.commitNode("here")
            try await project.deploy()
            var unwalked = Self.starting[...]
            for point in Self.falling {
                let boot = try await project.get("/boot").text
                // It falls asleep by itself.
                try await project.berthd.crash(at: point) {}
                try await project.berthd.start()
                let isAsleep = point != .sleepKept && point != .sleepShown
                #expect(try await project.states() == [isAsleep ? "asleep" : "live"], "\(point.rawValue)")
                if isAsleep, let point = unwalked.popFirst() {
                    try await project.berthd.crash(at: point) { _ = try? await project.get() }
                    try await project.berthd.start()
                    #expect(try await project.states() == [point == .wakeKept ? "asleep" : "live"], "\(point.rawValue)")
                }
                try await expectOne(project, after: point)
                #expect(try await (project.get("/boot").text == boot) == !isAsleep, "\(point.rawValue)")
            }
            #expect(unwalked.isEmpty)
            // Asleep it would count as missing for others.
            #expect(try await project.platform.call("DELETE", "/apps/\(project.app.id)").status == 204)
        }

        @Test(.timeLimit(.minutes(2)))
        func `a crash at any checkpoint of a repair is survived`() async throws {
            let project = try await Project("mended", template: "node")
            try await project.commitNode("here")
            try await project.deploy()
            for point in Self.starting {
                let boot = try await project.get("/boot").text
                let instance = try await RunningInstance(of: project)
                try await project.berthd.crash(at: point) {
                    let result = try await run(["umount", instance.lease.path])
                    #expect(result.status == 0, "\(result.errorText)")
                }
                try await project.berthd.start()
                try await expectOne(project, after: point)
                #expect(try await project.get("/boot").text != boot)
            }
        }

        private func expectOne(_ project: Project, after point: Checkpoint) async throws {
            try await eventually("a request is answered after \(point.rawValue)", within: .seconds(30)) {
                let answer = try await project.get()
                return answer.status == 200 && answer.text == "here"
            }
            try await eventually("one instance is known after \(point.rawValue)", within: .seconds(30)) {
                try await project.states() == ["live"]
            }
            try await HostResidue.expectOnlyLive(project.platform)
        }
    }
}
