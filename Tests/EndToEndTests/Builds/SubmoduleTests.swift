import Foundation
import ServerTestSupport
import Testing

extension EndToEnd {
    /// Repositories that belong into others.
    @Suite struct Submodules {
        private static func add(_ url: String, _ commit: String, at path: String, to project: Project) async throws {
            try await project.git("config", "--file", ".gitmodules", "submodule.\(path).path", path)
            try await project.git("config", "--file", ".gitmodules", "submodule.\(path).url", url)
            try await project.git("update-index", "--add", "--cacheinfo", "160000,\(commit),\(path)")
            try await project.git("add", ".gitmodules")
            try await project.git("commit", "--quiet", "--message", path)
        }

        @Test func `another app of the same user is laid out at the commit that is wanted`() async throws {
            let theme = try await Project("sub-theme", template: "static")
            try theme.write("style.css", "body { color: teal }")
            let first = try await theme.commit("one")
            try await theme.deploy()
            try theme.write("style.css", "body { color: red }")
            try await theme.commit("two")
            try await theme.deploy()

            let site = try await Project("sub-site", template: "static")
            try site.write("index.html", "home")
            try await site.commit("home")
            try await Self.add("../sub-theme.git", first, at: "theme", to: site)
            let push = try await site.push()
            #expect(push.status == 0, "\(push.errorText)")
            #expect(push.errorText.contains("submodule theme: 1 file of your app sub-theme"), "\(push.errorText)")
            #expect(try await site.get("/theme/style.css").text == "body { color: teal }")

            // Somebody else's app of that name is none.
            let token = try await site.berthd.addUser("sub-stranger")
            let stranger = Platform(berthd: site.berthd, user: "sub-stranger", token: token)
            let thief = try await Project("sub-thief", template: "static", on: stranger)
            try thief.write("index.html", "home")
            try await thief.commit("home")
            try await Self.add("../../admin/sub-theme.git", first, at: "theme", to: thief)
            let refused = try await thief.push()
            #expect(refused.status != 0)
            #expect(
                refused.errorText.contains("the submodule theme (../../admin/sub-theme.git) cannot be fetched"),
                "\(refused.errorText)")
        }

        @Test func `an https address is fetched in the build's container, with what is within it`() async throws {
            let inner = try await Project("sub-inner", template: "static")
            try inner.write("inner.txt", "inner")
            let innerCommit = try await inner.commit("inner")
            let outer = try await Project("sub-outer", template: "static")
            try outer.write("outer.txt", "outer")
            try await outer.commit("outer")
            try await Self.add("../inner.git", innerCommit, at: "inner", to: outer)
            let outerCommit = try await outer.git("rev-parse", "HEAD")
            let host = try await GitHost.start { root in
                for (project, name) in [(inner, "inner"), (outer, "outer")] {
                    try await project.git("clone", "--quiet", "--bare", ".", "\(root)/\(name).git")
                    try await project.git("-C", "\(root)/\(name).git", "update-server-info")
                }
            }
            do {
                let site = try await Project("sub-web", template: "static")
                // How an app says which authority it trusts.
                try await site.platform.setEnvironment("GIT_SSL_CAINFO", "/app/ca.pem", app: site.app.id)
                try site.write("index.html", "home")
                try site.write("ca.pem", host.authority)
                try await site.commit("home")
                let url = "https://\(GitHost.address):\(GitHost.port)/outer.git"
                try await Self.add(url, outerCommit, at: "vendor/outer", to: site)
                let push = try await site.push()
                #expect(push.status == 0, "\(push.errorText)")
                #expect(try await site.get("/vendor/outer/outer.txt").text == "outer")
                #expect(try await site.get("/vendor/outer/inner/inner.txt").text == "inner")

                let lost = String(repeating: "ab", count: 20)
                try await site.git("update-index", "--cacheinfo", "160000,\(lost),vendor/outer")
                try await site.git("commit", "--quiet", "--message", "lost")
                let refused = try await site.push()
                #expect(refused.status != 0)
                #expect(refused.errorText.contains("the commit \(lost) is not in \(url)"), "\(refused.errorText)")
                #expect(try await site.get("/vendor/outer/outer.txt").text == "outer")
            } catch {
                try? await host.stop()
                throw error
            }
            try await host.stop()
        }
    }
}
