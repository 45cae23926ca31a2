import ControlTestSupport
import Core
import Foundation
import TestSupport
import Testing

@testable import Control

@Suite("The reaper")
struct ReaperTests {
    /// Every deploy goes on for too long.
    private let hasty = TestPlatform { $0.deployLimit = .zero }
    private let platform = TestPlatform()

    private func site(_ platform: TestPlatform) async throws -> (alice: Principal, app: App, prod: Channel) {
        let alice = try await platform.user()
        let made = try await platform.control.apps.create(name: "site", template: nil, by: alice)
        for digit in "ab" { platform.repository.move(.master, to: platform.commit(digit), app: made.app.id) }
        return (alice, made.app, made.channels[0])
    }

    private func text(_ deploy: Deploy, _ platform: TestPlatform) async throws -> String {
        String(decoding: try await platform.stores.logs.read(deploy.id) ?? Data(), as: UTF8.self)
    }

    @Test("ends a deploy that goes on for longer than all its parts may")
    func overdue() async throws {
        let (alice, app, prod) = try await site(hasty)
        hasty.builder.use { _, _ throws(PlatformError) in
            try? await Task.sleep(for: .seconds(600))
            throw PlatformError(.cancelled, "stopped")
        }
        let deploy = try await hasty.control.deploys.request("HEAD", channel: prod.id, app: app.id, by: alice)
        #expect(await eventually { hasty.builder.requests.count == 1 })
        await hasty.control.reconcile()
        #expect(try await hasty.log(of: deploy.id).hasSuffix("deploy failed: it did not end within 0 s\n"))
        let events = try await hasty.control.events.list(app: app.id, limit: 9, by: alice)
        #expect(events.map(\.kind) == [.deployReaped])
        #expect(events.first?.text == "deploy \(deploy.id) was ended: it did not end within 0 s")
    }

    @Test("ends a deploy that heeds nothing at its second look, and the channel's next one goes on")
    func unheeding() async throws {
        let (alice, app, prod) = try await site(hasty)
        let gate = Gate()
        gate.close()
        // No part of its way, and nothing that has a limit.
        hasty.stores.before(.insertRelease, times: 1) { () async throws(PlatformError) in await gate.pass() }
        func request(_ digit: Character) async throws -> Deploy {
            try await hasty.control.deploys.request(
                hasty.commit(digit).rawValue, channel: prod.id, app: app.id, by: alice)
        }
        let stuck = try await request("a")
        #expect(await eventually { gate.queue == 1 })
        let next = try await request("b")
        await hasty.control.reconcile()
        #expect(try await hasty.stores.deploys.deploy(stuck.id)?.status == .running)
        await hasty.control.reconcile()
        #expect(try await hasty.log(of: stuck.id).hasSuffix("deploy failed: it did not end within 0 s\n"))
        #expect(try await hasty.log(of: next.id).hasSuffix("deploy complete\n"))
        // What was stuck finds that it has ended.
        gate.open()
        #expect(await eventually { await hasty.builder.releasesOnDisk().count == 1 })
        #expect(try await hasty.stores.channels.channel(prod.id)?.currentCommit == hasty.commit("b"))
        #expect(try await text(stuck, hasty).components(separatedBy: "deploy failed: ").count == 2)
    }

    /// An app that must not run twice, and requests of its commits.
    private func alone() async throws -> (prod: Channel, request: (Character) async throws -> Deploy) {
        let alice = try await hasty.user()
        let (app, prod) = try await hasty.webApp(by: alice)
        hasty.builder.use { _, _ in
            BuildResult(
                plan: RunPlan(kind: .web, command: ["true"], strategy: .stopFirst), isPristine: false, site: nil)
        }
        for digit in "abc" { hasty.repository.move(.master, to: hasty.commit(digit), app: app.id) }
        return (
            prod,
            { [hasty] digit in
                try await hasty.control.deploys.request(
                    hasty.commit(digit).rawValue, channel: prod.id, app: app.id, by: alice)
            }
        )
    }

