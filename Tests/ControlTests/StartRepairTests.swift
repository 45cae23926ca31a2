import ControlTestSupport
import Core
import Foundation
import TestSupport
import Testing

@testable import Control

@Suite("Repairs at the start of the server")
struct StartRepairTests {
    private let platform = TestPlatform()

    private func restart() async throws {
        let control = platform.restarted()
        await control.resume(try await control.restore())
    }

    private func events(_ app: App, by principal: Principal) async throws -> [String] {
        try await platform.control.events.list(app: app.id, limit: 99, by: principal).map(\.text)
    }

    @Test("tell once of an instance that cannot be taken over, and why", arguments: [true, false])
    func instances(isDamaged: Bool) async throws {
        let alice = try await platform.user()
        let (app, _) = try await platform.webApp(by: alice)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        let old = try #require(platform.runner.running.keys.first)
        if isDamaged { platform.runner.damage(old, "its link is gone") } else { platform.runner.lose(old) }
        try await restart()
        let new = try #require(platform.runner.running.keys.first)
        #expect(new != old && platform.runner.running.count == 1)
        let told = "an instance was started anew: \(isDamaged ? "its link is gone" : "there is none")"
        #expect(platform.repairs == [told])
        #expect(try await events(app, by: alice) == [told])
        // What is as it should be is not told of.
        try await restart()
        #expect(platform.repairs == [told])
        #expect(platform.runner.running.keys.map(\.self) == [new])
    }

    @Test("tell once of an instance that comes up only the next time")
    func later() async throws {
        let alice = try await platform.user()
        let (app, _) = try await platform.webApp(by: alice)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        platform.runner.lose(try #require(platform.runner.running.keys.first))
        platform.runner.failOnce(with: PlatformError(.buildFailed, "the database is starting up"))
        try await restart()
        #expect(platform.runner.running.count == 1)
        #expect(platform.repairs == ["an instance was started anew: there is none"])
        #expect(try await events(app, by: alice).count == 1)
    }

    @Test("tell of containers that nobody knows, and not of those that an interrupted deploy has left")
    func strays() async throws {
        let alice = try await platform.user()
        let (app, prod) = try await platform.webApp(by: alice)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        let kept = try #require(platform.runner.running.keys.first)
        let release = try #require(try await platform.stores.releases.releases(channel: prod.id).first)
        let begun = Instance(channelID: prod.id, releaseID: release.id, createdAt: Date())
        try await platform.stores.instances.insert(begun)
        let stranger = ID<Instance>()
        for id in [begun.id, stranger] {
            _ = try await platform.runner.start(
                InstanceSpecification(
                    id: id, channel: prod.id, release: release.id, directory: "/", plan: release.plan,
                    environment: [:], account: 1,
                    limits: ContainerLimits(memory: 1, milliCPU: 1, processes: 1, temporary: 1)),
                log: RecordingLogSink())
        }
        try await restart()
        #expect(platform.runner.running.keys.map(\.self) == [kept])
        let told = "the container i-\(stranger) was nobody's and was removed"
        #expect(platform.repairs == [told])
        #expect(platform.stores.machineEvents.map(\.text) == [told])
        #expect(try await events(app, by: alice).isEmpty)
    }

    @Test("tell nothing of what the build of an interrupted deploy has left, and of another one's whose it was")
    func builds() async throws {
        let alice = try await platform.user()
        let made = try await platform.control.apps.create(name: "site", template: nil, by: alice)
        _ = try await platform.push(platform.commit("a"), app: made.app, by: alice)
        let prod = try #require(made.channels.first)
        let ended = try #require(try await platform.stores.deploys.deploys(channel: prod.id, limit: 1).first)
        let interrupted = Deploy(
            appID: made.app.id, channelID: prod.id, requested: "master", ref: BranchName.master.ref,
            commit: platform.commit("a"), createdAt: Date())
        _ = try await platform.stores.deploys.enqueue([interrupted], at: Date())
        _ = try await platform.stores.deploys.start(interrupted.id, commit: nil, at: Date())
        let names = [interrupted.id, ended.id].map { "t-\(ContainerTask.id(for: $0, unique: "0"))" }
        for name in names { platform.runner.addStray(name) }
        let control = platform.restarted()
        await control.resume(try await control.restore())
        let told = "the container \(names[1]) was nobody's and was removed"
        #expect(platform.repairs == [told])
        #expect(try await events(made.app, by: alice) == [told])
        #expect(platform.stores.machineEvents.isEmpty)
        #expect(try await platform.log(of: interrupted.id).contains("the server stopped during this deploy"))
    }

    @Test("are made of all that the reconciler looks at, without waiting for its first pause")
    func reconciles() async throws {
        let alice = try await platform.user()
        let (app, prod) = try await platform.webApp(by: alice)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        let record = try #require(try await platform.stores.databases.database(channel: prod.id))
        platform.provisioner.lose(record.identity)
        try await restart()
        #expect(platform.provisioner.provisioned == [record.identity])
        #expect(try await events(app, by: alice) == ["the channel's role was gone and was made again"])
    }

    @Test("finish the removal of a release whose files were gone already when the server stopped")
    func removal() async throws {
        let alice = try await platform.user()
        let (app, prod) = try await platform.webApp(by: alice)
        for digit in "0123456789" { _ = try await platform.push(platform.commit(digit), app: app, by: alice) }
        let kept = try await platform.stores.releases.releases(channel: prod.id)
        let oldest = try #require(kept.last)
        #expect(kept.count == 10)
        let newest = Release(
            id: ID(), appID: app.id, channelID: prod.id, deployID: kept[0].deployID, commit: platform.commit("a"),
            plan: oldest.plan, isPristine: false, createdAt: Date())
        try await platform.stores.releases.insert(newest, environment: [:])
        platform.builder.addStray(newest.id)
        await platform.builder.remove(oldest.id)
        try await restart()
        let releases = platform.stores.releases
        #expect(await eventually { (try? await releases.releases(channel: prod.id).count) == 10 })
        #expect(try await !releases.releases(channel: prod.id).contains { $0.id == oldest.id })
    }

    @Test("remove the release of a deploy that had gone back when the server stopped, and end its log")
    func goneBack() async throws {
        let alice = try await platform.user()
        let (app, prod) = try await platform.webApp(by: alice)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        let former = try #require(try await platform.stores.instances.instances().first)
        let deploy = Deploy(
            appID: app.id, channelID: prod.id, requested: "master", ref: BranchName.master.ref,
            commit: platform.commit("b"), createdAt: Date())
        let release = Release(
            id: ID(), appID: app.id, channelID: prod.id, deployID: deploy.id, commit: platform.commit("b"),
            plan: RunPlan(kind: .web, command: ["true"]), isPristine: false, createdAt: Date())
        let deploys = platform.stores.deploys
        _ = try await deploys.enqueue([deploy], at: Date())
        _ = try await deploys.start(deploy.id, commit: deploy.commit, at: Date())
        try await platform.stores.releases.insert(release, environment: [:])
        platform.builder.addStray(release.id)
        try await deploys.switched(deploy.id, release: release.id, instance: nil)
        try await deploys.goBack(
            deploy.id, to: former.releaseID, instance: former.id, reason: "3 of 3 requests failed", at: Date())
        try await restart()
        #expect(try await platform.stores.releases.releases(channel: prod.id).map(\.id) == [former.releaseID])
        #expect(await platform.builder.releasesOnDisk() == [former.releaseID])
        #expect(try await platform.log(of: deploy.id).hasSuffix("deploy failed: 3 of 3 requests failed\n"))
        #expect(platform.runner.running.keys.map(\.self) == [former.id])
    }
}
