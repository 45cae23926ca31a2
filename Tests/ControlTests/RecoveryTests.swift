import ControlTestSupport
import Core
import Foundation
import TestSupport
import Testing

@testable import Control

@Suite("A restart of the server")
struct RecoveryTests {
    @Test("publishes every channel again and finds what runs")
    func routes() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let site = try await platform.control.apps.create(name: "site", template: nil, by: alice).app
        _ = try await platform.push(platform.commit("a"), app: site, by: alice)
        _ = try await platform.control.apps.create(name: "empty", template: nil, by: alice)
        platform.builder.use(ScriptedBuilder.web)
        let web = try await platform.control.apps.create(name: "api1", template: "node", by: alice).app
        _ = try await platform.push(platform.commit("b"), app: web, by: alice)
        let before = platform.routes.targets
        for hostname in before.keys { platform.routes.withdraw(hostname) }
        _ = try await platform.restarted().restore()
        #expect(platform.routes.targets["api1-alice.localhost"] == before["api1-alice.localhost"])
        #expect(platform.routes.targets["empty-alice.localhost"] == before["empty-alice.localhost"])
        guard case .site = platform.routes.targets["site-alice.localhost"] else {
            Issue.record("the static site is not served: \(platform.routes.targets)")
            return
        }
    }

    @Test("starts an instance anew that did not survive, with the environment of its release")
    func lostInstance() async throws {
        let platform = TestPlatform()
        platform.builder.use(ScriptedBuilder.web)
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "api1", template: "node", by: alice).app
        try await platform.control.environment.set("MODE", value: "old", app: app.id, by: alice)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        try await platform.control.environment.set("MODE", value: "new", app: app.id, by: alice)
        let lost = try #require(platform.runner.running.keys.first)
        platform.runner.lose(lost)
        let control = platform.restarted()
        let leftovers = try await control.restore()
        #expect(platform.routes.targets["api1-alice.localhost"] == .placeholder(.starting))
        await control.resume(leftovers)
        let endpoint = try #require(platform.runner.running.values.first)
        #expect(endpoint.id != lost)
        #expect(platform.routes.targets["api1-alice.localhost"] == .instance(endpoint))
        #expect(platform.runner.environment(of: endpoint.id)?["MODE"] == "old")
    }

    @Test("starts an interrupted deploy again, and gives it up when it was interrupted too often")
    func interrupted() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "site", template: nil, by: alice).app
        let channel = try await platform.control.channels.list(app: app.id, by: alice)[0]
        platform.repository.move(.master, to: platform.commit("a"), app: app.id)
        let deploy = Deploy(
            appID: app.id, channelID: channel.id, requested: "master", ref: "refs/heads/master",
            commit: platform.commit("a"), createdAt: Date())
        _ = try await platform.stores.deploys.enqueue([deploy], at: Date())
        _ = try await platform.stores.deploys.start(deploy.id, commit: deploy.commit, at: Date())
        let control = platform.restarted()
        await control.resume(try await control.restore())
        #expect(await eventually { (try? await platform.stores.deploys.deploy(deploy.id)?.status) == .success })

        let unlucky = Deploy(
            appID: app.id, channelID: channel.id, requested: "master", ref: "refs/heads/master",
            commit: platform.commit("a"), createdAt: Date())
        _ = try await platform.stores.deploys.enqueue([unlucky], at: Date())
        _ = try await platform.stores.deploys.start(unlucky.id, commit: nil, at: Date())
        try await platform.stores.deploys.requeue(unlucky.id)
        _ = try await platform.stores.deploys.start(unlucky.id, commit: nil, at: Date())
        let again = platform.restarted()
        await again.resume(try await again.restore())
        let ended = try #require(try await platform.stores.deploys.deploy(unlucky.id))
        #expect(ended.failure == "the server stopped 2 times during it")
    }

    @Test("ends the log of a deploy that had ended in the store only, once")
    func logWithoutEnd() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "site", template: nil, by: alice).app
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        let channel = try await platform.control.channels.list(app: app.id, by: alice)[0]
        let deploy = try await platform.stores.deploys.deploys(channel: channel.id, limit: 1)[0].id
        await platform.stores.logs.delete([deploy])
        try platform.stores.logs.append("[2026-04-22T10:31:00Z] health check passed\n", deploy: deploy)
        for _ in 0..<2 {
            let control = platform.restarted()
            await control.resume(try await control.restore())
        }
        let log = try #require(try await platform.stores.logs.read(deploy))
        #expect(
            String(decoding: log, as: UTF8.self) == """
                [2026-04-22T10:31:00Z] health check passed
                [2026-04-22T10:31:00Z] deploy complete
                [2026-04-22T10:31:00Z] http://site-alice.localhost:8080/

                """)
    }

    @Test("ends a deploy as failed whose ref was never moved")
    func unmoved() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "site", template: nil, by: alice).app
        let update = PushUpdate(ref: "refs/heads/master", old: nil, new: platform.commit("a"))
        let push = try await platform.control.pushes.prepare(
            [update], access: GitAccess(app: app, principal: alice))
        let control = platform.restarted()
        await control.resume(try await control.restore())
        let deploy = try #require(try await platform.stores.deploys.deploy(push.deploys[0].id))
        #expect(deploy.status == .failed)
        #expect(deploy.failure?.contains("push again") == true)
    }

    @Test("finishes removals and clears stray release folders")
    func leftovers() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "site", template: nil, by: alice).app
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        _ = try await platform.stores.apps.markDeleted(app.id, owner: alice.user.id)
        platform.builder.addStray(ID())
        let control = platform.restarted()
        await control.resume(try await control.restore())
        #expect(await platform.builder.releasesOnDisk().isEmpty)
        #expect(await eventually { platform.provisioner.provisioned.isEmpty })
        #expect(await eventually { (try? await platform.stores.apps.deletedApps().isEmpty) == true })
    }
}
