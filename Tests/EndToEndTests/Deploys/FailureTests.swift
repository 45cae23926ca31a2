import ServerTestSupport
import Testing

extension EndToEnd {
    /// What is wrong with a version, and what the pusher is to be told.
    enum Fault: String, CaseIterable, Sendable {
        case installExits, neverListens, exitsAtStart, brokenPackage

        /// Words of the reason.
        var reason: String {
            switch self {
            case .installExits: "install.sh exited 3"
            case .neverListens: "did not"
            case .exitsAtStart: "exited"
            case .brokenPackage: "package.json"
            }
        }

        func write(to project: Project) throws {
            switch self {
            case .installExits: try project.write("install.sh", "echo about to fail\nexit 3\n")
            case .neverListens: try project.write("server.js", "setInterval(() => {}, 1000);")
            case .exitsAtStart: try project.write("server.js", "console.log('giving up'); process.exit(1);")
            case .brokenPackage: try project.write("package.json", #"{"name": "app", "scripts": {"start": }}"#)
            }
        }
    }

    @Suite struct Failures {
        @Test(arguments: Fault.allCases)
        func `a failed deploy fails the push with its reason and the old version stays`(fault: Fault) async throws {
            let project = try await Project("fault-\(fault.rawValue.lowercased())", template: "node")
            let good = try await project.commitNode("good")
            try await project.deploy()
            let boot = try await project.get("/boot").text
            try fault.write(to: project)
            let bad = try await project.commit("bad")

            let push = try await project.push()

            #expect(push.status != 0)
            #expect(push.errorText.contains("deploy of prod failed"), "\(push.errorText)")
            let reported = push.errors.first { $0.text.contains("deploy failed: ") }
            #expect(reported?.text.contains(fault.reason) == true, "\(push.errorText)")
            #expect(try await project.lastLog().split(separator: "\n").last?.contains("deploy failed: ") == true)
            #expect(try await project.lastLog().contains(fault.reason))
            #expect(try await project.get().text == "good")
            #expect(try await project.get("/boot").text == boot)
            #expect(try await project.prod.current_sha == good)
            // The commit is stored all the same, and the same push tries again.
            #expect(try await project.remoteRefs()["refs/heads/master"] == bad)
            if fault != .neverListens {
                let again = try await project.push()
                #expect(again.status != 0)
                #expect(!again.errorText.contains("up-to-date"), "\(again.errorText)")
                #expect(again.errorText.contains(fault.reason), "\(again.errorText)")
            }
        }

        @Test func `a commit that failed is deployed by the same push once its reason is gone`() async throws {
            let project = try await Project("retry", template: "node")
            try project.write("install.sh", "test -n \"$READY\" || { echo READY is not set; exit 4; }\n")
            let sha = try await project.commitNode("one")
            let first = try await project.push()
            #expect(first.status != 0)
            #expect(try await project.prod.current_sha == nil)

            try await project.platform.setEnvironment("READY", "yes", app: project.app.id)
            try await project.deploy()

            #expect(try await project.get().text == "one")
            #expect(try await project.prod.current_sha == sha)
        }

        @Test func `a static site whose install sh fails keeps its old version`() async throws {
            let project = try await Project("static-fault", template: "static")
            try project.write("index.html", "good")
            let good = try await project.commit("good")
            try await project.deploy()
            try project.write("index.html", "bad")
            try project.write("install.sh", "echo no >&2\nexit 3\n")
            try await project.commit("bad")

            let push = try await project.push()

            #expect(push.status != 0)
            #expect(push.errorText.contains("install.sh exited 3"), "\(push.errorText)")
            #expect(try await project.get().text == "good")
            #expect(try await project.prod.current_sha == good)
        }
    }
}
