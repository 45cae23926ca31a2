import Foundation
import ServerTestSupport
import Testing

extension EndToEnd {
    /// Where in the way of a push the server is killed.
    enum CrashPoint: CaseIterable, Sendable {
        case receive, build, start, switching, switched

        /// Milliseconds before the new version listens.
        var startDelay: Int { self == .start ? 2000 : 0 }

        func prepare(_ project: Project) throws {
            switch self {
            case .receive:
                // Large and incompressible, so that receiving takes a while.
                let random = FileHandle(forReadingAtPath: "/dev/urandom")
                try project.write("large.bin", random?.read(upToCount: 32 << 20) ?? Data())
            case .build: try project.write("install.sh", "echo building\nsleep 3\n")
            case .start, .switching, .switched: break
            }
        }

        /// Waits until the push has come there.
        func reach(_ push: TimedCommand, of project: Project) async throws {
            switch self {
            case .receive:
                try await eventually("objects arrive") {
                    push.hasEnded || !project.berthd.incomingPacks().isEmpty
                }
            case .build: try await wait(for: "building", push)
            case .start: try await wait(for: "starting container", push)
            case .switching: try await wait(for: "health check passed", push)
            case .switched:
                try await eventually("the new version answers") {
                    try await project.get().text == "new"
                }
            }
        }

        private func wait(for text: String, _ push: TimedCommand) async throws {
            try await eventually("the push says \(text)") {
                push.hasEnded || push.errors.contains { $0.text.contains(text) }
            }
        }
    }

    @Suite struct Crashes {
        @Test(arguments: CrashPoint.allCases)
        func `a crash leaves the old or the new version and nothing else`(point: CrashPoint) async throws {
            let project = try await Project("crash-\(point)".lowercased(), template: "node")
            try await project.commitNode("old")
            try await project.deploy()
            try point.prepare(project)
            let new = try await project.commitNode("new", delay: point.startDelay)
            let push = try project.startPush()
            try await point.reach(push, of: project)

            try await project.berthd.crash()

            let result = try await push.result()
            try await project.berthd.start()
            try await expectSettled(project, new: new, answered: result)
        }

        /// Moments that nobody thought of; the seed of a failing one is in its arguments.
        @Test(arguments: [40, 90, 160, 250, 400, 700])
        func `a crash at any moment of a push is survived`(milliseconds: Int) async throws {
            let project = try await Project("moment-\(milliseconds)", template: "node")
            try await project.commitNode("old")
            try await project.deploy()
            let new = try await project.commitNode("new")
            let push = try project.startPush()
            let moment = ContinuousClock.now + .milliseconds(milliseconds)
            try await eventually("the moment") { ContinuousClock.now >= moment }

            try await project.berthd.crash()

            let result = try await push.result()
            try await project.berthd.start()
            try await expectSettled(project, new: new, answered: result)
        }

        /// Every answered push has come to its end, one version is served, the API tells which, nothing strays.
        private func expectSettled(_ project: Project, new: String, answered: CommandResult) async throws {
            let stored = try await project.remoteRefs()["refs/heads/master"] == new
            if stored {
                try await eventually("the deploy has ended", within: .seconds(60)) {
                    let log = try await project.lastLog()
                    let last = log.split(separator: "\n").suffix(2).joined()
                    guard last.contains("deploy complete") || last.contains("deploy failed: ") else {
                        throw DeadlineExceeded(description: "\(log)\nberthd:\n\(project.berthd.log.suffix(4000))")
                    }
                    return true
                }
            }
            let served = try await project.get()
            #expect(served.status == 200)
            #expect(["old", "new"].contains(served.text))
            if answered.status == 0 {
                #expect(stored)
                #expect(served.text == "new")
            }
            #expect(try await (project.prod.current_sha == new) == (served.text == "new"))
            #expect(project.berthd.incomingPacks().isEmpty)
            let check = try await run(["git", "-C", project.berthd.repository(of: project.app.id), "fsck", "--strict"])
            #expect(check.status == 0, "\(check.errorText)")
            try await HostResidue.expectOnlyLive(project.platform)
            // What the deploy had running was its own, and its log tells of its end.
            #expect(try await !project.events().map(\.kind).contains("stray_removed"))
            #expect(try await !project.platform.machineEvents().contains { $0.text.contains("t-build-") })

            // And the server is in a state to take the same push.
            let again = try await project.push()
            #expect(again.status == 0, "\(again.errorText)")
            #expect(try await project.get().text == "new")
        }
    }
}

extension Berthd {
    /// The bare repository of an app.
    func repository(of app: String) throws -> String {
        let repositories = try FileManager.default.subpathsOfDirectory(atPath: "\(data)/repos")
        guard let path = repositories.first(where: { $0.contains(app) && $0.hasSuffix("/HEAD") }) else {
            throw HTTPFailure(description: "no repository of \(app)")
        }
        return "\(data)/repos/\(path.dropLast("/HEAD".count))"
    }
}