    private static let host = "api1-alice.localhost"

    private func served() -> Character? {
        guard case .instance(let endpoint)? = hasty.routes.targets[Self.host],
            hasty.runner.running[endpoint.id] == endpoint
        else { return nil }
        return hasty.runner.environment(of: endpoint.id)?["XHOST_SHA"]?.first
    }

    @Test(
        "gives back the turn of a deploy that hangs while it brings its version up, and that changes nothing any more",
        arguments: [StoreCall.insertInstance, .succeed])
    func givesBack(call: StoreCall) async throws {
        let (prod, request) = try await alone()
        let gate = Gate()
        gate.close()
        hasty.stores.before(call, times: 1) { () async throws(PlatformError) in await gate.pass() }
        let stuck = try await request("a")
        #expect(await eventually { gate.queue == 1 })
        let next = try await request("b")
        for _ in 0..<2 { await hasty.control.reconcile() }
        #expect(try await hasty.log(of: stuck.id).hasSuffix("deploy failed: it did not end within 0 s\n"))
        #expect(try await hasty.log(of: next.id).hasSuffix("deploy complete\n"))
        #expect(served() == "b")
        gate.open()
        // It goes on, to its end.
        #expect(await eventually { await hasty.builder.releasesOnDisk().count == 1 })
        #expect(served() == "b" && hasty.runner.running.count == 1 && hasty.runner.mostAtOnce == 1)
        #expect(try await hasty.stores.channels.channel(prod.id)?.currentCommit == hasty.commit("b"))
        #expect(try await hasty.stores.instances.instances(channel: prod.id).map(\.state) == [.live])
        #expect(try await text(stuck, hasty).components(separatedBy: "deploy failed: ").count == 2)
    }

    @Test("has the version before started again that a deploy had stopped which hangs since")
    func bringsBack() async throws {
        let (prod, request) = try await alone()
        let first = try await request("a")
        #expect(try await hasty.log(of: first.id).hasSuffix("deploy complete\n"))
        let gate = Gate()
        gate.close()
        hasty.stores.before(.insertInstance, times: 1) { () async throws(PlatformError) in await gate.pass() }
        let stuck = try await request("b")
        #expect(await eventually { gate.queue == 1 })
        #expect(served() == nil)
        for _ in 0..<2 { await hasty.control.reconcile() }
        #expect(try await hasty.log(of: stuck.id).hasSuffix("deploy failed: it did not end within 0 s\n"))
        #expect(served() == "a")
        gate.open()
        #expect(await eventually { await hasty.builder.releasesOnDisk().count == 1 })
        #expect(served() == "a" && hasty.runner.running.count == 1 && hasty.runner.mostAtOnce == 1)
        #expect(try await hasty.stores.channels.channel(prod.id)?.currentCommit == hasty.commit("a"))
    }

    @Test("takes a deploy that hangs after its switch was written down for the success that it is")
    func switched() async throws {
        let (prod, request) = try await alone()
        let first = try await request("a")
        #expect(try await hasty.log(of: first.id).hasSuffix("deploy complete\n"))
        // Looked at after the switch, and hanging when it is to be written down how that was.
        hasty.routes.count { _ in
            var figures = TrafficFigures()
            for _ in 0..<10 { figures.add(microseconds: 1000, isFailure: false) }
            return figures
        }
        let gate = Gate()
        gate.close()
        hasty.stores.before(.succeed, times: 1) { () async throws(PlatformError) in await gate.pass() }
        let stuck = try await request("b")
        #expect(await eventually { gate.queue == 1 })
        for _ in 0..<2 { await hasty.control.reconcile() }
        #expect(try await hasty.log(of: stuck.id).hasSuffix("deploy complete\n"))
        #expect(try await text(stuck, hasty).contains("it did not end after its switch; its version is live"))
        #expect(served() == "b")
        let switched = try #require(hasty.runner.running.keys.first)
        let next = try await request("c")
        #expect(try await hasty.log(of: next.id).hasSuffix("deploy complete\n"))
        gate.open()
        // The next deploy has stopped it, and the one that goes on sees to it that it is.
        #expect(await eventually { hasty.runner.stopped.count { $0 == switched } == 2 })
        #expect(served() == "c" && hasty.runner.running.count == 1 && hasty.runner.mostAtOnce == 1)
        #expect(try await hasty.stores.instances.instances(channel: prod.id).map(\.state) == [.live])
        #expect(try await hasty.stores.deploys.deploy(stuck.id)?.status == .success)
        #expect(hasty.repository.pinned.keys.contains(stuck.id))
        #expect(await hasty.builder.releasesOnDisk().count == 3)
    }

