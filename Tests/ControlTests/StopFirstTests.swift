import ControlTestSupport
import Core
import Foundation
import TestSupport
import Testing

@testable import Control

@Suite("A deploy of what must not run twice")
struct StopFirstTests {
    private let platform = TestPlatform()

    private static let stopFirst: ScriptedBuilder.Script = { _, _ in
        BuildResult(
            plan: RunPlan(kind: .web, command: ["true"], strategy: .stopFirst), isPristine: false, site: nil)
    }
    private static let worker: ScriptedBuilder.Script = { _, _ in
        BuildResult(plan: RunPlan(kind: .worker, command: ["true"]), isPristine: false, site: nil)
    }

    @Test("stops the old version before it starts the new one, and requests wait meanwhile")
    func stopFirst() async throws {
        let alice = try await platform.user()
        let (app, _) = try await platform.webApp(by: alice)
        platform.builder.use(Self.stopFirst)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        let old = try #require(platform.runner.running.keys.first)
        let events = try await platform.push(platform.commit("b"), app: app, by: alice)
        #expect(verdicts(events) == ["refs/heads/master": ""])
        let said = lines(events).map { $0.dropFirst(23) }
        let stopping = try #require(said.firstIndex { $0.contains("stopping the version before") })
        let starting = try #require(said.firstIndex { $0.contains("starting container") })
        #expect(stopping < starting)
        #expect(platform.runner.stopped == [old])
        let new = try #require(platform.runner.running.values.first)
        #expect(platform.routes.targets["api1-alice.localhost"] == .instance(new))
        #expect(try await platform.stores.instances.instances().map(\.id) == [new.id])
        // WebSockets of the old one must not hold up the gap.
        #expect(platform.routes.drained == [old] && platform.routes.drainedInFull.isEmpty)
        #expect(platform.runner.mostAtOnce == 1)
    }

