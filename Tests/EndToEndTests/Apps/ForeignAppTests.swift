import Foundation
import ServerTestSupport
import Testing

extension EndToEnd {
    @Suite struct ForeignApp {
        private struct CreatedToken: Decodable {
            let token_id: String
            let plaintext: String
        }

        @Test func `another user's app is answered like one that does not exist`() async throws {
            let project = try await Project("private", template: "static")
            try project.write("index.html", "mine")
            try await project.commit("first")
            try await project.deploy()
            let token = try await project.berthd.addUser("mallory")
            let mallory = Platform(berthd: project.berthd, user: "mallory", token: token)

            #expect(try await mallory.apps().isEmpty)
            for method in ["GET", "DELETE"] {
                let foreign = try await mallory.call(method, "/apps/\(project.app.id)")
                let missing = try await mallory.call(method, "/apps/00000000-0000-4000-8000-000000000000")
                #expect(foreign.status == 404)
                #expect(foreign.body == missing.body)
            }
            for path in ["admin/private.git", "admin/missing.git"] {
                for user in ["mallory", "admin"] {
                    let address = "http://\(user):\(token)@git.localhost:\(project.berthd.port)/\(path)"
                    let push = try await project.push(to: address)
                    #expect(push.status != 0, "\(user) \(path)")
                }
            }
            #expect(try await project.get().text == "mine")
        }

        @Test func `a revoked token pushes no more`() async throws {
            let project = try await Project("revoked", template: "static")
            try project.write("index.html", "one")
            try await project.commit("first")
            let answer = try await project.platform.call("POST", "/tokens", [:])
            let token = try JSONDecoder().decode(CreatedToken.self, from: answer.body)
            let other = Platform(berthd: project.berthd, user: "admin", token: token.plaintext)
            #expect(try await other.apps().isEmpty == false)

            let revocation = try await project.platform.call("DELETE", "/tokens/\(token.token_id)")

            #expect(revocation.status == 204)
            #expect(try await other.call("GET", "/apps").status == 401)
            let push = try await project.push(to: other.remote("revoked"))
            #expect(push.status != 0)
            #expect(try await project.prod.current_sha == nil)
        }
    }
}
