import ControlTestSupport
import Core
import Foundation
import HTTPTypes
import TestSupport
import Testing

@testable import API

/// One deploy, following it, and going back.
@Suite("Deploys in full")
struct DeployHistoryTests {
    private let api = TestAPI()

    /// A channel of something that runs, deployed from these commits.
    private func deployed(_ digits: String, token: String) async throws -> (path: String, app: String, last: String) {
        let app = try await api.app(token: token)
        let path = "/apps/\(app.id)/channels/\(app.prod)"
        api.platform.builder.use(ScriptedBuilder.web)
        var last = ""
        for digit in digits {
            api.platform.repository.move(.master, to: api.platform.commit(digit), app: try #require(ID(app.id)))
            let deploy = try await api.call(.post, "\(path)/deploy", token: token, body: #"{"sha":"HEAD"}"#)
            last = try #require(deploy.object["deploy_id"] as? String)
            _ = try await api.platform.log(of: try #require(ID(last)))
        }
        return (path, app.id, last)
    }

    /// Waits for the deploy that an answer tells of.
    private func ended(_ reply: TestAPI.Reply) async throws {
        let id = try #require(reply.object["deploy_id"] as? String)
        _ = try await api.platform.log(of: try #require(ID(id)))
    }

    @Test("a deploy is shown with its steps and its switch")
    func detail() async throws {
        let token = try await api.token()
        let world = try await deployed("a", token: token)
        let address = "/apps/\(world.app)/deploys/\(world.last)"
        var shown: [String: Any] = [:]
        // The figures are kept a moment after the log has ended.
        _ = try await eventually {
            shown = try await api.call(.get, address, token: token).object
            return shown["switch"] is [String: Any]
        }
        #expect(shown["status"] as? String == "success" && shown["reused"] as? Bool == false)
        let steps = try #require(shown["steps"] as? [[String: Any]])
        #expect(steps.map { $0["name"] as? String } == ["database", "resolve", "build", "start", "switch"])
        #expect(steps.allSatisfy { $0["duration_ms"] is Int })
        #expect((shown["switch"] as? [String: Any])?["requests"] as? Int == 0)
        let other = try await api.token("bob")
        for id in [world.last, "nonsense", "\(ID<Deploy>())"] {
            #expect(try await api.call(.get, "/apps/\(world.app)/deploys/\(id)", token: other).code == "not_found")
        }
        #expect(try await api.call(.get, "/apps/\(world.app)/deploys/nonsense", token: token).code == "not_found")
    }

    @Test("a switch under traffic is shown with what it cost, before and after")
    func switched() async throws {
        func figures(_ requests: Int, failed: Int, milliseconds: Int) -> TrafficFigures {
            var figures = TrafficFigures()
            for number in 0..<requests { figures.add(microseconds: milliseconds * 1000, isFailure: number < failed) }
            return figures
        }
        let token = try await api.token()
        let world = try await deployed("a", token: token)
        let old = try #require(api.platform.runner.running.values.first)
        let (before, after) = (figures(200, failed: 2, milliseconds: 3), figures(100, failed: 1, milliseconds: 7))
        api.platform.routes.count { $0 == .instance(old) ? before : after }
        api.platform.repository.move(.master, to: api.platform.commit("b"), app: try #require(ID(world.app)))
        let deploy = try await api.call(.post, "\(world.path)/deploy", token: token, body: #"{"sha":"HEAD"}"#)
        try await ended(deploy)
        let id = try #require(deploy.object["deploy_id"] as? String)
        var shown: [String: Any]?
        // The figures are kept a moment after the log has ended.
        _ = try await eventually {
            let detail = try await api.call(.get, "/apps/\(world.app)/deploys/\(id)", token: token)
            shown = detail.object["switch"] as? [String: Any]
            return shown != nil
        }
        let cost = try #require(shown)
        #expect(cost["requests"] as? Int == 100 && cost["failed"] as? Int == 1)
        #expect(cost["requests_before"] as? Int == 200 && cost["failed_before"] as? Int == 2)
        // With one decimal; the buckets are some 6 % wide.
        let (p99Before, p99After) = (cost["p99_before_ms"] as? Double, cost["p99_after_ms"] as? Double)
        #expect(p99Before.map { (2.9...3.4).contains($0) } == true, "\(cost)")
        #expect(p99After.map { (6.8...7.9).contains($0) } == true, "\(cost)")
    }

    @Test("the events of a deploy have the numbers of its lines, from where the caller was")
    func events() async throws {
        let token = try await api.token()
        let world = try await deployed("a", token: token)
        let address = "/apps/\(world.app)/deploys/\(world.last)/events"
        let log = try await api.call(.get, "\(world.path)/logs?deploy=\(world.last)", token: token).text
        let lines = log.split(separator: "\n").map(String.init)
        func expected(after: Int) -> String {
            lines.enumerated().dropFirst(after).map { "id: \($0.offset + 1)\ndata: \($0.element)\n\n" }.joined()
                + "event: end\ndata: {\"status\":\"success\",\"failure\":null}\n\n"
        }
        func ask(_ query: String, last: String? = nil) async throws -> String {
            var headers = HTTPFields()
            if let last, let name = HTTPField.Name("Last-Event-ID") { headers[name] = last }
            let reply = try await api.call(.get, address + query, token: token, headers: headers)
            #expect(reply.status == 200 && reply.headers[.contentType] == "text/event-stream")
            return reply.text.replacing(": \n\n", with: "")
        }
        #expect(try await ask("") == expected(after: 0))
        #expect(try await ask("?after=2") == expected(after: 2))
        #expect(try await ask("?after=1", last: "3") == expected(after: 3))
        #expect(try await ask("", last: "nonsense") == expected(after: 0))
        #expect(try await ask("?after=999") == expected(after: 999))
        for query in ["?after=-1", "?after=x", "?after=99999999999999999999"] {
            #expect(try await api.call(.get, address + query, token: token).code == "bad_request", "\(query)")
        }
        let other = try await api.token("bob")
        #expect(try await api.call(.get, address + "?after=x", token: other).code == "not_found")
    }

    @Test("a rollback takes the release before, or the one that is named")
    func rollback() async throws {
        let token = try await api.token()
        let world = try await deployed("abc", token: token)
        let address = "\(world.path)/rollback"
        let list = try await api.call(.get, "\(world.path)/releases", token: token).object
        let releases = try #require(list["releases"] as? [[String: Any]])
        #expect(releases.map { $0["is_current"] as? Bool } == [true, false, false])
        func sha() async throws -> String? {
            try await api.call(.get, world.path, token: token).object["current_sha"] as? String
        }
        let back = try await api.call(.post, address, token: token)
        #expect(back.status == 200 && back.object["status"] as? String == "queued")
        try await ended(back)
        #expect(try await sha() == api.platform.commit("b").rawValue)
        let first = try #require(releases[2]["release_id"] as? String)
        let named = try await api.call(.post, address, token: token, body: #"{"release_id":"\#(first)"}"#)
        try await ended(named)
        #expect(try await sha() == api.platform.commit("a").rawValue)
        for (body, code) in [
            (#"{"release_id":"\#(first)"}"#, "conflict"), (#"{"release_id":"x"}"#, "not_found"),
            (#"{"release_id":1}"#, "bad_request"), ("[]", "bad_request"), ("{}", "conflict"),
        ] {
            #expect(try await api.call(.post, address, token: token, body: body).code == code, "\(body)")
        }
    }

    @Test("the output of a stopped instance is still there, for its owner")
    func stopped() async throws {
        let token = try await api.token()
        let world = try await deployed("a", token: token)
        func instances(_ key: String) async throws -> [[String: Any]] {
            let list = try await api.call(.get, "\(world.path)/instances", token: token).object
            return try #require(list[key] as? [[String: Any]])
        }
        let old = try #require(try await instances("instances").first?["instance_id"] as? String)
        #expect(try await instances("stopped").isEmpty)
        try await ended(
            try await api.call(
                .post, "\(world.path)/deploy", token: token, body: #"{"sha":"\#(api.platform.commit("a").rawValue)"}"#))
        #expect(await eventually { (try? await instances("stopped"))?.first?["instance_id"] as? String == old })
        #expect(try await instances("stopped").first?["state"] as? String == "stopped")
        let address = "\(world.path)/instances/\(old)"
        #expect(try await api.call(.get, "\(address)/log", token: token).text == "listening\nGET / 200\n")
        let other = try await api.token("bob")
        #expect(try await api.call(.get, "\(address)/log", token: other).code == "not_found")
    }

    @Test("what an instance writes is read and followed by its owner")
    func output() async throws {
        let token = try await api.token()
        let world = try await deployed("a", token: token)
        let list = try await api.call(.get, "\(world.path)/instances", token: token).object
        let instance = try #require((list["instances"] as? [[String: Any]])?.first)
        #expect(instance["state"] as? String == "live")
        let id = try #require(instance["instance_id"] as? String)
        let address = "\(world.path)/instances/\(id)"
        #expect(try await api.call(.get, "\(address)/log", token: token).text == "listening\nGET / 200\n")
        #expect(try await api.call(.get, "\(address)/log?lines=1", token: token).text == "GET / 200\n")
        let events = try await api.call(.get, "\(address)/events?lines=1", token: token).text
        #expect(events.hasSuffix("data: GET / 200\n\n"))
        #expect(try await api.call(.get, "\(address)/log?lines=x", token: token).code == "bad_request")
        let other = try await api.token("bob")
        #expect(try await api.call(.get, "\(address)/log?lines=x", token: other).code == "not_found")
        #expect(try await api.call(.get, "\(world.path)/instances/x/log", token: token).code == "not_found")
    }
}
