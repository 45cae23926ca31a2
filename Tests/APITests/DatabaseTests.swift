import Control
import ControlTestSupport
import Core
import Foundation
import HTTPTypes
import TestSupport
import Testing

@testable import API

/// `…/postgres` (seed 000, "Postgres").
@Suite("Postgres endpoints")
struct DatabaseTests {
    private let api = TestAPI()

    @Test("a channel's schema is shown with live figures and without its password")
    func overview() async throws {
        let token = try await api.token()
        let app = try await api.app(token: token)
        let path = "/apps/\(app.id)/channels/\(app.prod)"
        _ = try await api.database(path, token: token)
        let digits = app.prod.filter { $0 != "-" }.prefix(12)
        let user = try #require(try await api.platform.stores.users.users().first)
        let expected = """
            {"db_name":"u_\(user.id.hex)","schema_name":"ch_\(digits)","role_name":"r_\(digits)","status":"ready",\
            "last_error":null,"connection_count":2,"connection_limit":20,"password_set":true,"storage_bytes":81920}
            """
        #expect(try await api.call(.get, "\(path)/postgres", token: token).text == expected)
        #expect(
            try await api.call(.get, "/me/postgres/storage", token: token).text
                == #"{"database_size_bytes":1572864,"schema_count":1}"#)
    }

    @Test func `an app is there before its schema is made, which is shown as provisioning meanwhile`() async throws {
        let token = try await api.token()
        api.platform.provisioner.gate.close()
        let app = try await api.app(token: token)
        let path = "/apps/\(app.id)/channels/\(app.prod)"
        let shown = try await api.call(.get, "\(path)/postgres", token: token).object
        #expect(shown["status"] as? String == "provisioning" && shown["last_error"] is NSNull)
        #expect(shown["password_set"] as? Bool == true && shown["connection_limit"] as? Int == 20)
        #expect(shown["connection_count"] as? Int == 0 && shown["storage_bytes"] as? Int == 0)
        #expect(try await api.call(.post, "\(path)/postgres/reset", token: token, body: "{}").code == "conflict")
        #expect(try await api.call(.get, "\(path)/postgres/dump", token: token).code == "conflict")
        api.platform.provisioner.gate.open()
        _ = try await api.database(path, token: token)
    }

    @Test("a failed schema says why, with zeros for figures, and is tried again by itself")
    func failure() async throws {
        let token = try await api.token()
        api.platform.provisioner.fail(with: PlatformError(.databaseUnavailable, "Postgres does not answer"))
        let app = try await api.app(token: token)
        let path = "/apps/\(app.id)/channels/\(app.prod)"
        var shown = try await api.call(.get, "\(path)/postgres", token: token).object
        for _ in 0..<10_000 where shown["status"] as? String != "failed" {
            await Task.yield()
            shown = try await api.call(.get, "\(path)/postgres", token: token).object
        }
        #expect(shown["status"] as? String == "failed")
        #expect(shown["last_error"] as? String == "Postgres does not answer")
        #expect(shown["connection_count"] as? Int == 0 && shown["storage_bytes"] as? Int == 0)
        let reset = try await api.call(.post, "\(path)/postgres/reset", token: token, body: "{}")
        #expect(reset.status == 409 && reset.code == "conflict")
        #expect(try await api.call(.get, "\(path)/postgres/dump", token: token).code == "conflict")
        api.platform.provisioner.fail(with: nil)
        #expect(try await api.database(path, token: token)["last_error"] is NSNull)
    }

