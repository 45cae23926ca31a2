import ControlTestSupport
import Core
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Control

/// What a switch leaves in the store, and what does not end in it.
extension SwitchTests {
    @Test("is undone in the store as well when that does not take it at first")
    func undoneLater() async throws {
        let alice = try await platform.user()
        let (app, prod) = try await platform.webApp(by: alice)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        let old = try #require(platform.runner.running.values.first)
        let before = platform.routes.targets
        let seen = Mutex<RouteTarget?>(nil)
        platform.routes.count { $0 == .instance(old) ? Self.figures(200) : Self.figures(100, failed: 100) }
        platform.stores.before(.goBack, times: 2) { [platform] () async throws(PlatformError) in
            seen.withLock { $0 = platform.routes.targets["api1-alice.localhost"] }
            throw PlatformError(.unavailable, "busy")
        }
        let events = try await platform.push(platform.commit("b"), app: app, by: alice)
        let reason = "100 of 100 requests failed after the switch, 0 of 200 before it"
        #expect(verdicts(events) == ["refs/heads/master": "deploy of prod failed: \(reason)"])
        #expect(try await platform.stores.channels.channel(prod.id)?.currentCommit == platform.commit("a"))
        #expect(try await platform.stores.instances.instances().map(\.id) == [old.id])
        #expect(platform.routes.targets == before)
        // The second try found the old version serving already.
        #expect(seen.withLock { $0 } == .instance(old))
        let noted = try await platform.control.events.list(app: app.id, limit: 9, by: alice)
        #expect(noted.map(\.kind) == [.switchUndone])
    }

    @Test("is undone when a look at the new version does not end")
    func endlessLook() async throws {
        let platform = TestPlatform { $0.lookLimit = .milliseconds(50) }
        let alice = try await platform.user()
        let (app, _) = try await platform.webApp(by: alice)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        let before = platform.routes.targets
        platform.routes.count { _ in Self.figures(10) }
        platform.runner.looks.close()
        let events = try await platform.push(platform.commit("b"), app: app, by: alice)
        #expect(
            verdicts(events).values.first
                == "deploy of prod failed: the new version is not sound after the switch: "
                + "a look at it did not end within 0 s")
        #expect(platform.routes.targets == before)
        platform.runner.looks.open()
    }

    @Test("that a stop of the server interrupts keeps the figures of what was done until then")
    func interruptedFigures() async throws {
        let platform = TestPlatform { $0.watchTime = .seconds(600) }
        let alice = try await platform.user()
        let (app, prod) = try await platform.webApp(by: alice)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        let before = platform.routes.targets
        platform.routes.count { _ in Self.figures(10) }
        platform.repository.move(.master, to: platform.commit("b"), app: app.id)
        let deploy = try await platform.control.deploys.request("HEAD", channel: prod.id, app: app.id, by: alice)
        #expect(await eventually { platform.routes.targets != before })
        _ = try await platform.restarted().restore()
        #expect(try await platform.log(of: deploy.id).hasSuffix("deploy complete\n"))
        let report = try #require(try await platform.stores.deploys.report(of: deploy.id))
        #expect(report.steps.map(\.name) == [.database, .resolve, .build, .start, .switch])
        #expect(report.steps.allSatisfy { $0.milliseconds != nil })
        await platform.control.close(grace: .zero)
    }

    @Test("that was not written down as undone leaves the files of what may be current when the store cannot be asked")
    func unreadable() async throws {
        let alice = try await platform.user()
        let (app, prod) = try await platform.webApp(by: alice)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        let old = try #require(platform.runner.running.values.first)
        platform.routes.count { $0 == .instance(old) ? Self.figures(200) : Self.figures(100, failed: 100) }
        platform.stores.before(.goBack, times: 1) { [platform] () async throws(PlatformError) in
            platform.stores.fail(with: PlatformError(.unavailable, "the disk is away"))
        }
        platform.repository.move(.master, to: platform.commit("b"), app: app.id)
        _ = try await platform.control.deploys.request("HEAD", channel: prod.id, app: app.id, by: alice)
        #expect(
            await eventually {
                platform.serverLog.entries.contains { $0.message == "failure of a deploy not recorded" }
            })
        #expect(await platform.builder.releasesOnDisk().count == 2)
        platform.stores.fail(with: nil)
        // What the store calls current is what comes up.
        #expect(
            await eventually {
                await platform.control.reconcile()
                return platform.runner.running.count == 1 && platform.runner.running[old.id] == nil
            })
        let new = try #require(platform.runner.running.values.first)
        #expect(platform.routes.targets["api1-alice.localhost"] == .instance(new))
        #expect(platform.runner.environment(of: new.id)?["XHOST_SHA"] == platform.commit("b").rawValue)
        #expect(try await platform.stores.channels.channel(prod.id)?.currentCommit == platform.commit("b"))
    }

    @Test("has its figures in the store with its success: a stop of the server right after it loses none")
    func figuresFirst() async throws {
        let alice = try await platform.user()
        let (app, prod) = try await platform.webApp(by: alice)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        let old = try #require(platform.runner.running.values.first)
        platform.routes.count { $0 == .instance(old) ? Self.figures(20) : Self.figures(30, failed: 1) }
        platform.stores.refuse(.note, with: PlatformError(.unavailable, "the server is not there any more"))
        let events = try await platform.push(platform.commit("b"), app: app, by: alice)
        #expect(verdicts(events) == ["refs/heads/master": ""])
        let report = try await platform.stores.deploys.report(of: try await lastDeploy(prod).id)
        let figures = try #require(report?.switched)
        #expect(figures.requests == 30 && figures.failed == 1 && figures.requestsBefore == 20)
        #expect(report?.steps.map(\.name) == [.database, .resolve, .build, .start, .switch])
        #expect(report?.steps.allSatisfy { $0.milliseconds != nil } == true)
    }
}
