import ControlTestSupport
import Core
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Control

@Suite("The switch of a deploy")
struct SwitchTests {
    let platform = TestPlatform()

    /// Figures of so many requests that took a millisecond each.
    static func figures(_ requests: Int, failed: Int = 0, microseconds: Int = 1000) -> TrafficFigures {
        var figures = TrafficFigures()
        for number in 0..<requests { figures.add(microseconds: microseconds, isFailure: number < failed) }
        return figures
    }

    func lastDeploy(_ channel: Channel) async throws -> Deploy {
        try #require(try await platform.stores.deploys.deploys(channel: channel.id, limit: 1).first)
    }

    @Test("tells in the log and keeps with the deploy what it cost")
    func proves() async throws {
        let alice = try await platform.user()
        let (app, prod) = try await platform.webApp(by: alice)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        let old = try #require(platform.runner.running.values.first)
        platform.routes.count { target in
            target == .instance(old) ? Self.figures(100) : Self.figures(4812, microseconds: 4000)
        }
        let events = try await platform.push(platform.commit("b"), app: app, by: alice)
        #expect(verdicts(events) == ["refs/heads/master": ""])
        #expect(lines(events).contains { $0.contains("switch: 0 failed of 4812, p99 +3 ms") }, "\(lines(events))")
        let deploy = try await lastDeploy(prod)
        var report: DeployReport?
        #expect(
            await eventually {
                report = try? await platform.stores.deploys.report(of: deploy.id)
                return report != nil
            })
        let figures = try #require(report?.switched)
        #expect(figures.requests == 4812 && figures.failed == 0 && figures.requestsBefore == 100)
        #expect(report?.steps.map(\.name) == [.database, .resolve, .build, .start, .switch])
        #expect(report?.steps.allSatisfy { $0.milliseconds != nil } == true)
        #expect(await eventually { platform.runner.stopped == [old.id] })
        #expect(platform.routes.measured.isEmpty)
    }

    @Test("is undone when requests begin to fail: the old version serves again, and the deploy fails with the numbers")
    func errors() async throws {
        let alice = try await platform.user()
        let (app, prod) = try await platform.webApp(by: alice)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        let old = try #require(platform.runner.running.values.first)
        let before = platform.routes.targets
        platform.routes.count { target in
            target == .instance(old) ? Self.figures(200, failed: 1) : Self.figures(112, failed: 37)
        }
        let events = try await platform.push(platform.commit("b"), app: app, by: alice)
        let reason = "37 of 112 requests failed after the switch, 1 of 200 before it"
        #expect(verdicts(events) == ["refs/heads/master": "deploy of prod failed: \(reason)"])
        #expect(lines(events).contains { $0.contains("switch: 37 failed of 112") })
        #expect(platform.routes.targets == before)
        #expect(platform.runner.running.values.map(\.self) == [old])
        let channel = try #require(try await platform.stores.channels.channel(prod.id))
        #expect(channel.currentCommit == platform.commit("a"))
        #expect(try await platform.stores.instances.instances().map(\.state) == [.live])
        #expect(await platform.builder.releasesOnDisk().count == 1)
        let deploy = try await lastDeploy(prod)
        #expect(deploy.status == .failed && deploy.failure == reason)
        #expect(platform.routes.drained.count == 1 && platform.routes.drainedInFull.isEmpty)
    }

    @Test("is undone for a site as well, when its files cannot be read")
    func unreadableSite() async throws {
        let alice = try await platform.user()
        let made = try await platform.control.apps.create(name: "site", template: "static", by: alice)
        let prod = try #require(made.channels.first)
        _ = try await platform.push(platform.commit("a"), app: made.app, by: alice)
        let old = try #require(platform.routes.targets["site-alice.localhost"])
        platform.routes.count { $0 == old ? Self.figures(100) : Self.figures(50, failed: 50) }
        let events = try await platform.push(platform.commit("b"), app: made.app, by: alice)
        let reason = "50 of 50 requests failed after the switch, 0 of 100 before it"
        #expect(verdicts(events) == ["refs/heads/master": "deploy of prod failed: \(reason)"])
        #expect(lines(events).contains { $0.contains("the old version serves again") })
        #expect(platform.routes.targets["site-alice.localhost"] == old)
        let channel = try #require(try await platform.stores.channels.channel(prod.id))
        #expect(channel.currentCommit == platform.commit("a"))
        let release = try #require(channel.currentRelease)
        #expect(await platform.builder.releasesOnDisk() == [release])
        let noted = try await platform.control.events.list(app: made.app.id, limit: 9, by: alice)
        #expect(noted.map(\.kind) == [.switchUndone])
    }

    @Test("of a site is looked at for half a second at most, however long others are")
    func shortLook() async throws {
        let platform = TestPlatform { $0.watchTime = .seconds(60) }
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "site", template: "static", by: alice).app
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        platform.routes.count { _ in Self.figures(10) }
        let begun = ContinuousClock.now
        let events = try await platform.push(platform.commit("b"), app: app, by: alice)
        #expect(verdicts(events) == ["refs/heads/master": ""])
        #expect(ContinuousClock.now - begun < .seconds(30))
    }

    @Test("is not looked at with no time for it: what fails then stays, and its figures are told")
    func unwatched() async throws {
        let platform = TestPlatform { $0.watchTime = .zero }
        let alice = try await platform.user()
        let (app, prod) = try await platform.webApp(by: alice)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        let old = try #require(platform.runner.running.values.first)
        platform.routes.count { [runner = platform.runner] target in
            guard case .instance(let endpoint)? = target, endpoint != old else { return Self.figures(100) }
            runner.setFault("the app answered with status 500", of: endpoint.id)
            return Self.figures(100, failed: 100)
        }
        let events = try await platform.push(platform.commit("b"), app: app, by: alice)
        #expect(verdicts(events) == ["refs/heads/master": ""])
        #expect(lines(events).contains { $0.contains("switch: 100 failed of 100") }, "\(lines(events))")
        #expect(try await platform.stores.channels.channel(prod.id)?.currentCommit == platform.commit("b"))
        #expect(await eventually { platform.runner.stopped == [old.id] })
        #expect(try await platform.control.events.list(app: app.id, limit: 9, by: alice).isEmpty)
    }

    @Test("that cannot be written down as undone leaves the files of what the store calls current")
    func undoneOnlyInPart() async throws {
        let alice = try await platform.user()
        let (app, prod) = try await platform.webApp(by: alice)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        let old = try #require(platform.runner.running.values.first)
        let former = try #require(try await platform.stores.channels.channel(prod.id)?.currentRelease)
        let before = platform.routes.targets
        platform.routes.count { [platform] target in
            guard target != .instance(old) else { return Self.figures(200) }
            // What is not there cannot be gone back to.
            platform.stores.lose(former)
            return Self.figures(100, failed: 100)
        }
        let events = try await platform.push(platform.commit("b"), app: app, by: alice)
        #expect(verdicts(events).values.first?.hasPrefix("deploy of prod failed") == true)
        #expect(platform.routes.targets == before)
        let current = try #require(try await platform.stores.channels.channel(prod.id)?.currentRelease)
        #expect(current != former)
        #expect(await platform.builder.releasesOnDisk().contains(current))
        #expect(try await platform.stores.releases.release(current) != nil)
    }

    @Test("is undone when the new version is not sound any more")
    func unsound() async throws {
        let alice = try await platform.user()
        let (app, _) = try await platform.webApp(by: alice)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        let old = try #require(platform.runner.running.values.first)
        let before = platform.routes.targets
        platform.routes.count { target in
            if case .instance(let endpoint)? = target, endpoint != old {
                platform.runner.setFault("the app answered with status 500", of: endpoint.id)
            }
            return Self.figures(10)
        }
        let events = try await platform.push(platform.commit("b"), app: app, by: alice)
        #expect(
            verdicts(events).values.first
                == "deploy of prod failed: the new version is not sound after the switch: "
                + "the app answered with status 500")
        #expect(platform.routes.targets == before)
        #expect(platform.runner.running.values.map(\.self) == [old])
    }

    @Test("that is cancelled while it is looked at is undone")
    func cancelled() async throws {
        let platform = TestPlatform { $0.watchTime = .seconds(600) }
        let alice = try await platform.user()
        let (app, prod) = try await platform.webApp(by: alice)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        let old = try #require(platform.runner.running.values.first)
        let before = platform.routes.targets
        platform.routes.count { _ in Self.figures(10) }
        platform.repository.move(.master, to: platform.commit("b"), app: app.id)
        let deploy = try await platform.control.deploys.request("HEAD", channel: prod.id, app: app.id, by: alice)
        #expect(await eventually { platform.routes.targets != before })
        let ended = try await platform.control.deploys.cancel(deploy.id, app: app.id, by: alice)
        #expect(ended.status == .failed && ended.failure == "cancelled by alice")
        #expect(platform.routes.targets == before)
        #expect(platform.runner.running.values.map(\.self) == [old])
    }

    @Test("that a stop of the server interrupts is the deploy's success, and is not done twice")
    func interrupted() async throws {
        let alice = try await platform.user()
        let (app, prod) = try await platform.webApp(by: alice)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        let release = try await platform.stores.releases.releases(channel: prod.id)[0]
        let deploy = Deploy(
            appID: app.id, channelID: prod.id, requested: "master", ref: BranchName.master.ref,
            commit: platform.commit("a"), createdAt: Date())
        _ = try await platform.stores.deploys.enqueue([deploy], at: Date())
        _ = try await platform.stores.deploys.start(deploy.id, commit: nil, at: Date())
        let live = try #require(platform.runner.running.keys.first)
        try await platform.stores.deploys.switched(deploy.id, release: release.id, instance: live)
        let built = platform.builder.requests.count

        let control = platform.restarted()
        await control.resume(try await control.restore())
        let log = try await platform.log(of: deploy.id)
        #expect(log.contains("the server stopped after the switch of this deploy; its version is live"))
        #expect(log.hasSuffix("deploy complete\n"))
        #expect(try await platform.stores.deploys.deploy(deploy.id)?.status == .success)
        #expect(platform.builder.requests.count == built)
        #expect(platform.runner.running.keys.map(\.self) == [live])
    }

    @Test(
        "is judged by how much more fails than before",
        arguments: [
            // failed and all before, failed and all after, whether that is sound
            (0, 100, 0, 100, true), (0, 100, 2, 2, true), (0, 100, 3, 3, false), (0, 100, 3, 100, true),
            (0, 100, 6, 100, false), (10, 100, 24, 100, true), (10, 100, 26, 100, false), (100, 100, 100, 100, true),
        ])
    func judgement(_ failedBefore: Int, _ before: Int, _ failedAfter: Int, _ after: Int, _ isSound: Bool) {
        let watch = SwitchWatch(before: Self.figures(before, failed: failedBefore))
        #expect((watch.judge(Self.figures(after, failed: failedAfter)) == nil) == isSound)
    }
}
