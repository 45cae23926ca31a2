import Control
import ControlTestSupport
import Core
import Foundation
import HTTPTypes
import Testing

@testable import API

/// Seed 000's endpoints, as its examples show them.
@Suite("The contract")
struct ContractTests {
    @Test("apps are made, listed, shown and deleted in the document's shapes")
    func apps() async throws {
        let api = TestAPI()
        let token = try await api.token()
        let made = try await api.call(.post, "/apps", token: token, body: #"{"name":"my-site"}"#)
        #expect(made.status == 200)
        #expect(made.headers[.contentType] == "application/json")
        let id = try #require(made.object["id"] as? String)
        let channel = try #require((made.object["channels"] as? [[String: Any]])?.first)
        let channelID = try #require(channel["id"] as? String)
        let expected = """
            {"id":"\(id)","name":"my-site","repo_url":"http://git.localhost:8080/alice/my-site.git","template":"static",\
            "created_at":"2026-04-22T10:31:00Z","channels":[{"id":"\(channelID)","name":"prod",\
            "hostname":"my-site-alice.localhost","git_ref_binding":"branch:master","current_sha":null,\
            "status":"provisioning"}]}
            """
        #expect(made.text == expected)
        #expect(try await api.call(.get, "/apps", token: token).text == #"{"apps":[\#(expected)]}"#)
        #expect(try await api.call(.get, "/apps/\(id)", token: token).text == expected)
        #expect(try await api.call(.get, "/apps/\(id.uppercased())", token: token).status == 200)
        let deleted = try await api.call(.delete, "/apps/\(id)", token: token)
        #expect(deleted.status == 204 && deleted.text.isEmpty)
        #expect(try await api.call(.delete, "/apps/\(id)", token: token).code == "not_found")
        #expect(try await api.call(.get, "/apps", token: token).text == #"{"apps":[]}"#)
    }

    @Test("channels are made, listed, shown and deleted; prod stays")
    func channels() async throws {
        let api = TestAPI()
        let token = try await api.token()
        let app = try await api.call(.post, "/apps", token: token, body: #"{"name":"my-site"}"#).object
        let id = try #require(app["id"] as? String)
        let made = try await api.call(
            .post, "/apps/\(id)/channels", token: token, body: #"{"name":"staging","git_ref_binding":"branch:*"}"#)
        let channelID = try #require(made.object["id"] as? String)
        #expect(
            made.text
                == #"{"id":"\#(channelID)","name":"staging","hostname":"staging-my-site-alice.localhost","#
                + #""git_ref_binding":"branch:*","current_sha":null,"status":"provisioning"}"#)
        let list = try await api.call(.get, "/apps/\(id)/channels", token: token).list
        #expect(list.map { $0["name"] as? String } == ["prod", "staging"])
        let prodID = try #require(list[0]["id"] as? String)
        #expect(try await api.call(.delete, "/apps/\(id)/channels/\(prodID)", token: token).code == "bad_request")
        #expect(try await api.call(.get, "/apps/\(id)/channels/\(channelID)", token: token).text == made.text)
        #expect(try await api.call(.delete, "/apps/\(id)/channels/\(channelID)", token: token).status == 204)
        #expect(try await api.call(.get, "/apps/\(id)/channels/\(channelID)", token: token).code == "not_found")
        for body in [
            #"{"name":"prod","git_ref_binding":"branch:x"}"#, #"{"name":"qa"}"#,
            #"{"name":"qa","git_ref_binding":"x"}"#, #"{"name":"Q","git_ref_binding":"branch:x"}"#,
        ] {
            let refused = try await api.call(.post, "/apps/\(id)/channels", token: token, body: body)
            #expect(refused.status == 400 && refused.code == "bad_request", "\(body)")
        }
    }

    @Test("a deploy is accepted as queued and its log is text")
    func deploys() async throws {
        let api = TestAPI()
        let token = try await api.token()
        let app = try await api.call(.post, "/apps", token: token, body: #"{"name":"my-site"}"#).object
        let id = try #require(app["id"] as? String)
        let channel = try #require((app["channels"] as? [[String: Any]])?.first?["id"] as? String)
        let base = "/apps/\(id)/channels/\(channel)"
        let accepted = try await api.call(.post, "\(base)/deploy", token: token, body: #"{"sha":"HEAD"}"#)
        let deploy = try #require(accepted.object["deploy_id"] as? String)
        #expect(accepted.text == #"{"deploy_id":"\#(deploy)","channel_id":"\#(channel)","status":"queued"}"#)
        let found = await eventually200 {
            try await api.call(.get, "\(base)/logs?deploy=\(deploy)", token: token)
        }
        let log = try #require(found)
        #expect(log.headers[.contentType] == "text/plain; charset=utf-8")
        #expect(log.text.hasPrefix("[2026-04-22T10:31:00Z] "))
        #expect(try await api.call(.get, "\(base)/logs", token: token).code == "bad_request")
        #expect(try await api.call(.get, "\(base)/logs?deploy=x", token: token).code == "bad_request")
        #expect(try await api.call(.get, "\(base)/logs?deploy=\(ID<Deploy>())", token: token).code == "not_found")
        for sha in ["", "a..b", "HEAD~1", "-x"] {
            let body = #"{"sha":"\#(sha)"}"#
            #expect(try await api.call(.post, "\(base)/deploy", token: token, body: body).code == "bad_request")
        }
    }

    @Test("variables are set and removed, never shown")
    func environment() async throws {
        let api = TestAPI()
        let token = try await api.token()
        let app = try await api.call(.post, "/apps", token: token, body: #"{"name":"my-site"}"#).object
        let id = try #require(app["id"] as? String)
        let set = try await api.call(
            .post, "/apps/\(id)/env", token: token, body: #"{"key":"STRIPE_SECRET_KEY","value":"sk_live_x"}"#)
        #expect(set.status == 204)
        #expect(try await api.call(.delete, "/apps/\(id)/env/STRIPE_SECRET_KEY", token: token).status == 204)
        #expect(try await api.call(.delete, "/apps/\(id)/env/STRIPE_SECRET_KEY", token: token).code == "not_found")
        for key in ["DATABASE_URL", "XHOST_SHA", "lower", "", "A B"] {
            let body = #"{"key":"\#(key)","value":"x"}"#
            #expect(try await api.call(.post, "/apps/\(id)/env", token: token, body: body).code == "bad_request")
        }
    }

    @Test("tokens are minted once, with the standard scopes, and revoked at once")
    func tokens() async throws {
        let api = TestAPI()
        let token = try await api.token()
        let minted = try await api.call(.post, "/tokens", token: token, body: #"{"label":"ci"}"#)
        let id = try #require(minted.object["token_id"] as? String)
        let plaintext = try #require(minted.object["plaintext"] as? String)
        #expect(plaintext.hasPrefix("xh_live_"))
        #expect(
            minted.text
                == #"{"token_id":"\#(id)","plaintext":"\#(plaintext)","scopes":["repo:*","deploy:*","channel:*"],"#
                + #""label":"ci","created_at":"2026-04-22T10:31:00Z"}"#)
        #expect(try await api.call(.post, "/tokens", token: plaintext).object["label"] is NSNull)
        #expect(try await api.call(.delete, "/tokens/\(id)", token: plaintext).status == 204)
        #expect(try await api.call(.get, "/apps", token: plaintext).code == "token_revoked")
        #expect(
            try await api.call(.post, "/tokens", token: token, body: #"{"scopes":["db:*"]}"#).code == "scope_reserved")
    }

    private func eventually200(_ call: () async throws -> TestAPI.Reply) async -> TestAPI.Reply? {
        for _ in 0..<2000 {
            if let reply = try? await call(), reply.status == 200 { return reply }
            await Task.yield()
        }
        return nil
    }
}
