import ControlTestSupport
import Core
import Foundation
import TestSupport
import Testing

@testable import Control

@Suite("The reconciler")
struct ReconcilerTests {
    private let platform = TestPlatform()

    private func events(_ app: App, by principal: Principal) async throws -> [Event.Kind] {
        try await platform.control.events.list(app: app.id, limit: 99, by: principal).map(\.kind)
    }

    @Test("does nothing where all is as it should be")
    func nothing() async throws {
        let alice = try await platform.user()
        let (app, _) = try await platform.webApp(by: alice)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        platform.builder.use(ScriptedBuilder.staticSite)
        let site = try await platform.control.apps.create(name: "site", template: nil, by: alice).app
        _ = try await platform.push(platform.commit("b"), app: site, by: alice)
        let (targets, running) = (platform.routes.targets, platform.runner.running)
        await platform.control.reconcile()
        await platform.control.reconcile()
        #expect(platform.routes.targets == targets && platform.runner.running == running)
        #expect(try await events(app, by: alice).isEmpty)
        #expect(try await events(site, by: alice).isEmpty)
    }

    @Test("starts an instance anew that is not there or has lost what it needs", arguments: [true, false])
    func instances(isGone: Bool) async throws {
        let alice = try await platform.user()
        let (app, prod) = try await platform.webApp(by: alice)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        let old = try #require(platform.runner.running.keys.first)
        if isGone { platform.runner.lose(old) } else { platform.runner.damage(old, "its network is gone") }
        await platform.control.reconcile()
        let new = try #require(platform.runner.running.values.first)
        #expect(new.id != old && platform.runner.running.count == 1)
        #expect(platform.routes.targets["api1-alice.localhost"] == .instance(new))
        #expect(try await platform.stores.instances.instances(channel: prod.id).map(\.id) == [new.id])
        #expect(try await events(app, by: alice) == [.instanceReplaced])
        await platform.control.reconcile()
        #expect(try await events(app, by: alice).count == 1)
    }

    @Test("leads hostnames where they should")
    func routes() async throws {
        let alice = try await platform.user()
        let (app, _) = try await platform.webApp(by: alice)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        platform.builder.use(ScriptedBuilder.staticSite)
        let site = try await platform.control.apps.create(name: "site", template: nil, by: alice).app
        _ = try await platform.push(platform.commit("b"), app: site, by: alice)
        let targets = platform.routes.targets
        for name in ["api1-alice.localhost", "site-alice.localhost"] {
            platform.routes.publish(.placeholder(.starting), at: name)
        }
        await platform.control.reconcile()
        #expect(platform.routes.targets["api1-alice.localhost"] == targets["api1-alice.localhost"])
        guard case .site? = platform.routes.targets["site-alice.localhost"] else {
            Issue.record("\(platform.routes.targets)")
            return
        }
        #expect(try await events(app, by: alice) == [.routeRestored])
        #expect(try await events(site, by: alice) == [.routeRestored])
    }

