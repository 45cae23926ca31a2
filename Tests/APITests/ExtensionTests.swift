import Control
import ControlTestSupport
import Core
import Foundation
import HTTPTypes
import TestSupport
import Testing

@testable import API

/// What Berth has beside the endpoints of seed 000, and the statistics.
@Suite("Extensions and statistics")
struct ExtensionTests {
    private let api = TestAPI()

    @Test("the token's owner is told who they are")
    func account() async throws {
        let token = try await api.token()
        let shown = try await api.call(.get, "/me", token: token).object
        let user = try #require(shown["user"] as? [String: Any])
        #expect(user["username"] as? String == "alice" && user["is_admin"] as? Bool == false)
        let held = try #require(shown["token"] as? [String: Any])
        #expect(held["scopes"] as? [String] == ["repo:*", "deploy:*", "channel:*"])
    }

    @Test("tokens are listed without plaintext, with the time of their last use, until they are revoked")
    func tokens() async throws {
        let token = try await api.token()
        let minted = try await api.call(.post, "/tokens", token: token, body: #"{"label":"ci"}"#).object
        let id = try #require(minted["token_id"] as? String)
        let plaintext = try #require(minted["plaintext"] as? String)
        let text = try await api.call(.get, "/tokens", token: token).text
        #expect(!text.contains("xh_live_"))
        var list = try await tokenList(token)
        #expect(list.map { $0["label"] as? String } == ["first token", "ci"])
        #expect(list[0]["last_used_at"] as? String == "2026-04-22T10:31:00Z")
        #expect(list[1]["last_used_at"] is NSNull)
        _ = try await api.call(.get, "/apps", token: plaintext)
        list = try await tokenList(token)
        #expect(list[1]["last_used_at"] as? String == "2026-04-22T10:31:00Z")
        _ = try await api.call(.delete, "/tokens/\(id)", token: token)
        #expect(try await tokenList(token).count == 1)
    }

    @Test("names of variables are listed, sorted, without values")
    func variables() async throws {
        let token = try await api.token()
        let app = try await api.app(token: token)
        for key in ["ZED", "ALPHA"] {
            let body = #"{"key":"\#(key)","value":"geheim"}"#
            #expect(try await api.call(.post, "/apps/\(app.id)/env", token: token, body: body).status == 204)
        }
        #expect(try await api.call(.get, "/apps/\(app.id)/env", token: token).text == #"{"keys":["ALPHA","ZED"]}"#)
    }

    @Test("protected branches are set as a whole, by the owner, with names that git accepts")
    func protectedBranches() async throws {
        let token = try await api.token()
        let path = "/apps/\(try await api.app(token: token).id)/protected-branches"
        #expect(try await api.call(.get, path, token: token).text == #"{"branches":[]}"#)
        let set = try await api.call(.put, path, token: token, body: #"{"branches":["main","a/b","main"]}"#)
        #expect(set.text == #"{"branches":["a/b","main"]}"#)
        #expect(try await api.call(.get, path, token: token).text == set.text)
        for (body, part) in [
            (#"{}"#, "branches is required"), (#"{"branches":"main"}"#, "must be a list"),
            (#"{"branches":["main","a..b"]}"#, "a..b"),
        ] {
            let refused = try await api.call(.put, path, token: token, body: body)
            #expect(refused.status == 400)
            #expect(refused.text.contains(part), "\(refused.text)")
        }
        #expect(try await api.call(.get, path, token: token).text == set.text)
        #expect(try await api.call(.put, path, token: token, body: #"{"branches":[]}"#).text == #"{"branches":[]}"#)
    }

    @Test("deploys are listed newest first, page by page, by channel too")
    func deploys() async throws {
        let token = try await api.token()
        let app = try await api.app(token: token)
        let base = "/apps/\(app.id)"
        let staging = try await api.call(
            .post, "\(base)/channels", token: token, body: #"{"name":"staging","git_ref_binding":"branch:*"}"#)
        let stagingID = try #require(staging.object["id"] as? String)
        var expected: [String] = []
        for channel in [app.prod, stagingID, app.prod] {
            let deploy = try await api.call(
                .post, "\(base)/channels/\(channel)/deploy", token: token, body: #"{"sha":"HEAD"}"#)
            expected.insert(try #require(deploy.object["deploy_id"] as? String), at: 0)
        }
        var seen: [String] = []
        var cursor: String?
        repeat {
            let query = "limit=2" + (cursor.map { "&cursor=\($0)" } ?? "")
            let page = try await api.call(.get, "\(base)/deploys?\(query)", token: token).object
            let deploys = try #require(page["deploys"] as? [[String: Any]])
            seen += deploys.compactMap { $0["deploy_id"] as? String }
            #expect(deploys.allSatisfy { $0["requested"] as? String == "HEAD" && $0["branch"] as? String == "master" })
            cursor = page["next_cursor"] as? String
        } while cursor != nil
        #expect(seen == expected)
        let ofStaging = try await api.call(.get, "\(base)/deploys?channel=\(stagingID)", token: token).object
        #expect((ofStaging["deploys"] as? [[String: Any]])?.count == 1)
        for query in ["limit=0", "limit=101", "limit=x", "cursor=-1", "cursor=x", "cursor="] {
            #expect(
                try await api.call(.get, "\(base)/deploys?\(query)", token: token).code == "bad_request", "\(query)")
        }
        for channel in ["x", ID<Channel>().description] {
            #expect(try await api.call(.get, "\(base)/deploys?channel=\(channel)", token: token).code == "not_found")
        }
    }

    @Test("administration is for administrators, and says when there is none")
    func attack30AdministrationIsForAdministrators() async throws {
        let alice = try await api.token("alice")
        let calls: [(HTTPRequest.Method, String)] = [
            (.get, "/admin/users"), (.post, "/admin/users"), (.get, "/admin/invites"), (.post, "/admin/invites"),
            (.delete, "/admin/invites/x"), (.get, "/admin/events?limit=x"),
        ]
        for (method, path) in calls {
            let reply = try await api.call(method, path, token: alice, body: "{")
            #expect(reply.status == 403 && reply.code == "admin_not_configured", "\(method) \(path)")
        }
        let root = try await api.token("root", isAdmin: true)
        for (method, path) in calls {
            let reply = try await api.call(method, path, token: alice, body: "{")
            #expect(reply.status == 403 && reply.code == "permission_denied", "\(method) \(path)")
        }
        let made = try await api.call(.post, "/admin/users", token: root, body: #"{"username":"bob"}"#).object
        let token = try #require(made["token"] as? String)
        #expect(try await api.call(.get, "/apps", token: token).status == 200)
        let users = try await api.call(.get, "/admin/users", token: root).object["users"] as? [[String: Any]]
        #expect(users?.map { $0["username"] as? String } == ["alice", "root", "bob"])
        for body in [#"{"username":"bob"}"#, #"{"username":"B"}"#, "{}", #"{"username":"c","is_admin":1}"#] {
            #expect(try await api.call(.post, "/admin/users", token: root, body: body).code == "bad_request", "\(body)")
        }
        let owner = try #require(try await api.platform.stores.users.user(named: UserName("root")))
        let narrow = try await api.platform.control.tokens.issue(to: owner, label: nil, scopes: [.repo]).plaintext
        #expect(try await api.call(.get, "/admin/users", token: narrow).code == "scope_denied")
    }

    @Test("an invite makes one user, once, until it expires or is taken back")
    func invites() async throws {
        let root = try await api.token("root", isAdmin: true)
        func invite() async throws -> (id: String, code: String) {
            let made = try await api.call(.post, "/admin/invites", token: root, body: #"{"label":"for bob"}"#).object
            let invite = try #require(made["invite"] as? [String: Any])
            #expect(invite["expires_at"] as? String == "2026-04-25T10:31:00Z")
            return (try #require(invite["invite_id"] as? String), try #require(made["code"] as? String))
        }
        let (first, second) = (try await invite(), try await invite())
        let service = api.platform.control.invites
        await #expect(throws: PlatformError.self) { try await service.redeem(first.code, name: "root") }
        #expect(try await service.redeem(first.code, name: "bob").user.name.rawValue == "bob")
        let used = await #expect(throws: PlatformError.self) { try await service.redeem(first.code, name: "eve") }
        #expect(used?.code == .tokenInvalid)
        #expect(try await api.call(.delete, "/admin/invites/\(second.id)", token: root).status == 204)
        #expect(try await api.call(.delete, "/admin/invites/\(second.id)", token: root).code == "not_found")
        await #expect(throws: PlatformError.self) { try await service.redeem(second.code, name: "eve") }
        let text = try await api.call(.get, "/admin/invites", token: root).text
        #expect(text.contains(#""used_at":"2026-04-22T10:31:00Z""#) && !text.contains("xh_invite_"))
        for body in [#"{"expires_in_hours":0}"#, #"{"expires_in_hours":1.5}"#, #"{"expires_in_hours":true}"#] {
            #expect(
                try await api.call(.post, "/admin/invites", token: root, body: body).code == "bad_request", "\(body)")
        }
    }

    private func tokenList(_ token: String) async throws -> [[String: Any]] {
        try #require(try await api.call(.get, "/tokens", token: token).object["tokens"] as? [[String: Any]])
    }
}
