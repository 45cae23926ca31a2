import ControlTestSupport
import Core
import Foundation
import TestSupport
import Testing

@testable import Control

@Suite("An app that may sleep")
struct SleepingTests {
    static let host = "api1-alice.localhost"
    let platform = TestPlatform()

    static func sleepy(_ strategy: RunPlan.Strategy? = nil) -> ScriptedBuilder.Script {
        { _, _ in
            BuildResult(
                plan: RunPlan(kind: .web, command: ["true"], strategy: strategy, sleepSeconds: 60), isPristine: false,
                site: nil)
        }
    }

    func deployed(_ strategy: RunPlan.Strategy? = nil) async throws -> (Principal, App, Channel) {
        let alice = try await platform.user()
        let (app, prod) = try await platform.webApp(by: alice)
        platform.builder.use(Self.sleepy(strategy))
        let events = try await platform.push(platform.commit("a"), app: app, by: alice)
        #expect(verdicts(events) == ["refs/heads/master": ""])
        return (alice, app, prod)
    }

    var target: RouteTarget? { platform.routes.targets[Self.host] }

    func states(_ channel: Channel) async throws -> [Instance.State] {
        try await platform.stores.instances.instances(channel: channel.id).map(\.state)
    }

    /// Lets the time pass without a request.
    func fallAsleep(_ channel: Channel, _ control: ControlPlane? = nil) async throws {
        let control = control ?? platform.control
        let now = ContinuousClock.now
        await control.putToSleep(at: now)
        await control.putToSleep(at: now + .seconds(61))
        #expect(target == .placeholder(.asleep(channel.id)))
        #expect(await eventually { platform.runner.running.isEmpty })
        #expect(await eventually { (try? await states(channel)) == [.asleep] })
    }

    func expectAwake(_ channel: Channel) async throws {
        #expect(await eventually { if case .instance? = target { true } else { false } })
        // What it replaces, if anything, ends after that.
        #expect(await eventually { platform.runner.running.count == 1 })
        let running = try #require(platform.runner.running.values.first)
        #expect(target == .instance(running))
        #expect(await eventually { (try? await states(channel)) == [.live] })
    }

    @Test(
        "is stopped when nobody asked for so long, and started by the next request",
        arguments: [nil, RunPlan.Strategy.stopFirst])
    func sleep(strategy: RunPlan.Strategy?) async throws {
        let (_, _, prod) = try await deployed(strategy)
        let instance = try #require(platform.runner.running.keys.first)
        let now = ContinuousClock.now
        await platform.control.putToSleep(at: now)
        await platform.control.putToSleep(at: now + .seconds(59))
        #expect(platform.runner.running.keys.contains(instance))
        try await fallAsleep(prod)
        #expect(platform.runner.stopped == [instance] && platform.routes.drained == [instance])
        platform.routes.ask(prod.id)
        try await expectAwake(prod)
        try await fallAsleep(prod)
    }

    @Test("stays awake while a request is open, and for its time after the last one")
    func activity() async throws {
        let (_, _, prod) = try await deployed()
        let instance = try #require(platform.runner.running.keys.first)
        let now = ContinuousClock.now
        func look(after seconds: Int, open: Int, begun: Int) async {
            platform.routes.setActivity(InstanceActivity(open: open, begun: begun), of: instance)
            await platform.control.putToSleep(at: now + .seconds(seconds))
        }
        await look(after: 0, open: 1, begun: 1)
        await look(after: 100, open: 1, begun: 1)
        await look(after: 150, open: 0, begun: 1)
        await look(after: 200, open: 0, begun: 2)
        await look(after: 259, open: 0, begun: 2)
        #expect(platform.runner.running.keys.contains(instance))
        #expect(try await states(prod) == [.live])
        await look(after: 260, open: 0, begun: 2)
        #expect(target == .placeholder(.asleep(prod.id)))
    }

    @Test("never sleeps when its plan says nothing of it")
    func never() async throws {
        let alice = try await platform.user()
        let (app, _) = try await platform.webApp(by: alice)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        await platform.control.putToSleep(at: .now)
        await platform.control.putToSleep(at: .now + .seconds(1_000_000))
        #expect(platform.runner.running.count == 1)
    }

    @Test("is started once by many requests")
    func many() async throws {
        let (_, _, prod) = try await deployed()
        try await fallAsleep(prod)
        let before = platform.runner.starts
        platform.runner.holdStarts()
        for _ in 0..<50 { platform.routes.ask(prod.id) }
        #expect(await eventually { platform.runner.starts == before + 1 })
        for _ in 0..<50 { platform.routes.ask(prod.id) }
        platform.runner.letGo()
        try await expectAwake(prod)
        // Asked for once more when it is awake, it goes on as it is.
        platform.routes.ask(prod.id)
        await platform.control.reconcile()
        #expect(platform.runner.starts == before + 1)
    }

