import Control
import ControlTestSupport
import Core
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import TestSupport
import Testing

@testable import Dashboard

@Suite("The dashboard")
struct DashboardServerTests {
    let platform = TestPlatform()

    struct Reply {
        let status: Int
        let headers: HTTPFields
        let text: String
        var cookie: String? {
            headers[.setCookie].flatMap { $0.split(separator: ";").first }.map(String.init)
        }
    }

    /// Plays the requests one after another against one server.
    func visit(_ requests: [(HTTPRequest.Method, String, HTTPFields, String?)]) async throws -> [Reply] {
        let server = try DashboardServer(control: platform.control)
        return try await Application(router: server.router()).test(.router) { client in
            var replies: [Reply] = []
            for (method, path, headers, body) in requests {
                var headers = headers
                if let cookie = replies.first?.cookie, headers[.cookie] == nil { headers[.cookie] = cookie }
                let response = try await client.execute(
                    uri: path, method: method, headers: headers, body: body.map { ByteBuffer(string: $0) })
                replies.append(
                    Reply(
                        status: response.status.code, headers: response.headers, text: String(buffer: response.body)))
            }
            return replies
        }
    }

    @Test("asks a stranger to sign in and shows nothing else")
    func stranger() async throws {
        let replies = try await visit([
            (.get, "/", [:], nil), (.get, "/apps/\(ID<App>())", [:], nil),
            (.post, "/sign-in", [:], "token=xh_live_wrong"), (.get, "/nowhere", [:], nil),
        ])
        #expect(replies[0].status == 200 && replies[0].text.contains("name=\"token\""))
        #expect(replies[1].status == 303 && replies[1].headers[.location] == "/")
        #expect(replies[2].status == 401 && replies[2].cookie == nil)
        #expect(replies[2].text.contains("this token does not exist"))
        #expect(replies[3].status == 404)
    }

    @Test("shows the owner apps, channels, deploys and their logs")
    func owner() async throws {
        let (_, token) = try await platform.control.users.add(name: "alice", isAdmin: false)
        let alice = try await platform.control.tokens.authenticate(token.plaintext)
        let app = try await platform.control.apps.create(name: "site", template: nil, by: alice)
        _ = try await platform.push(platform.commit("a"), app: app.app, by: alice)
        let channel = app.channels[0].id
        let deploy = try await platform.stores.deploys.deploys(channel: channel, limit: 1)[0].id
        let replies = try await visit([
            (.post, "/sign-in", [:], "token=\(token.plaintext)"), (.get, "/", [:], nil),
            (.get, "/apps/\(app.app.id)", [:], nil),
            (.get, "/apps/\(app.app.id)/channels/\(channel)/deploys/\(deploy)", [:], nil),
            (.post, "/sign-out", [:], ""), (.get, "/", [:], nil),
        ])
        #expect(replies[0].status == 303)
        #expect(replies[0].headers[.setCookie]?.contains("HttpOnly; SameSite=Strict") == true)
        #expect(replies[1].text.contains("http://site-alice.localhost:8080"))
        #expect(replies[2].text.contains("branch:master") && replies[2].text.contains("success"))
        #expect(replies[3].text.contains("deploy complete"))
        #expect(replies[5].text.contains("name=\"token\""))
    }

    @Test("ends a session when its token is revoked")
    func revoked() async throws {
        let (_, token) = try await platform.control.users.add(name: "alice", isAdmin: false)
        let alice = try await platform.control.tokens.authenticate(token.plaintext)
        let server = try DashboardServer(control: platform.control)
        try await Application(router: server.router()).test(.router) { client in
            let opened = try await client.execute(
                uri: "/sign-in", method: .post, body: ByteBuffer(string: "token=\(token.plaintext)"))
            let cookie = try #require(opened.headers[.setCookie]?.split(separator: ";").first.map(String.init))
            let before = try await client.execute(uri: "/", method: .get, headers: [.cookie: cookie])
            #expect(String(buffer: before.body).contains("Sign out"))
            try await platform.control.tokens.revoke(token.token.id, by: alice)
            let after = try await client.execute(uri: "/", method: .get, headers: [.cookie: cookie])
            #expect(!String(buffer: after.body).contains("Sign out"))
        }
    }

    @Test("escapes what comes from people and forbids scripts and frames")
    func escaping() async throws {
        let (_, token) = try await platform.control.users.add(name: "alice", isAdmin: false)
        let alice = try await platform.control.tokens.authenticate(token.plaintext)
        let app = try await platform.control.apps.create(name: "site", template: nil, by: alice)
        platform.builder.use { _, log throws(PlatformError) in
            log.write("<script>alert(1)</script>")
            throw PlatformError(.buildFailed, "<img src=x onerror=alert(1)>")
        }
        _ = try await platform.push(platform.commit("a"), app: app.app, by: alice)
        let channel = app.channels[0].id
        let deploy = try await platform.stores.deploys.deploys(channel: channel, limit: 1)[0].id
        let replies = try await visit([
            (.post, "/sign-in", [:], "token=\(token.plaintext)"),
            (.get, "/apps/\(app.app.id)", [:], nil),
            (.get, "/apps/\(app.app.id)/channels/\(channel)/deploys/\(deploy)", [:], nil),
        ])
        for reply in replies.dropFirst() {
            #expect(!reply.text.contains("<script>") && !reply.text.contains("<img"))
            #expect(reply.headers[.contentSecurityPolicy]?.contains("frame-ancestors 'none'") == true)
        }
        #expect(replies[2].text.contains("&lt;script&gt;"))
    }