    @Test("has what all instances' networks share made again, before it looks at them")
    func network() async throws {
        let alice = try await platform.user()
        let (app, _) = try await platform.webApp(by: alice)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        platform.runner.damageNetwork("the bridge was gone")
        await platform.control.reconcile()
        await platform.control.reconcile()
        let noted = platform.stores.machineEvents
        #expect(noted.map(\.kind) == [.networkRestored])
        #expect(
            noted.map(\.text) == ["what all instances' networks need was made again: the bridge was gone"])
        #expect(try await events(app, by: alice).isEmpty)
    }

    @Test("removes what is nobody's and makes databases again")
    func straysAndDatabases() async throws {
        let alice = try await platform.user()
        let (app, prod) = try await platform.webApp(by: alice)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        platform.runner.addStray("i-stray")
        let record = try #require(try await platform.stores.databases.database(channel: prod.id))
        platform.provisioner.lose(record.identity)
        await platform.control.reconcile()
        #expect(await platform.runner.removeStrays().isEmpty)
        #expect(platform.stores.machineEvents.map(\.kind) == [.strayRemoved])
        #expect(platform.stores.machineEvents.map(\.text) == ["the container i-stray was nobody's and was removed"])
        #expect(platform.provisioner.provisioned == [record.identity])
        #expect(try await platform.stores.databases.database(channel: prod.id)?.status == .ready)
        #expect(try await events(app, by: alice) == [.databaseRestored])
    }

    @Test("ends deploys that nobody works on, when it sees them twice, and wakes those that wait")
    func deploys() async throws {
        let alice = try await platform.user()
        let made = try await platform.control.apps.create(name: "site", template: nil, by: alice)
        let other = try await platform.control.apps.create(name: "other", template: nil, by: alice)
        func enqueue(_ made: AppOverview) async throws -> Deploy {
            platform.repository.move(.master, to: platform.commit("a"), app: made.app.id)
            let deploy = Deploy(
                appID: made.app.id, channelID: made.channels[0].id, requested: "master", ref: BranchName.master.ref,
                commit: platform.commit("a"), createdAt: Date())
            _ = try await platform.stores.deploys.enqueue([deploy], at: Date())
            return deploy
        }
        let stuck = try await enqueue(made)
        _ = try await platform.stores.deploys.start(stuck.id, commit: nil, at: Date())
        let waiting = try await enqueue(other)
        await platform.control.reconcile()
        #expect(await eventually { (try? await platform.stores.deploys.deploy(waiting.id)?.status) == .success })
        #expect(try await platform.stores.deploys.deploy(stuck.id)?.status == .running)
        await platform.control.reconcile()
        #expect(try await platform.stores.deploys.deploy(stuck.id)?.failure == "nobody worked on it any more")
        #expect(try await platform.log(of: stuck.id).hasSuffix("deploy failed: nobody worked on it any more\n"))
        #expect(try await events(made.app, by: alice) == [.deployReaped])
    }

    @Test("notes one event for each restart of an instance that had ended by itself")
    func restarts() async throws {
        let alice = try await platform.user()
        let (app, prod) = try await platform.webApp(by: alice)
        let keeping = Task { await platform.control.keepUp() }
        #expect(await eventually { platform.runner.isHeard })
        for _ in 0..<2 {
            platform.runner.restart(
                InstanceRestart(instance: ID(), channel: prod.id, reason: "exited with status 1"))
        }
        #expect(await eventually { (try? await events(app, by: alice)) == [.instanceRestarted, .instanceRestarted] })
        let event = try await platform.control.events.list(app: app.id, limit: 1, by: alice).first
        #expect(event?.text == "an instance was started again: the app exited with status 1")
        keeping.cancel()
        await keeping.value
    }

    @Test("starts anew what a channel serves while its next version is built, not while that is brought up")
    func busy() async throws {
        let alice = try await platform.user()
        let (app, prod) = try await platform.webApp(by: alice)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        let old = try #require(platform.runner.running.keys.first)
        let gate = Gate()
        gate.close()
        platform.builder.use { request, log throws(PlatformError) in
            await gate.pass()
            return try await ScriptedBuilder.web(request, log)
        }
        platform.repository.move(.master, to: platform.commit("b"), app: app.id)
        let deploy = try await platform.control.deploys.request("HEAD", channel: prod.id, app: app.id, by: alice)
        #expect(await eventually { gate.queue == 1 })
        platform.runner.lose(old)
        await platform.control.reconcile()
        let again = try #require(platform.runner.running.values.first)
        #expect(platform.routes.targets["api1-alice.localhost"] == .instance(again))
        #expect(platform.runner.environment(of: again.id)?["XHOST_SHA"] == platform.commit("a").rawValue)
        #expect(try await events(app, by: alice) == [.instanceReplaced])

        platform.runner.holdStarts()
        gate.open()
        #expect(await eventually { platform.runner.starts == 3 })
        platform.runner.lose(again.id)
        await platform.control.reconcile()
        #expect(platform.runner.starts == 3)
        platform.runner.letGo()
        #expect(try await platform.log(of: deploy.id).hasSuffix("deploy complete\n"))
        #expect(platform.runner.running.count == 1)
        #expect(try await events(app, by: alice) == [.instanceReplaced])
    }

    private func states(_ channel: Channel) async throws -> [Instance.State] {
        try await platform.stores.instances.instances(channel: channel.id).map(\.state)
    }

    @Test("ends an instance that is to end, and that nobody ends")
    func leftDraining() async throws {
        let alice = try await platform.user()
        let (app, prod) = try await platform.webApp(by: alice)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        let live = try #require(try await platform.stores.instances.instances().first)
        let left = Instance(channelID: prod.id, releaseID: live.releaseID, state: .draining, createdAt: Date())
        try await platform.stores.instances.insert(left)
        _ = try await platform.runner.start(
            InstanceSpecification(
                id: left.id, channel: prod.id, release: left.releaseID, directory: "/",
                plan: RunPlan(kind: .web, command: ["true"]), environment: [:], account: 1,
                limits: ContainerLimits(memory: 1, milliCPU: 1, processes: 1, temporary: 1)),
            log: RecordingLogSink())
        await platform.control.reconcile()
        #expect(await eventually { (try? await states(prod)) == [.live] })
        #expect(platform.runner.running.keys.map(\.self) == [live.id])
        #expect(try await platform.stores.instances.stopped(channel: prod.id).map(\.id) == [left.id])
        await platform.control.reconcile()
        #expect(try await events(app, by: alice) == [.strayRemoved])
    }

    @Test("ends an instance that did not come up, and whose end the store did not take")
    func leftStarting() async throws {
        let alice = try await platform.user()
        let (app, prod) = try await platform.webApp(by: alice)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        platform.runner.failOnce(with: PlatformError(.buildFailed, "the app exited with status 1"))
        platform.stores.refuse(.setInstanceState, times: 1, with: PlatformError(.unavailable, "busy"))
        _ = try await platform.push(platform.commit("b"), app: app, by: alice)
        #expect(try await states(prod) == [.live, .starting])
        await platform.control.reconcile()
        #expect(try await states(prod) == [.live])
        #expect(try await events(app, by: alice) == [.strayRemoved])
        await platform.control.reconcile()
        #expect(try await events(app, by: alice) == [.strayRemoved])
    }

    @Test("leaves alone what is on its way out, and what serves although it was to end")
    func notLeft() async throws {
        let alice = try await platform.user()
        let (app, prod) = try await platform.webApp(by: alice)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        let old = try #require(platform.runner.running.values.first)
        platform.routes.drains.close()
        _ = try await platform.push(platform.commit("b"), app: app, by: alice)
        #expect(await eventually { platform.routes.drains.queue == 1 })
        await platform.control.reconcile()
        #expect(try await states(prod) == [.draining, .live])
        #expect(platform.routes.drains.queue == 1)
        #expect(try await events(app, by: alice).isEmpty)
        platform.routes.drains.open()
        #expect(await eventually { (try? await states(prod)) == [.live] })
        #expect(platform.runner.stopped == [old.id])

        // The route leads to what the store does not know as live, and nothing else comes up.
        let new = try #require(platform.runner.running.values.first)
        try await platform.stores.instances.setState(.draining, of: new.id)
        platform.runner.fail(with: PlatformError(.buildFailed, "the app exited with status 1"))
        await platform.control.reconcile()
        #expect(platform.runner.running.keys.map(\.self) == [new.id])
        #expect(platform.routes.targets["api1-alice.localhost"] == .instance(new))
    }
}
