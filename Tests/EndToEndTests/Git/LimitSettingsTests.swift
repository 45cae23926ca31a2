import Foundation
import ServerTestSupport
import TestSupport
import Testing

extension EndToEnd {
    /// What an operator lets pushes have.
    @Suite struct GitLimits {
        private static let settings = [
            "BERTH_GIT_PUSH_REFS": "3", "BERTH_GIT_REF_NAME_BYTES": "60", "BERTH_GIT_OBJECT_MIB": "2",
            "BERTH_GIT_PUSH_OBJECTS": "30", "BERTH_GIT_PUSH_MIB": "4", "BERTH_GIT_REPOSITORY_MIB": "5",
            "BERTH_GIT_USER_MIB": "6",
        ]

        /// Commits files, expects that a push of them is refused for that reason, and takes the commit back.
        private static func expectRefused(
            _ files: [String: Data], of project: Project, because reason: String,
            location: SourceLocation = #_sourceLocation
        ) async throws {
            for (name, content) in files { try project.write(name, content) }
            try await project.commit("too much")
            let push = try await project.push("HEAD:refs/heads/refused")
            #expect(push.status != 0, sourceLocation: location)
            #expect(push.errorText.contains(reason), "\(push.errorText)", sourceLocation: location)
            #expect(try await project.remoteRefs()["refs/heads/refused"] == nil, sourceLocation: location)
            try await project.git("reset", "--quiet", "--hard", "HEAD~1")
        }

        private static func noise(_ count: Int, bytes: Int) throws -> [String: Data] {
            var files: [String: Data] = [:]
            for number in 0..<count { files["noise\(number)"] = try Data.noise(bytes) }
            return files
        }

        @Test func `the settings of git limit what a push may have, and the push says so`() async throws {
            let berthd = try Berthd(options: ["--postgres", "off"], environment: Self.settings)
            do {
                try await berthd.start()
                let platform = try Platform(berthd: berthd, user: "admin", token: berthd.token())
                let project = try await Project("limits", template: "static", on: platform)
                try project.write("index.html", "one")
                try await project.commit("one")
                for number in 1...4 { try await project.git("branch", "many/\(number)") }
                let many = try await project.push("refs/heads/many/*:refs/heads/many/*")
                #expect(many.status != 0)
                #expect(many.errorText.contains("more than 3 refs in one push; push them"), "\(many.errorText)")
                let long = try await project.push("HEAD:refs/heads/\(String(repeating: "n", count: 60))")
                #expect(long.status != 0)
                #expect(long.errorText.contains("the name of a ref is longer than 60 bytes"), "\(long.errorText)")

                try await Self.expectRefused(
                    ["zeros": Data(count: 3 << 20)], of: project, because: "which is larger than 2 MiB")
                var small: [String: Data] = [:]
                for number in 0..<40 { small["f\(number)"] = Data("\(number)".utf8) }
                try await Self.expectRefused(small, of: project, because: "objects; at most 30 are taken")
                try await Self.expectRefused(
                    Self.noise(3, bytes: 1_500_000), of: project, because: "the request is larger than 4 MiB")

                for (name, content) in try Self.noise(2, bytes: 1_500_000) { try project.write(name, content) }
                try await project.commit("what there is room for")
                let kept = try await project.push("HEAD:refs/heads/kept")
                #expect(kept.status == 0, "\(kept.errorText)")
                try await Self.expectRefused(
                    Self.noise(2, bytes: 1_500_000), of: project, because: "the repository may take 5 MiB")
                let other = try await Project("limits-too", template: "static", on: platform)
                try other.write("index.html", "two")
                try await other.commit("two")
                try await Self.expectRefused(
                    Self.noise(3, bytes: 1_200_000), of: other,
                    because: "all your repositories together may take 6 MiB")
            } catch {
                try? await berthd.tearDown()
                throw error
            }
            try await berthd.tearDown()
        }

        @Test(arguments: ["0", "-1", "many", "1.5", "9999999999"])
        func `a setting of git that is no number of its own is refused by name`(value: String) async throws {
            var environment = TestEnvironment.plain
            environment["BERTH_GIT_PUSH_MIB"] = value
            // What comes after it is wrong too, so that no server is left should it be taken.
            let told = try await run(
                [TestEnvironment.program("berthd"), "serve", "--data", "/nonexistent/berth", "--log-level", "loud"],
                environment: environment)
            #expect(told.status != 0)
            #expect(told.errorText.contains("git-push-mib"), "\(told.errorText)")
            #expect(told.errorText.contains("must be a whole number, at least 1"), "\(told.errorText)")
        }
    }
}