    @Test("that does not start tells those who wait, and is tried again by the next request")
    func failure() async throws {
        let (_, _, prod) = try await deployed()
        try await fallAsleep(prod)
        platform.runner.failOnce(with: PlatformError(.buildFailed, "the app exited with status 1"))
        platform.routes.ask(prod.id)
        #expect(await eventually { platform.routes.refused == [Self.host] })
        #expect(target == .placeholder(.asleep(prod.id)))
        #expect(try await states(prod) == [.asleep])
        // The next attempt comes after a pause.
        #expect(
            await eventually {
                platform.routes.ask(prod.id)
                return if case .instance? = target { true } else { false }
            })
        try await expectAwake(prod)
    }

    @Test("that has just failed to start is not started again with each request")
    func pause() async throws {
        let platform = TestPlatform { $0.wakeRetry = Backoff(first: .seconds(600), longest: .seconds(600)) }
        let alice = try await platform.user()
        platform.builder.use { _, _ in
            BuildResult(
                plan: RunPlan(kind: .web, command: ["true"], sleepSeconds: 60), isPristine: false, site: nil)
        }
        let made = try await platform.control.apps.create(name: "api1", template: "node", by: alice)
        _ = try await platform.push(platform.commit("a"), app: made.app, by: alice)
        let now = ContinuousClock.now
        await platform.control.putToSleep(at: now)
        await platform.control.putToSleep(at: now + .seconds(61))
        #expect(await eventually { platform.runner.running.isEmpty })
        platform.runner.failOnce(with: PlatformError(.buildFailed, "the app exited with status 1"))
        let id = made.channels[0].id
        platform.routes.ask(id)
        #expect(await eventually { platform.routes.refused.count == 1 })
        // Would succeed.
        platform.routes.ask(id)
        #expect(await eventually { platform.routes.refused.count == 2 })
        #expect(platform.runner.running.isEmpty)
        #expect(platform.routes.targets["api1-alice.localhost"] == .placeholder(.asleep(id)))
    }

    @Test("is left asleep by the reconciler and by a restart of the server, and wakes after it")
    func restart() async throws {
        let (_, _, prod) = try await deployed()
        try await fallAsleep(prod)
        await platform.control.reconcile()
        #expect(platform.runner.running.isEmpty)
        platform.routes.publish(.placeholder(.starting), at: Self.host)
        await platform.control.reconcile()
        #expect(target == .placeholder(.asleep(prod.id)) && platform.runner.running.isEmpty)
        let control = platform.restarted()
        await control.resume(try await control.restore())
        #expect(target == .placeholder(.asleep(prod.id)) && platform.runner.running.isEmpty)
        #expect(try await states(prod) == [.asleep])
        platform.routes.ask(prod.id)
        try await expectAwake(prod)
        try await fallAsleep(prod, control)
    }

    @Test("that a crash caught between the two is awake after it")
    func crashed() async throws {
        let (_, _, prod) = try await deployed()
        let live = try #require(try await platform.stores.instances.instances().first)
        try await platform.stores.instances.insert(
            Instance(channelID: prod.id, releaseID: live.releaseID, state: .asleep, createdAt: live.createdAt))
        let control = platform.restarted()
        await control.resume(try await control.restore())
        try await expectAwake(prod)
    }

    @Test("is deployed to as any other while it sleeps, and keeps sleeping when that fails")
    func deploys() async throws {
        let (alice, app, prod) = try await deployed()
        try await fallAsleep(prod)
        let asleep = try #require(try await platform.stores.instances.instances().first?.id)
        platform.builder.use { request, log throws(PlatformError) in
            platform.runner.failOnce(with: PlatformError(.buildFailed, "the app exited with status 1"))
            return try await Self.sleepy()(request, log)
        }
        let failed = try await platform.push(platform.commit("b"), app: app, by: alice)
        #expect(verdicts(failed).values.first?.contains("exited with status 1") == true)
        #expect(target == .placeholder(.asleep(prod.id)))
        #expect(try await states(prod) == [.asleep])
        platform.builder.use(Self.sleepy())
        let events = try await platform.push(platform.commit("c"), app: app, by: alice)
        #expect(verdicts(events) == ["refs/heads/master": ""])
        try await expectAwake(prod)
        // Nothing ran of what was asleep, so that there is no log of it to be read.
        #expect(try await !platform.stores.instances.stopped(channel: prod.id).contains { $0.id == asleep })
    }

    @Test("is woken while its next version is built")
    func wakesDuringBuild() async throws {
        let (alice, app, prod) = try await deployed()
        try await fallAsleep(prod)
        platform.builder.use { request, log throws(PlatformError) in
            platform.routes.ask(request.channel.id)
            let isAwake = await eventually { platform.runner.running.count == 1 }
            if !isAwake { throw PlatformError(.buildFailed, "not woken") }
            return try await Self.sleepy()(request, log)
        }
        let events = try await platform.push(platform.commit("b"), app: app, by: alice)
        #expect(verdicts(events) == ["refs/heads/master": ""])
        #expect(await eventually { platform.runner.running.count == 1 })
        try await expectAwake(prod)
        #expect(
            platform.runner.environment(of: try #require(platform.runner.running.keys.first))?["XHOST_SHA"]
                == platform.commit("b").rawValue)
    }

    @Test("can be deleted while it sleeps and while it wakes", arguments: [false, true])
    func deleted(whileWaking: Bool) async throws {
        let (alice, app, prod) = try await deployed()
        try await fallAsleep(prod)
        let before = platform.runner.starts
        var deletion: Task<Void, any Error>?
        if whileWaking {
            platform.runner.holdStarts()
            platform.routes.ask(prod.id)
            #expect(await eventually { platform.runner.starts == before + 1 })
        }
        deletion = Task { try await platform.control.apps.delete(app.id, by: alice) }
        #expect(await eventually { target == nil })
        platform.runner.letGo()
        try await deletion?.value
        #expect(platform.runner.running.isEmpty && target == nil)
        #expect(try await platform.stores.instances.instances().isEmpty)
    }
}