    @Test("ends no deploy whose parts may take longer")
    func patience() async throws {
        var configuration = ControlConfiguration()
        let parts = [DeployStep.Name.resolve, .database, .hooks, .build].map { configuration.limit(of: $0) }
        let turns = configuration.buildTurnLimit + configuration.servingTurnLimit
        #expect(configuration.longestDeploy > parts.reduce(turns, +) + configuration.longestGap)
        let usual = configuration.longestDeploy
        configuration.watchTime += .seconds(600)
        #expect(configuration.longestDeploy == usual + .seconds(600))
    }

    @Test("ends a deploy whose failure the store did not take, once and with its reason")
    func refusedFailure() async throws {
        let (alice, app, prod) = try await site(platform)
        platform.builder.use { _, _ throws(PlatformError) in throw PlatformError(.buildFailed, "no") }
        platform.stores.refuse(.fail, with: PlatformError(.unavailable, "the disk is full"))
        let deploys = platform.control.deploys
        let deploy = try await deploys.request("HEAD", channel: prod.id, app: app.id, by: alice)
        #expect(await eventually { platform.builder.requests.count == 1 && deploys.turns[deploy.id] == nil })
        // As long as the store says that it runs, its log does not say that it has ended.
        #expect(try await !text(deploy, platform).contains("deploy failed"))
        platform.stores.before(.fail) { () async throws(PlatformError) in }
        for _ in 0..<2 { await platform.control.reconcile() }
        #expect(try await platform.stores.deploys.deploy(deploy.id)?.failure == "no")
        let log = try await text(deploy, platform)
        #expect(log.hasSuffix("deploy failed: no\n") && log.components(separatedBy: "deploy failed: ").count == 2)
    }

    @Test("ends the wait of deploys whose push the store did not take, and of no push that is under way")
    func held() async throws {
        let (alice, app, _) = try await site(platform)
        platform.stores.refuse(.release, times: 1, with: PlatformError(.unavailable, "busy"))
        let events = try await platform.push(platform.commit("a"), app: app, by: alice)
        #expect(verdicts(events).values.first?.contains("could not be queued: busy") == true)
        let left = try #require(try await platform.stores.deploys.held().first)
        let update = PushUpdate(ref: BranchName.master.ref, old: platform.commit("a"), new: platform.commit("b"))
        let prepared = try await platform.control.pushes.prepare(
            [update], access: GitAccess(app: app, principal: alice))
        await platform.control.reconcile()
        #expect(try await platform.log(of: left.id).hasSuffix("deploy complete\n"))
        #expect(try await platform.stores.deploys.held() == prepared.deploys)
    }

    @Test("ends the wait of a deploy whose ref has moved on by dropping it")
    func heldAndOvertaken() async throws {
        let (alice, app, prod) = try await site(platform)
        platform.stores.refuse(.release, times: 1, with: PlatformError(.unavailable, "busy"))
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        #expect(try await platform.stores.deploys.held().count == 1)
        platform.repository.move(.master, to: platform.commit("b"), app: app.id)
        await platform.control.reconcile()
        #expect(try await platform.stores.deploys.held().isEmpty)
        #expect(try await platform.stores.deploys.deploys(channel: prod.id, limit: 9).isEmpty)
    }
}
