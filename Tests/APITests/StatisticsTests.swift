import Control
import ControlTestSupport
import Core
import Foundation
import HTTPTypes
import TestSupport
import Testing

@testable import API

@Suite("Statistics")
struct StatisticsTests {
    private let api = TestAPI()

    @Test("begin with zeros and the usual memory")
    func empty() async throws {
        let token = try await api.token()
        let user = try #require(try await api.platform.stores.users.users().first)
        let expected = """
            {"username":"alice","user_id":"\(user.id)","platform":{"apps":0,"channels":0,"running_channels":0,\
            "deploys_last_hour":0,"deploys_last_day":0,"success_last_day":0,"failed_last_day":0},\
            "resources":{"mem_current_mb":0.0,"mem_limit_mb":256.0,"mem_percent":0.0,"cpu_current_percent":0.0,\
            "cpu_avg_percent":0.0,"cpu_usage_sec":0.0},"sites":[],"collected_at":"2026-04-22 10:31:00 UTC"}
            """
        #expect(try await api.call(.get, "/api/user/stats", token: token).text == expected)
    }

    @Test("count apps, channels and deploys, list sites, and add up what instances use")
    func figures() async throws {
        let user = try await api.platform.user()
        let token = try await api.platform.control.tokens.issue(to: user.user, label: nil, scopes: Scope.standard)
        let app = try await api.platform.control.apps.create(name: "my-site", template: "node", by: user)
        _ = try await api.platform.control.channels.create(
            name: "idle", binding: "branch:idle", app: app.app.id, by: user)
        api.platform.builder.use(ScriptedBuilder.web)
        let commit = api.platform.commit("a")
        _ = try await api.platform.push(commit, app: app.app, by: user)
        let instance = try #require(try await api.platform.stores.instances.instances().first)
        api.platform.meter.set(
            InstanceUsage(
                memory: 47_395_635, memoryLimit: 512 << 20, cpuSeconds: 142.46, currentPercent: 2.5,
                averagePercent: 1.06), of: instance.id)
        let stats = try await api.call(.get, "/api/user/stats", token: token.plaintext).object
        let platform = try #require(stats["platform"] as? [String: Int])
        #expect(
            platform == [
                "apps": 1, "channels": 2, "running_channels": 1, "deploys_last_hour": 1, "deploys_last_day": 1,
                "success_last_day": 1, "failed_last_day": 0,
            ])
        let resources = try #require(stats["resources"] as? [String: Double])
        #expect(
            resources == [
                "mem_current_mb": 45.2, "mem_limit_mb": 512, "mem_percent": 8.8, "cpu_current_percent": 2.5,
                "cpu_avg_percent": 1.1, "cpu_usage_sec": 142.5,
            ])
        let sites = try #require(stats["sites"] as? [[String: Any]])
        let site = try #require(sites.first)
        #expect(sites.count == 1)
        #expect(site["hostname"] as? String == "my-site-alice.localhost" && site["repo"] as? String == "alice/my-site")
        #expect(site["branch"] as? String == "master" && site["status"] as? String == "running")
        #expect(site["sha"] as? String == "aaaaaaa" && site["latest_deploy_status"] as? String == "success")
        try await api.platform.control.apps.delete(app.app.id, by: user)
        let after = try await api.call(.get, "/api/user/stats", token: token.plaintext).object
        #expect((after["sites"] as? [Any])?.isEmpty == true)
    }

    @Test func `agree with the lists, are the caller's own, and tell what is live from what was tried last`()
        async throws
    {
        let (alice, bob) = (try await api.token("alice"), try await api.token("bob"))
        /// Asks for a deploy and waits for its end.
        func deploy(_ sha: String, _ app: (id: String, prod: String), _ token: String) async throws -> String {
            let reply = try await api.call(
                .post, "/apps/\(app.id)/channels/\(app.prod)/deploy", token: token, body: #"{"sha":"\#(sha)"}"#)
            let id = try #require(reply.object["deploy_id"] as? String)
            _ = try await api.platform.log(of: try #require(ID(id)))
            return id
        }
        let live = try await api.app("live", token: alice)
        let broken = try await api.app("broken", token: alice)
        _ = try await api.app("idle", token: alice)
        let other = try await api.app("other", token: bob)
        for app in [live, other] {
            api.platform.repository.move(.master, to: api.platform.commit("a"), app: try #require(ID(app.id)))
        }
        let missing = api.platform.commit("f").rawValue
        _ = try await deploy("HEAD", live, alice)
        let tried = try await deploy(missing, live, alice)
        let first = try await deploy(missing, broken, alice)
        _ = try await deploy("HEAD", other, bob)

        let stats = try await api.call(.get, "/api/user/stats", token: alice).object
        let list = try await api.call(.get, "/apps", token: alice).object["apps"] as? [[String: Any]]
        let channels = try #require(list).flatMap { $0["channels"] as? [[String: Any]] ?? [] }
        let platform = try #require(stats["platform"] as? [String: Int])
        #expect(platform["apps"] == list?.count && platform["channels"] == channels.count)
        #expect(platform["running_channels"] == channels.count { $0["status"] as? String == "running" })
        #expect(platform["deploys_last_hour"] == 3 && platform["deploys_last_day"] == 3)
        #expect(platform["success_last_day"] == 1 && platform["failed_last_day"] == 2)

        let sites = try #require(stats["sites"] as? [[String: Any]])
        #expect(sites.map { $0["hostname"] as? String } == ["live-alice.localhost", "broken-alice.localhost"])
        #expect(sites.map { $0["status"] as? String } == ["running", "provisioning"])
        #expect(sites.map { $0["branch"] as? String } == ["master", "master"])
        #expect(sites[0]["sha"] as? String == "aaaaaaa" && sites[1]["sha"] is NSNull)
        #expect(sites.map { $0["latest_deploy_id"] as? String } == [tried, first])
        #expect(sites.allSatisfy { $0["latest_deploy_status"] as? String == "failed" })
    }
}
