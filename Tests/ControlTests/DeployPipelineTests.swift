import ControlTestSupport
import Core
import Foundation
import TestSupport
import Testing

@testable import Control

@Suite("A deploy")
struct DeployPipelineTests {
    @Test("of something that runs starts it, switches to it, then drains and stops the old one")
    func switchOver() async throws {
        let platform = TestPlatform()
        platform.builder.use(ScriptedBuilder.web)
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "api1", template: "node", by: alice).app
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        let first = try #require(platform.runner.running.keys.first)
        _ = try await platform.push(platform.commit("b"), app: app, by: alice)
        #expect(await eventually { platform.runner.stopped == [first] })
        #expect(platform.routes.drained == [first] && platform.routes.drainedInFull == [first])
        let second = try #require(platform.runner.running.values.first)
        #expect(platform.routes.targets["api1-alice.localhost"] == .instance(second))
        #expect(await eventually { (try? await platform.stores.instances.instances().map(\.id)) == [second.id] })
    }

    @Test("gives the process the app's values, the platform's, and the channel's database")
    func environment() async throws {
        let platform = TestPlatform()
        platform.builder.use(ScriptedBuilder.web)
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "api1", template: "node", by: alice).app
        try await platform.control.environment.set("GREETING", value: "hi", app: app.id, by: alice)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        let instance = try #require(platform.runner.running.keys.first)
        let environment = try #require(platform.runner.environment(of: instance))
        let channel = try await platform.control.channels.list(app: app.id, by: alice)[0]
        let record = try #require(try await platform.stores.databases.database(channel: channel.id))
        #expect(environment["GREETING"] == "hi")
        #expect(environment["XHOST_USER"] == "alice")
        #expect(environment["XHOST_SHA"] == platform.commit("a").rawValue)
        #expect(environment["DATABASE_HOST"] == "192.0.2.9")
        #expect(environment["DATABASE_PASSWORD"] == record.password)
        let role = record.identity.role
        #expect(
            environment["DATABASE_URL"]
                == "postgresql://\(role):\(record.password)@192.0.2.9:5432/\(record.identity.database)")
        #expect(environment.count == 6)
        #expect(platform.builder.requests[0].environment == environment)
    }

    @Test("whose instance does not come up leaves the old one serving and nothing of itself")
    func startFails() async throws {
        let platform = TestPlatform()
        platform.builder.use(ScriptedBuilder.web)
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "api1", template: "node", by: alice).app
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        let before = platform.routes.targets
        platform.runner.fail(with: PlatformError(.buildFailed, "the app exited with status 1 before it was ready"))
        let events = try await platform.push(platform.commit("b"), app: app, by: alice)
        #expect(verdicts(events).values.first?.contains("exited with status 1") == true)
        #expect(platform.routes.targets == before)
        #expect(try await platform.stores.instances.instances().count == 1)
        #expect(await platform.builder.releasesOnDisk().count == 1)
    }

    @Test("waits for the database, and fails when it cannot be made")
    func databaseFails() async throws {
        let platform = TestPlatform()
        platform.provisioner.fail(with: PlatformError(.databaseUnavailable, "no room"))
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "site", template: nil, by: alice).app
        let events = try await platform.push(platform.commit("a"), app: app, by: alice)
        #expect(
            verdicts(events) == [
                "refs/heads/master": "deploy of prod failed: the database is not ready: no room"
            ])
        platform.provisioner.fail(with: nil)
        let again = try await platform.push(platform.commit("a"), app: app, by: alice)
        #expect(verdicts(again) == ["refs/heads/master": ""])
    }

    @Test("by API of HEAD takes the bound branch's tip; of an unknown commit it fails with a log")
    func byAPI() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "site", template: nil, by: alice).app
        let channel = try await platform.control.channels.list(app: app.id, by: alice)[0]
        platform.repository.move(.master, to: platform.commit("c"), app: app.id)
        let deploys = platform.control.deploys
        let good = try await deploys.request("HEAD", channel: channel.id, app: app.id, by: alice)
        #expect(good.status == .queued)
        #expect(await eventually { (try? await platform.stores.deploys.deploy(good.id)?.status) == .success })
        let bad = try await deploys.request(
            platform.commit("d").rawValue, channel: channel.id, app: app.id, by: alice)
        #expect(await eventually { (try? await platform.stores.deploys.deploy(bad.id)?.status) == .failed })
        let log = try await deploys.log(of: bad.id, channel: channel.id, app: app.id, by: alice)
        #expect(String(decoding: log, as: UTF8.self).contains("deploy failed: dddd"))
    }

    @Test("by API refuses what is no revision and a branch that the channel is not bound to")
    func badRevision() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "site", template: nil, by: alice).app
        let channel = try await platform.control.channels.list(app: app.id, by: alice)[0]
        for revision in ["", "HEAD~1", "master^", "-x", "a..b", "other", "abc def", "@{u}"] {
            await #expect(throws: PlatformError.self, "\(revision)") {
                try await platform.control.deploys.request(revision, channel: channel.id, app: app.id, by: alice)
            }
        }
    }

    @Test("that waits is superseded by a newer one; the running one goes on")
    func superseding() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "site", template: nil, by: alice).app
        let channel = try await platform.control.channels.list(app: app.id, by: alice)[0]
        let gate = AsyncStream<Void>.makeStream()
        platform.builder.use { request, log throws(PlatformError) in
            if request.commit.rawValue.hasPrefix("a") { for await _ in gate.stream { break } }
            return try await ScriptedBuilder.staticSite(request, log)
        }
        for digit: Character in ["a", "b", "c"] {
            platform.repository.move(.master, to: platform.commit(digit), app: app.id)
        }
        let deploys = platform.control.deploys
        let first = try await deploys.request(
            platform.commit("a").rawValue, channel: channel.id, app: app.id, by: alice)
        #expect(await eventually { platform.builder.requests.count == 1 })
        let second = try await deploys.request(
            platform.commit("b").rawValue, channel: channel.id, app: app.id, by: alice)
        let third = try await deploys.request(
            platform.commit("c").rawValue, channel: channel.id, app: app.id, by: alice)
        #expect(try await platform.stores.deploys.deploy(second.id)?.failure == "superseded by a newer deploy")
        gate.continuation.yield()
        #expect(await eventually { (try? await platform.stores.deploys.deploy(third.id)?.status) == .success })
        #expect(try await platform.stores.deploys.deploy(first.id)?.status == .success)
        #expect(platform.builder.requests.map(\.commit) == [platform.commit("a"), platform.commit("c")])
    }

    @Test("keeps the newest releases of a channel and drops the older ones with their files and pins")
    func retention() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "site", template: nil, by: alice).app
        for digit in "0123456789abc" { _ = try await platform.push(platform.commit(digit), app: app, by: alice) }
        #expect(await eventually { await platform.builder.releasesOnDisk().count <= 11 })
        _ = try await platform.push(platform.commit("d"), app: app, by: alice)
        #expect(await eventually { await platform.builder.releasesOnDisk().count == 10 })
        #expect(await eventually { platform.repository.pinned.count == 10 })
    }

    @Test("of an app that is deleted meanwhile is cancelled, and nothing of the app is left")
    func deletion() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "site", template: nil, by: alice).app
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        let channel = try await platform.control.channels.list(app: app.id, by: alice)[0]
        platform.builder.use { _, _ throws(PlatformError) in
            try? await Task.sleep(for: .seconds(60))
            throw PlatformError(.cancelled, "stopped")
        }
        platform.repository.move(.master, to: platform.commit("b"), app: app.id)
        _ = try await platform.control.deploys.request("HEAD", channel: channel.id, app: app.id, by: alice)
        #expect(await eventually { platform.builder.requests.count == 2 })
        try await platform.control.apps.delete(app.id, by: alice)
        #expect(platform.routes.targets.isEmpty)
        #expect(await eventually { platform.provisioner.provisioned.isEmpty })
        #expect(await platform.builder.releasesOnDisk().isEmpty)
        #expect(!(await platform.repository.exists(app.id)))
        #expect(try await platform.stores.deploys.unfinished().isEmpty)
        let again = try await platform.control.apps.create(name: "site", template: nil, by: alice)
        #expect(again.channels[0].currentCommit == nil)
        #expect(again.app.id != app.id)
    }
}
