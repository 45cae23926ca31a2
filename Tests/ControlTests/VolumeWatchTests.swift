import ControlTestSupport
import Core
import Foundation
import TestSupport
import Testing

@testable import Control

@Suite("An app that fills the disk by its volumes")
struct VolumeWatchTests {
    /// A server that keeps 100 MiB free.
    private let platform = TestPlatform { $0.volumeBytes = 10 << 20 }

    private struct Deployed {
        let app: App
        let prod: Channel
        let instance: ID<Instance>
    }

    private func use(_ volumes: [String]?, kind: RunPlan.Kind = .web) {
        platform.builder.use { _, _ in
            BuildResult(
                plan: RunPlan(kind: kind, command: ["true"], strategy: .stopFirst, volumes: volumes),
                isPristine: false, site: nil)
        }
    }

    private func deployed(
        _ name: String = "api1", by principal: Principal, kind: RunPlan.Kind = .web
    ) async throws -> Deployed {
        let (app, prod) = try await platform.webApp(name, by: principal)
        use(["data"], kind: kind)
        _ = try await platform.push(platform.commit("a"), app: app, by: principal)
        let live = try #require(try await platform.stores.instances.instances(channel: prod.id).first)
        platform.volumes.setSize(1 << 20, of: prod.id)
        return Deployed(app: app, prod: prod, instance: live.id)
    }

    private func states(_ deployed: Deployed) async throws -> [Instance.State] {
        try await platform.stores.instances.instances(channel: deployed.prod.id).map(\.state)
    }

    private func events(_ deployed: Deployed, by principal: Principal) async throws -> [Event.Kind] {
        try await platform.control.events.list(app: deployed.app.id, limit: 99, by: principal).map(\.kind)
    }

    private func setRoom(_ mebibytes: Int) {
        platform.disk.setRoom(DiskRoom(total: 10 << 30, free: mebibytes << 20))
    }

    @Test("is stopped when they have a tenth more than they may, tells why, and starts again when they have less")
    func limit() async throws {
        let alice = try await platform.user()
        let one = try await deployed(by: alice)
        platform.volumes.setSize(12 << 20, of: one.prod.id)
        for _ in 0..<3 { await platform.control.reconcile() }
        #expect(platform.runner.running.isEmpty)
        let reason = "its volumes have 12 MiB, of 10 MiB that they may; it starts again when they have less"
        let shown = try await platform.control.instances.list(channel: one.prod.id, app: one.app.id, by: alice)
        #expect(shown.map(\.id) == [one.instance] && shown.map(\.state) == [.suspended])
        #expect(shown.first?.reason == reason)
        #expect(platform.runner.reasons == [one.instance: "stopped: \(reason)"])
        #expect(platform.routes.drained == [one.instance])
        #expect(platform.routes.targets["api1-alice.localhost"] == .placeholder(.suspended))
        #expect(try await events(one, by: alice) == [.instanceSuspended])

        platform.volumes.setSize(10 << 20, of: one.prod.id)
        for _ in 0..<2 { await platform.control.reconcile() }
        let new = try #require(platform.runner.running.values.first)
        #expect(platform.routes.targets["api1-alice.localhost"] == .instance(new))
        #expect(try await states(one) == [.live])
        let stopped = try await platform.control.instances.stopped(
            channel: one.prod.id, app: one.app.id, by: alice)
        #expect(stopped.map(\.id) == [one.instance] && stopped.map(\.reason) == [reason])
        #expect(try await events(one, by: alice) == [.instanceReplaced, .instanceSuspended])
        #expect(platform.runner.mostAtOnce == 1)
    }

    @Test("has the tenth to clean up in, and one event")
    func tolerance() async throws {
        let alice = try await platform.user()
        let one = try await deployed(by: alice)
        platform.volumes.setSize(11 << 20, of: one.prod.id)
        for _ in 0..<2 { await platform.control.reconcile() }
        #expect(try await states(one) == [.live])
        #expect(try await events(one, by: alice) == [.volumeFull])
        platform.volumes.setSize(11 << 20 + 1, of: one.prod.id)
        await platform.control.reconcile()
        #expect(try await states(one) == [.suspended])
    }

    @Test("stays stopped over a restart of the server")
    func restart() async throws {
        let alice = try await platform.user()
        let one = try await deployed(by: alice)
        // Over the usual limit, which the restarted server has.
        platform.volumes.setSize(6 << 30, of: one.prod.id)
        await platform.control.reconcile()
        let control = platform.restarted()
        await control.resume(try await control.restore())
        await control.reconcile()
        #expect(platform.runner.running.isEmpty)
        #expect(try await states(one) == [.suspended])
        #expect(platform.routes.targets["api1-alice.localhost"] == .placeholder(.suspended))
        #expect(platform.runner.keptLogs.contains(one.instance))
    }

    @Test("that was about to be stopped when the server was killed is stopped by its next start")
    func killed() async throws {
        let alice = try await platform.user()
        let one = try await deployed(by: alice)
        platform.volumes.setSize(6 << 30, of: one.prod.id)
        try await platform.stores.instances.suspend(one.instance, because: "its volumes have too much")
        #expect(platform.runner.running.count == 1)
        let control = platform.restarted()
        await control.resume(try await control.restore())
        #expect(platform.runner.running.isEmpty)
        #expect(try await states(one) == [.suspended])
        #expect(platform.routes.targets["api1-alice.localhost"] == .placeholder(.suspended))
    }

    @Test("that is a worker keeps its plain page")
    func worker() async throws {
        let alice = try await platform.user()
        let one = try await deployed(by: alice, kind: .worker)
        platform.volumes.setSize(12 << 20, of: one.prod.id)
        for _ in 0..<2 { await platform.control.reconcile() }
        #expect(try await states(one) == [.suspended])
        #expect(platform.routes.targets["api1-alice.localhost"] == .placeholder(.worker))
        #expect(platform.runner.running.isEmpty)
    }