    @Test("ends a damaged one before it starts another one in its place")
    func repair() async throws {
        let alice = try await platform.user()
        let (app, _) = try await platform.webApp(by: alice)
        platform.builder.use(Self.stopFirst)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        let old = try #require(platform.runner.running.keys.first)
        platform.runner.damage(old, "its network is gone")
        platform.runner.holdStarts()
        let repair = Task { await platform.control.reconcile() }
        // Requests wait in the gap.
        #expect(await eventually { platform.runner.starts == 2 })
        #expect(platform.routes.targets["api1-alice.localhost"] == .placeholder(.switching))
        platform.runner.letGo()
        await repair.value
        let new = try #require(platform.runner.running.values.first)
        #expect(new.id != old && platform.runner.stopped == [old])
        #expect(platform.runner.mostAtOnce == 1)
        #expect(platform.routes.targets["api1-alice.localhost"] == .instance(new))
        // One that does not start is told at once, and tried again.
        platform.runner.damage(new.id, "its network is gone")
        platform.runner.failOnce(with: PlatformError(.buildFailed, "the app exited with status 1"))
        await platform.control.reconcile()
        #expect(platform.routes.targets["api1-alice.localhost"] == .placeholder(.starting))
        #expect(
            await eventually {
                await platform.control.reconcile()
                return if case .instance? = platform.routes.targets["api1-alice.localhost"] { true } else { false }
            })
    }

    @Test("brings the old version back when the new one does not come up")
    func bringBack() async throws {
        let alice = try await platform.user()
        let (app, prod) = try await platform.webApp(by: alice)
        platform.builder.use(Self.stopFirst)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        platform.builder.use { request, log throws(PlatformError) in
            // The start of this one fails, that of the old one afterwards does not.
            platform.runner.failOnce(with: PlatformError(.buildFailed, "the app exited with status 1"))
            return try await Self.stopFirst(request, log)
        }
        let events = try await platform.push(platform.commit("b"), app: app, by: alice)
        #expect(verdicts(events).values.first?.contains("exited with status 1") == true)
        let back = try #require(platform.runner.running.values.first)
        #expect(platform.routes.targets["api1-alice.localhost"] == .instance(back))
        #expect(platform.runner.environment(of: back.id)?["XHOST_SHA"] == platform.commit("a").rawValue)
        #expect(try await platform.stores.channels.channel(prod.id)?.currentCommit == platform.commit("a"))
        #expect(try await platform.stores.instances.instances().map(\.state) == [.live])
    }

    @Test(
        "brings the old version back when the store does not answer in the gap",
        arguments: [StoreCall.setInstanceState, .insertInstance])
    func storeFails(call: StoreCall) async throws {
        let alice = try await platform.user()
        let (app, prod) = try await platform.webApp(by: alice)
        platform.builder.use(Self.stopFirst)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        platform.stores.refuse(call, times: 1, with: PlatformError(.unavailable, "busy"))
        let events = try await platform.push(platform.commit("b"), app: app, by: alice)
        #expect(verdicts(events) == ["refs/heads/master": "deploy of prod failed: busy"])
        #expect(lines(events).contains { $0.hasSuffix("] the version before runs again") })
        try await expectBack(prod)
    }

    @Test("that is cancelled in the gap brings the old version back")
    func cancelled() async throws {
        let alice = try await platform.user()
        let (app, prod) = try await platform.webApp(by: alice)
        platform.builder.use(Self.stopFirst)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        platform.runner.holdStarts()
        platform.repository.move(.master, to: platform.commit("b"), app: app.id)
        let deploys = platform.control.deploys
        let deploy = try await deploys.request("HEAD", channel: prod.id, app: app.id, by: alice)
        #expect(await eventually { platform.runner.starts == 2 })
        #expect(platform.runner.running.isEmpty)
        let cancelling = Task { try await deploys.cancel(deploy.id, app: app.id, by: alice) }
        #expect(await eventually { deploys.turns[deploy.id]?.cancellation != nil })
        platform.runner.letGo()
        #expect(try await cancelling.value.failure == "cancelled by alice")
        try await expectBack(prod)
    }

    @Test("does not stop the old version any more when it is cancelled before that")
    func cancelledEarly() async throws {
        let alice = try await platform.user()
        let (app, prod) = try await platform.webApp(by: alice)
        platform.builder.use(Self.stopFirst)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        let old = try #require(platform.runner.running.values.first)
        platform.routes.drains.close()
        platform.repository.move(.master, to: platform.commit("b"), app: app.id)
        let deploys = platform.control.deploys
        let deploy = try await deploys.request("HEAD", channel: prod.id, app: app.id, by: alice)
        #expect(await eventually { platform.routes.drains.queue == 1 })
        let cancelling = Task { try await deploys.cancel(deploy.id, app: app.id, by: alice) }
        #expect(await eventually { deploys.turns[deploy.id]?.cancellation != nil })
        platform.routes.drains.open()
        #expect(try await cancelling.value.failure == "cancelled by alice")
        #expect(platform.routes.targets["api1-alice.localhost"] == .instance(old))
        #expect(!platform.runner.stopped.contains(old.id) && platform.runner.starts == 1)
        try await expectBack(prod)
    }

    @Test("is undone too when requests begin to fail: the old version is started again")
    func undone() async throws {
        let alice = try await platform.user()
        let (app, prod) = try await platform.webApp(by: alice)
        platform.builder.use(Self.stopFirst)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        let old = try #require(platform.runner.running.values.first)
        platform.routes.count { target in
            var figures = TrafficFigures()
            let isNew = if case .instance(let endpoint)? = target { endpoint != old } else { false }
            for _ in 0..<100 { figures.add(microseconds: 1000, isFailure: isNew) }
            return figures
        }
        let events = try await platform.push(platform.commit("b"), app: app, by: alice)
        let reason = "100 of 100 requests failed after the switch, 0 of 100 before it"
        #expect(verdicts(events) == ["refs/heads/master": "deploy of prod failed: \(reason)"])
        #expect(lines(events).contains { $0.hasSuffix("] the version before runs again") })
        try await expectBack(prod)
    }

    /// The version of commit a serves, alone.
    private func expectBack(_ prod: Channel) async throws {
        let back = try #require(platform.runner.running.values.first)
        #expect(platform.runner.running.count == 1 && platform.runner.mostAtOnce == 1)
        #expect(platform.routes.targets["api1-alice.localhost"] == .instance(back))
        #expect(platform.runner.environment(of: back.id)?["XHOST_SHA"] == platform.commit("a").rawValue)
        #expect(try await platform.stores.channels.channel(prod.id)?.currentCommit == platform.commit("a"))
        #expect(try await platform.stores.instances.instances().map(\.id) == [back.id])
        #expect(try await platform.stores.instances.instances().map(\.state) == [.live])
    }

    @Test("that is a worker shows a plain page, replaces the old process, and is found again")
    func worker() async throws {
        let alice = try await platform.user()
        let (app, _) = try await platform.webApp(by: alice)
        platform.builder.use(Self.worker)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        let old = try #require(platform.runner.running.keys.first)
        #expect(platform.routes.targets["api1-alice.localhost"] == .placeholder(.worker))
        _ = try await platform.push(platform.commit("b"), app: app, by: alice)
        #expect(await eventually { platform.runner.stopped == [old] })
        let new = try #require(platform.runner.running.keys.first)
        let control = platform.restarted()
        await control.resume(try await control.restore())
        #expect(platform.runner.running.keys.map(\.self) == [new])
        #expect(platform.routes.targets["api1-alice.localhost"] == .placeholder(.worker))
        platform.runner.lose(new)
        await control.reconcile()
        #expect(platform.runner.running.count == 1)
        #expect(platform.routes.targets["api1-alice.localhost"] == .placeholder(.worker))
    }
}