    @Test("shows nobody another's app and takes no form from another site")
    func foreign() async throws {
        let (_, token) = try await platform.control.users.add(name: "alice", isAdmin: false)
        let alice = try await platform.control.tokens.authenticate(token.plaintext)
        let app = try await platform.control.apps.create(name: "site", template: nil, by: alice)
        let bob = try await platform.control.users.add(name: "bob", isAdmin: false).token.plaintext
        let site = try #require(HTTPField.Name("Sec-Fetch-Site"))
        let replies = try await visit([
            (.post, "/sign-in", [:], "token=\(bob)"), (.get, "/apps/\(app.app.id)", [:], nil),
            (.post, "/sign-out", [site: "cross-site"], ""),
        ])
        #expect(replies[1].status == 404)
        #expect(replies[2].status == 403)
    }

    @Test("believes no session cookie that came twice: a site below its domain may have planted one")
    func plantedCookie() async throws {
        let (_, token) = try await platform.control.users.add(name: "alice", isAdmin: false)
        let (_, other) = try await platform.control.users.add(name: "mallory", isAdmin: false)
        let planted = try await visit([(.post, "/sign-in", [:], "token=\(other.plaintext)")])[0].cookie ?? ""
        let server = try DashboardServer(control: platform.control)
        try await Application(router: server.router()).test(.router) { client in
            func page(_ cookie: String) async throws -> String {
                try await client.execute(uri: "/", method: .get, headers: [.cookie: cookie]) {
                    String(buffer: $0.body)
                }
            }
            let response = try await client.execute(
                uri: "/sign-in", method: .post, body: ByteBuffer(string: "token=\(token.plaintext)"))
            let own = String(response.headers[.setCookie]?.split(separator: ";").first ?? "")
            #expect(try await page(own).contains("alice"))
            for pair in ["\(planted); \(own)", "\(own); \(planted)", "\(own);berth_session="] {
                #expect(try await page(pair).contains("name=\"token\""), "\(pair)")
            }
        }
    }

    @Test("has a cookie that no sibling site can set where it is served over https")
    func hostCookie() {
        let cookie = SessionCookie(PublicAddress(scheme: "https", domain: "example.org", port: nil))
        #expect(cookie.set("s").hasPrefix("__Host-berth_session=s; Path=/;"))
        #expect(cookie.set("s").contains("; Secure"))
        #expect(cookie.secret(in: [.cookie: "berth_session=x"]) == nil)
        #expect(cookie.secret(in: [.cookie: "a=b; __Host-berth_session=x"]) == "x")
    }

    @Test("refuses a form of another site also from a browser that sends only its origin")
    func crossSiteOrigin() async throws {
        let server = try DashboardServer(control: platform.control)
        try await Application(router: server.router()).test(.live) { client in
            // What the test client sends as Host.
            let authority = "localhost"
            for (origin, status) in [
                ("http://\(authority)", 303), ("http://evil.localhost:1", 403), ("null", 403),
                ("http://\(authority)/", 403),
            ] {
                let response = try await client.execute(uri: "/sign-out", method: .post, headers: [.origin: origin])
                #expect(response.status.code == status, "\(origin)")
            }
        }
    }

    @Test("an invite's code makes a user, whose first token is shown once; a bad code is token_invalid")
    func invite() async throws {
        let (_, root) = try await platform.control.users.add(name: "root", isAdmin: true)
        let admin = try await platform.control.tokens.authenticate(root.plaintext)
        let code = try await platform.control.invites.make(label: nil, hours: nil, by: admin).code
        let site = try #require(HTTPField.Name("Sec-Fetch-Site"))
        let replies = try await visit([
            (.get, "/invite?code=\(code)", [:], nil),
            (.post, "/invite", [:], "code=xh_invite_wrong&name=bob"),
            (.post, "/invite", [:], "code=\(code)&name=root"),
            (.post, "/invite", [:], "code=\(code)&name=Not+a+name"),
            (.post, "/invite", [site: "cross-site"], "code=\(code)&name=bob"),
            (.post, "/invite", [:], "code=+\(code)%0A&name=bob"),
            (.post, "/invite", [:], "code=\(code)&name=carol"),
        ])
        #expect(replies[0].status == 200 && replies[0].text.contains("value=\"\(code)\""))
        #expect(replies[1].status == 401 && replies[1].text.contains("token_invalid"))
        #expect(replies[2].status == 400 && replies[2].text.contains("taken"))
        #expect(replies[3].status == 400 && replies[3].text.contains("user name"))
        #expect(replies[4].status == 403)
        let welcome = replies[5]
        #expect(welcome.status == 200 && welcome.headers[.cacheControl] == "no-store")
        let token = try #require(welcome.text.firstMatch(of: #/xh_live_[A-Za-z0-9_-]{49}/#)).output
        #expect(try await platform.control.tokens.authenticate(String(token)).user.name.rawValue == "bob")
        // Used up.
        #expect(replies[6].status == 401 && !replies[6].text.contains("xh_live_"))
        #expect(try await platform.stores.users.users().map(\.name.rawValue) == ["root", "bob"])
    }
}
