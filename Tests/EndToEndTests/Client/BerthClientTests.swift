import Foundation
import ServerTestSupport
import TestSupport
import Testing

extension EndToEnd {
    @Suite struct BerthClient {
        /// A user's home and a repository in it, with a login.
        private struct Home: Sendable {
            let platform: Platform
            let directory: TemporaryDirectory
            let repository: String
            let program: String

            init(_ platform: Platform, app: String) async throws {
                self.platform = platform
                directory = try TemporaryDirectory("berth-client")
                repository = directory.path(app)
                program = try TestEnvironment.program("berth")
                try FileManager.default.createDirectory(atPath: repository, withIntermediateDirectories: true)
                _ = try await git("init", "--quiet", "--initial-branch=master")
            }

            private var environment: [String: String] {
                TestEnvironment.plain.merging(["HOME": directory.path]) { $1 }
            }

            func berth(_ arguments: String..., input: String = "") async throws -> CommandResult {
                try await run(
                    [program] + arguments, environment: environment, directory: repository, input: input)
            }

            func git(_ arguments: String...) async throws -> CommandResult {
                try await run(["git"] + arguments, environment: environment, directory: repository)
            }

            func write(_ name: String, _ text: String) throws {
                try text.write(toFile: "\(repository)/\(name)", atomically: true, encoding: .utf8)
            }

            func login() async throws -> CommandResult {
                try await berth(
                    "login", "--server", "http://api.localhost:\(platform.berthd.port)", input: "\(platform.token)\n")
            }
        }

        @Test func `login, init and push are all that a first deploy takes`() async throws {
            let home = try await Home(.admin(), app: "by-client")
            let login = try await home.login()
            #expect(login.status == 0, "\(login.errorText)")
            #expect(!login.output.contains(home.platform.token))
            let settings = home.directory.path(".config/berth/config.json")
            let mode = try FileManager.default.attributesOfItem(atPath: settings)[.posixPermissions] as? Int
            #expect(mode == 0o600)

            let creation = try await home.berth("init")
            #expect(creation.status == 0, "\(creation.errorText)")
            let remote = try await home.git("remote", "get-url", "berth").output
            #expect(remote == "http://git.localhost:\(home.platform.berthd.port)/admin/by-client.git\n")
            let configuration = try String(contentsOfFile: "\(home.repository)/.git/config", encoding: .utf8)
            #expect(!configuration.contains("xh_live_"))

            try home.write("index.html", "by hand")
            _ = try await home.git("add", "--all")
            _ = try await home.git("commit", "--quiet", "--message", "first")
            let push = try await home.git("push", "berth", "master")
            #expect(push.status == 0, "\(push.errorText)")
            let site = try await home.platform.berthd.get(host: "by-client-admin.localhost")
            #expect(site.text == "by hand")

            let apps = try await home.berth("apps")
            #expect(apps.output.contains("by-client") && apps.output.contains("running"), "\(apps.errorText)")
            let channels = try await home.berth("channels")
            #expect(channels.output.contains("branch:master"), "\(channels.errorText)")

            let refused = try await home.berth("destroy", "--confirm", "other")
            #expect(refused.status != 0)
            let destroyed = try await home.berth("destroy", "--confirm", "by-client")
            #expect(destroyed.status == 0, "\(destroyed.errorText)")
            #expect(try await home.platform.berthd.get(host: "by-client-admin.localhost").status == 404)
        }

        @Test func `deploy follows the log and exits by the outcome`() async throws {
            let home = try await Home(.admin(), app: "followed")
            _ = try await home.login()
            #expect(try await home.berth("init", "--template", "static").status == 0)
            try home.write("index.html", "x")
            try home.write("install.sh", "echo GREETING is $GREETING\ntest \"$GREETING\" != stop\n")
            _ = try await home.git("add", "--all")
            _ = try await home.git("commit", "--quiet", "--message", "first")
            _ = try await home.git("push", "berth", "master")

            #expect(try await home.berth("env", "set", "GREETING=hello").status == 0)
            let good = try await home.berth("deploy")
            #expect(good.status == 0, "\(good.errorText)")
            #expect(good.output.contains("GREETING is hello"))
            #expect(good.output.contains("deploy complete"))

            #expect(try await home.berth("env", "set", "GREETING", input: "stop").status == 0)
            let bad = try await home.berth("deploy", "--channel", "prod", "master")
            #expect(bad.status == 1)
            #expect(bad.output.contains("deploy failed: install.sh exited 1"), "\(bad.output)")

            #expect(try await home.berth("env", "unset", "GREETING").status == 0)
            let gone = try await home.berth("env", "unset", "GREETING")
            #expect(gone.status != 0)
            #expect(gone.errorText.contains("not_found"), "\(gone.errorText)")
        }

        @Test func `a wrong token is refused at login and nothing is kept`() async throws {
            let home = try await Home(.admin(), app: "wrong-token")
            let login = try await home.berth(
                "login", "--server", "http://api.localhost:\(home.platform.berthd.port)", input: "xh_live_nonsense\n")
            #expect(login.status != 0)
            #expect(!FileManager.default.fileExists(atPath: home.directory.path(".config/berth/config.json")))
        }
    }
}