    @Test("a reset wants the schema's name, and empties the schema once")
    func reset() async throws {
        let token = try await api.token()
        let app = try await api.app(token: token)
        let path = "/apps/\(app.id)/channels/\(app.prod)"
        let name = try #require(try await api.database(path, token: token)["schema_name"] as? String)
        let refusals = [
            ("", "bad_request"), ("{}", "bad_request"), (#"{"confirm_schema_name":1}"#, "bad_request"),
            (#"{"confirm_schema_name":""}"#, "invalid_confirmation"),
            (#"{"confirm_schema_name":"\#(name) "}"#, "invalid_confirmation"),
            (#"{"confirm_schema_name":"\#(name.uppercased())"}"#, "invalid_confirmation"),
        ]
        for (body, code) in refusals {
            let reply = try await api.call(.post, "\(path)/postgres/reset", token: token, body: body)
            #expect(reply.status == 400 && reply.code == code, "\(body)")
        }
        #expect(api.platform.provisioner.resets.isEmpty)
        let body = #"{"confirm_schema_name":"\#(name)"}"#
        let reply = try await api.call(.post, "\(path)/postgres/reset", token: token, body: body)
        #expect(reply.status == 204 && reply.text.isEmpty)
        #expect(api.platform.provisioner.resets.map(\.schema) == [name])
        #expect(try await api.database(path, token: token)["schema_name"] as? String == name)
    }

    @Test("a reset that fails says so; the schema is made whole again by itself")
    func failedReset() async throws {
        let token = try await api.token()
        let app = try await api.app(token: token)
        let path = "/apps/\(app.id)/channels/\(app.prod)"
        let name = try #require(try await api.database(path, token: token)["schema_name"] as? String)
        api.platform.provisioner.fail(with: PlatformError(.databaseUnavailable, "Postgres took too long"))
        let reply = try await api.call(
            .post, "\(path)/postgres/reset", token: token, body: #"{"confirm_schema_name":"\#(name)"}"#)
        #expect(reply.status == 503 && reply.code == "postgres_unavailable")
        api.platform.provisioner.fail(with: nil)
        _ = try await api.database(path, token: token)
    }

    @Test("a dump is a file to save; nobody takes a part of it for the whole")
    func dump() async throws {
        let token = try await api.token()
        let app = try await api.app(token: token)
        let path = "/apps/\(app.id)/channels/\(app.prod)"
        let name = try #require(try await api.database(path, token: token)["schema_name"] as? String)
        let whole = ScriptedDump(pieces: ["one\n", "two\n"])
        api.platform.provisioner.dump(whole)
        let reply = try await api.call(.get, "\(path)/postgres/dump", token: token)
        #expect(reply.status == 200 && reply.text == "one\ntwo\n")
        #expect(reply.headers[.contentType] == "application/sql")
        #expect(reply.headers[.contentDisposition] == "attachment; filename=\"\(name).sql\"")
        #expect(whole.isClosed)

        let broken = ScriptedDump(pieces: ["one\n"], failure: PlatformError(.badGateway, "pg_dump failed"))
        api.platform.provisioner.dump(broken)
        await #expect(throws: (any Error).self) { try await api.call(.get, "\(path)/postgres/dump", token: token) }
        #expect(broken.isClosed)

        let unread = ScriptedDump(pieces: ["one\n"])
        api.platform.provisioner.dump(unread)
        #expect(try await api.call(.head, "\(path)/postgres/dump", token: token).text.isEmpty)
        #expect(unread.isClosed)

        api.platform.provisioner.fail(with: PlatformError(.badGateway, "pg_dump failed"))
        let refused = try await api.call(.get, "\(path)/postgres/dump", token: token)
        #expect(refused.status == 502 && refused.code == "bad_gateway")
    }

    @Test("without Postgres everything but databases works, and that says so")
    func degraded() async throws {
        let token = try await api.token()
        let control = api.platform.restarted(withPostgres: false)
        let made = try await api.call(.post, "/apps", token: token, body: #"{"name":"my-site"}"#, control: control)
        #expect(made.status == 200)
        let id = try #require(made.object["id"] as? String)
        let channel = try #require((made.object["channels"] as? [[String: Any]])?.first?["id"] as? String)
        let path = "/apps/\(id)/channels/\(channel)/postgres"
        let shown = try await api.call(.get, path, token: token, control: control)
        #expect(shown.status == 404 && shown.code == "not_found")
        let calls: [(HTTPRequest.Method, String)] = [
            (.post, "\(path)/reset"), (.get, "\(path)/dump"), (.get, "/me/postgres/storage"),
        ]
        for (method, path) in calls {
            let reply = try await api.call(method, path, token: token, body: "{", control: control)
            #expect(reply.status == 503 && reply.code == "postgres_unavailable", "\(path)")
            #expect(try await api.call(method, path, control: control).status == 401)
        }
        let missing = "/apps/\(id)/channels/\(ID<Channel>())/postgres/reset"
        #expect(try await api.call(.post, missing, token: token, control: control).status == 404)
    }
}
