import Foundation
import ServerTestSupport
import Testing

extension EndToEnd {
    /// Users and tokens that an operator makes beside a running server.
    @Suite struct Accounts {
        @Test func `a user is made once, under a name that can be in a hostname`() async throws {
            let berthd = try Platform.admin().berthd
            let carla = Platform(berthd: berthd, user: "carla", token: try await berthd.addUser("carla"))
            #expect(try await carla.apps().isEmpty)
            let wishes = [("carla", "is taken"), ("Carla", "lowercase"), ("carla-", "hyphen"), ("a.b", "lowercase")]
            for (name, reason) in wishes {
                let refused = try await berthd.command("user", "add", name)
                #expect(refused.status == 1 && refused.errorText.contains(reason), "\(name): \(refused.errorText)")
                #expect(!refused.output.contains("xh_live_"))
            }
        }

        @Test func `a token does over git and over the API what its scopes say, and no more`() async throws {
            let berthd = try Platform.admin().berthd
            let dora = Platform(berthd: berthd, user: "dora", token: try await berthd.addUser("dora"))
            let project = try await Project("scoped", template: "static", on: dora)
            try project.write("index.html", "one")
            try await project.commit("one")
            try await project.deploy()
            let made = try await berthd.command("token", "add", "dora", "--label", "ci", "--scopes", "deploy:*")
            let token = try #require(made.output.firstMatch(of: /xh_live_[A-Za-z0-9_-]+/))
            let narrow = Platform(berthd: berthd, user: "dora", token: String(token.output))

            #expect(try await narrow.apps().count == 1)
            let prod = "/apps/\(project.app.id)/channels/\(try await project.prod.id)"
            #expect(try await narrow.call("POST", "\(prod)/deploy", ["sha": "HEAD"]).status == 200)
            for (method, path, body) in [
                ("POST", "/apps", ["name": "more"]), ("DELETE", "/apps/\(project.app.id)", nil),
                ("POST", "/apps/\(project.app.id)/channels", ["name": "qa", "git_ref_binding": "branch:*"]),
                ("POST", "/tokens", [:]),
            ] as [(String, String, [String: String]?)] {
                let refused = try await narrow.call(method, path, body)
                #expect(refused.status == 403 && refused.text.contains("scope_denied"), "\(path): \(refused.text)")
            }
            try project.write("index.html", "two")
            try await project.commit("two")
            #expect(try await project.push(to: narrow.remote("scoped")).status != 0)
            #expect(try await project.get().text == "one")

            for (scopes, reason) in [("db:*", "reserved"), ("repo:*,all", "does not exist"), ("", "does not exist")] {
                let refused = try await berthd.command("token", "add", "dora", "--scopes", scopes)
                #expect(refused.status == 1 && refused.errorText.contains(reason), "\(scopes): \(refused.errorText)")
            }
            let unknown = try await berthd.command("token", "add", "nobody-here")
            #expect(unknown.status == 1 && unknown.errorText.contains("not found"), "\(unknown.errorText)")
        }
    }
}
