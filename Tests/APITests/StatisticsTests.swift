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
}
