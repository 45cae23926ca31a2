import ControlTestSupport
import Core
import Foundation
import TestSupport
import Testing

@testable import Control

@Suite("An app with volumes")
struct VolumeTests {
    private let platform = TestPlatform { $0.volumeBytes = 10 << 20 }

    private func deployed() async throws -> (Principal, App, Channel) {
        let alice = try await platform.user()
        let (app, prod) = try await platform.webApp(by: alice)
        platform.builder.use { _, _ in
            BuildResult(
                plan: RunPlan(kind: .web, command: ["true"], strategy: .stopFirst, volumes: ["data"]),
                isPristine: false, site: nil)
        }
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        return (alice, app, prod)
    }

    private func live() throws -> ID<Instance> { try #require(platform.runner.running.keys.first) }

    @Test("has them in each of its processes, until it is deleted")
    func kept() async throws {
        let (alice, app, prod) = try await deployed()
        let mounts = try #require(platform.volumes.mounts[prod.id])
        #expect(mounts.map(\.path) == ["data"])
        #expect(try platform.runner.volumes(of: live()) == mounts)
        _ = try await platform.push(platform.commit("b"), app: app, by: alice)
        #expect(try platform.runner.volumes(of: live()) == mounts)
        // Started again without a deploy.
        platform.runner.lose(try live())
        await platform.control.reconcile()
        #expect(try platform.runner.volumes(of: live()) == mounts)
        try await platform.control.apps.delete(app.id, by: alice)
        #expect(platform.volumes.mounts.isEmpty)
    }

    @Test("that have become too large gets no deploy until they have less, and one event says so")
    func tooLarge() async throws {
        let (alice, app, prod) = try await deployed()
        platform.volumes.setSize(10 << 20, of: prod.id)
        await platform.control.reconcile()
        #expect(verdicts(try await platform.push(platform.commit("b"), app: app, by: alice)).values.first == "")
        platform.volumes.setSize(11 << 20, of: prod.id)
        for _ in 0..<2 { await platform.control.reconcile() }
        let events = try await platform.control.events.list(app: app.id, limit: 9, by: alice)
        #expect(events.map(\.kind) == [.volumeFull])
        let refused = try await platform.push(platform.commit("c"), app: app, by: alice)
        #expect(verdicts(refused).values.first?.contains("volumes of this channel have 11 MiB, of 10 MiB") == true)
        #expect(platform.runner.running.count == 1)
        // Nothing is left of what was built.
        #expect(await platform.builder.releasesOnDisk().count == 2)
        platform.volumes.setSize(0, of: prod.id)
        await platform.control.reconcile()
        #expect(verdicts(try await platform.push(platform.commit("d"), app: app, by: alice)).values.first == "")
    }

    @Test("that have become too large are made smaller by the next version's release line, also when it was stopped")
    func cleanedUp() async throws {
        let (alice, app, prod) = try await deployed()
        platform.volumes.setSize(12 << 20, of: prod.id)
        await platform.control.reconcile()
        #expect(platform.runner.running.isEmpty)
        platform.builder.use { [volumes = platform.volumes] request, _ throws(PlatformError) in
            // The line has room to work in.
            if request.volumeBytes != 12 << 20 { throw PlatformError(.buildFailed, "the release line was ended") }
            volumes.setSize(1 << 20, of: request.channel.id)
            return BuildResult(
                plan: RunPlan(kind: .web, command: ["true"], strategy: .stopFirst, volumes: ["data"]),
                isPristine: false, site: nil)
        }
        let events = try await platform.push(platform.commit("b"), app: app, by: alice)
        #expect(verdicts(events) == ["refs/heads/master": ""])
        let new = try #require(platform.runner.running.values.first)
        #expect(platform.routes.targets["api1-alice.localhost"] == .instance(new))
        #expect(platform.runner.environment(of: new.id)?["XHOST_SHA"] == platform.commit("b").rawValue)
        // Going back builds nothing, and so removes nothing.
        platform.volumes.setSize(12 << 20, of: prod.id)
        let back = try await platform.control.deploys.rollback(to: nil, channel: prod.id, app: app.id, by: alice)
        #expect(try await platform.log(of: back.id).contains("deploy failed: the volumes of this channel have 12 MiB"))
    }
}
