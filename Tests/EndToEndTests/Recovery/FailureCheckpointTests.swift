import Core
import Foundation
import ServerTestSupport
import Testing

/// The server ends while it undoes what a deploy has done.
extension EndToEnd {
    @Suite struct FailureCheckpoints {
        /// Those that only a deploy passes that does not succeed.
        static let all = wayBack + [.bringingBack, .cancelled]
        /// Of one that is taken back under load.
        static let wayBack: [Checkpoint] = [.goneBack, .failed]
        /// Of one whose version before was stopped and is started again.
        static let bringingBack: [Checkpoint] = [.bringingBack, .wakeKept, .wakeReady, .wakeShown]

        @Test(.timeLimit(.minutes(2)))
        func `a crash at any checkpoint of the way back to the old version is survived`() async throws {
            let project = try await Project("way-back", template: "node")
            let before = KeptThings(of: project.berthd)
            try await project.commitNode("good")
            try await project.deploy()
            for point in Self.wayBack {
                let commit = try await project.commitSpoiled("bad at \(point.rawValue)")
                try await project.berthd.crash(at: point, busy: project.hostname()) { _ = try await project.push() }
                try await project.berthd.start()
                let cut = CutPush(
                    point: point, isBusy: true, commit: commit, text: "bad", old: "good",
                    fault: "requests failed after the switch")
                #expect(try await project.expectSettled(after: cut, since: before) == "good")
            }
        }

        /// Nobody was told that it is cancelled.
        @Test(.timeLimit(.minutes(2)))
        func `a crash while a deploy is being cancelled starts it again`() async throws {
            let project = try await Project("half-cancelled", template: "node")
            let before = KeptThings(of: project.berthd)
            try await project.commitNode("old")
            try await project.deploy()
            try project.write("install.sh", "echo building\nsleep 2\n")
            let commit = try await project.commitNode("new")
            try await project.berthd.crash(at: .cancelled) { try await project.pushAndCancel() }
            try await project.berthd.start()
            let cut = CutPush(point: .cancelled, commit: commit, text: "new", old: "old")
            #expect(try await project.expectSettled(after: cut, since: before) == "new")
        }

        @Test(.timeLimit(.minutes(3)))
        func `a crash while a version that was stopped is brought back is survived, and so is its volume`()
            async throws
        {
            let project = try await Project("brought-back", template: "node")
            let before = KeptThings(of: project.berthd)
            try await project.commitVolumeApp("v0")
            try await project.deploy()
            for point in Self.bringingBack {
                let commit = try await project.commitVolumeApp("bad at \(point.rawValue)", exits: true)
                try await project.berthd.crash(at: point) { _ = try await project.push() }
                try await project.berthd.start()
                let cut = CutPush(
                    point: point, commit: commit, text: "bad", old: "v0", fault: "exited with status 3")
                #expect(try await project.expectSettled(after: cut, since: before) == "v0")
                try await project.expectVolume("v0", point.rawValue)
            }
        }
    }
}

extension Project {
    /// Commits a version that becomes ready and answers with errors from its tenth answer on.
    func commitSpoiled(_ message: String) async throws -> String {
        try write(
            "server.js",
            """
            let count = 0;
            require('http').createServer((request, response) => {
                count += 1;
                if (count > 10) response.statusCode = 500;
                response.end('bad');
            }).listen(process.env.PORT);
            // \(message)
            """)
        return try await commit(message)
    }

    /// Pushes a version whose build says that it builds, and has its deploy cancelled then. Returns when that was asked for and
    /// the push has ended.
    func pushAndCancel() async throws {
        let push = try startPush()
        try await eventually("the build runs") { push.errors.contains { $0.text.contains("building") } }
        let id = try await lastDeploy()["deploy_id"] as? String ?? ""
        _ = try? await platform.call("POST", "/apps/\(app.id)/deploys/\(id)/cancel")
        _ = try await push.result()
    }
}