    @Test("goes on when its present version has none: stopping it would make no room")
    func withoutVolumes() async throws {
        let alice = try await platform.user()
        let one = try await deployed(by: alice)
        use(nil)
        _ = try await platform.push(platform.commit("b"), app: one.app, by: alice)
        platform.volumes.setSize(12 << 20, of: one.prod.id)
        for _ in 0..<2 { await platform.control.reconcile() }
        #expect(try await states(one) == [.live])
        #expect(try await events(one, by: alice) == [.volumeFull])
    }

    @Test("is stopped for what it writes while the disk is down to the reserve, whoever wrote most first")
    func reserve() async throws {
        let alice = try await platform.user()
        let (some, most, none) = (
            try await deployed("some", by: alice), try await deployed("most", by: alice),
            try await deployed("none", by: alice)
        )
        setRoom(500)
        await platform.control.reconcile()
        platform.volumes.setSize(3 << 20, of: some.prod.id)
        platform.volumes.setSize(6 << 20, of: most.prod.id)
        setRoom(99)
        await platform.control.reconcile()
        #expect(try await states(most) == [.suspended])
        #expect(try await states(some) == [.live])
        let shown = try await platform.control.instances.list(channel: most.prod.id, app: most.app.id, by: alice)
        #expect(shown.first?.reason?.contains("grown the most, by 5 MiB") == true, "\(shown)")
        for _ in 0..<3 { await platform.control.reconcile() }
        #expect(try await states(some) == [.suspended])
        #expect(try await states(none) == [.live])
        #expect(try await events(most, by: alice) == [.instanceSuspended])
        // A tenth of the reserve must be free beyond it.
        setRoom(109)
        for _ in 0..<2 { await platform.control.reconcile() }
        #expect(try await states(most) == [.suspended])
        setRoom(110)
        for _ in 0..<2 { await platform.control.reconcile() }
        for deployed in [some, most, none] { #expect(try await states(deployed) == [.live]) }
    }

    @Test("is stopped for what it writes to files without a name while the disk is down to the reserve")
    func unnamed() async throws {
        let alice = try await platform.user()
        let (some, most, many) = (
            try await deployed("some", by: alice), try await deployed("most", by: alice),
            try await deployed("many", by: alice)
        )
        platform.runner.setUnnamed(2 << 20, of: some.instance)
        platform.runner.setUnnamed(8 << 20, of: most.instance)
        // Too many files to be looked at.
        platform.runner.setUnnamed(.max, of: many.instance)
        setRoom(500)
        await platform.control.reconcile()
        for deployed in [some, most, many] { #expect(try await states(deployed) == [.live]) }
        setRoom(99)
        await platform.control.reconcile()
        #expect(try await states(most) == [.suspended])
        let shown = try await platform.control.instances.list(channel: most.prod.id, app: most.app.id, by: alice)
        #expect(shown.first?.reason?.contains("grown the most, by 8 MiB") == true, "\(shown)")
        await platform.control.reconcile()
        #expect(try await states(some) == [.suspended])
        #expect(try await states(many) == [.live])
        await platform.control.reconcile()
        #expect(try await states(many) == [.suspended])
    }

    @Test("is found as soon as the disk fills, and not looked for while it does not")
    func filling() async throws {
        let alice = try await platform.user()
        let (one, two) = (try await deployed("one", by: alice), try await deployed("two", by: alice))
        setRoom(500)
        await platform.control.reconcile()
        platform.volumes.setSize(12 << 20, of: one.prod.id)
        await platform.control.lookAtVolumes()
        #expect(try await states(one) == [.live])
        setRoom(99)
        await platform.control.lookAtVolumes()
        #expect(try await states(one) == [.suspended])
        platform.volumes.setSize(12 << 20, of: two.prod.id)
        await platform.control.lookAtVolumes()
        #expect(try await states(two) == [.live])
        setRoom(98)
        await platform.control.lookAtVolumes()
        #expect(try await states(two) == [.suspended])
    }

    @Test("starts again with the next deploy, once there is room for one")
    func deploy() async throws {
        let alice = try await platform.user()
        let one = try await deployed(by: alice)
        setRoom(500)
        await platform.control.reconcile()
        platform.volumes.setSize(5 << 20, of: one.prod.id)
        setRoom(99)
        await platform.control.reconcile()
        #expect(try await states(one) == [.suspended])
        setRoom(500)
        let events = try await platform.push(platform.commit("b"), app: one.app, by: alice)
        #expect(verdicts(events) == ["refs/heads/master": ""])
        let new = try #require(platform.runner.running.values.first)
        #expect(platform.routes.targets["api1-alice.localhost"] == .instance(new))
        #expect(await eventually { (try? await states(one)) == [.live] })
        #expect(try await platform.stores.instances.stopped(channel: one.prod.id).map(\.id) == [one.instance])
    }

    @Test("is ended while it starts too, however long it takes")
    func starting() async throws {
        let alice = try await platform.user()
        let one = try await deployed(by: alice)
        platform.runner.holdStarts()
        let push = Task { try await platform.push(platform.commit("b"), app: one.app, by: alice) }
        #expect(await eventually { platform.runner.starts == 2 })
        let instances = try await platform.stores.instances.instances(channel: one.prod.id)
        let new = try #require(instances.first { $0.state == .starting })
        platform.volumes.setSize(12 << 20, of: one.prod.id)
        await platform.control.reconcile()
        #expect(platform.runner.reasons.keys.contains(new.id))
        platform.runner.letGo()
        _ = try await push.value
        await platform.control.reconcile()
        #expect(try await states(one) == [.suspended])
    }
}
