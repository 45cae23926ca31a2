import ControlTestSupport
import Core
import Foundation
import TestSupport
import Testing

@testable import Control

@Suite("A restart of the server")
struct RecoveryTests {
    @Test("publishes every channel again and finds what runs")
    func routes() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let site = try await platform.control.apps.create(name: "site", template: nil, by: alice).app
        _ = try await platform.push(platform.commit("a"), app: site, by: alice)
        _ = try await platform.control.apps.create(name: "empty", template: nil, by: alice)
        platform.builder.use(ScriptedBuilder.web)
        let web = try await platform.control.apps.create(name: "api1", template: "node", by: alice).app
        _ = try await platform.push(platform.commit("b"), app: web, by: alice)
        let before = platform.routes.targets
        for hostname in before.keys { platform.routes.withdraw(hostname) }
        _ = try await platform.restarted().restore()
        #expect(platform.routes.targets["api1-alice.localhost"] == before["api1-alice.localhost"])
        #expect(platform.routes.targets["empty-alice.localhost"] == before["empty-alice.localhost"])
        guard case .site = platform.routes.targets["site-alice.localhost"] else {
            Issue.record("the static site is not served: \(platform.routes.targets)")
            return
        }
    }

    @Test("starts an instance anew that did not survive, with the environment of its release")
    func lostInstance() async throws {
        let platform = TestPlatform()
        platform.builder.use(ScriptedBuilder.web)
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "api1", template: "node", by: alice).app
        try await platform.control.environment.set("MODE", value: "old", app: app.id, by: alice)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        try await platform.control.environment.set("MODE", value: "new", app: app.id, by: alice)
        let lost = try #require(platform.runner.running.keys.first)
        platform.runner.lose(lost)
        let control = platform.restarted()
        let leftovers = try await control.restore()
        #expect(platform.routes.targets["api1-alice.localhost"] == .placeholder(.starting))
        await control.resume(leftovers)
        let endpoint = try #require(platform.runner.running.values.first)
        #expect(endpoint.id != lost)
        #expect(platform.routes.targets["api1-alice.localhost"] == .instance(endpoint))
        #expect(platform.runner.environment(of: endpoint.id)?["MODE"] == "old")
    }

    @Test("keeps the newer one of two that a crash in the middle of a repair has left")
    func twoInstances() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let (app, prod) = try await platform.webApp(by: alice)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        let old = try #require(try await platform.stores.instances.instances().first)
        let new = Instance(channelID: prod.id, releaseID: old.releaseID, state: .live, createdAt: Date())
        try await platform.stores.instances.insert(new)
        let endpoint = try await platform.runner.start(
            InstanceSpecification(
                id: new.id, channel: prod.id, release: new.releaseID, directory: "/",
                plan: RunPlan(kind: .web, command: ["true"]), environment: [:], account: 1,
                limits: ContainerLimits(memory: 1, milliCPU: 1, processes: 1, temporary: 1)),
            log: RecordingLogSink())
        let control = platform.restarted()
        await control.resume(try await control.restore())
        #expect(platform.runner.running == [new.id: endpoint] && platform.runner.stopped == [old.id])
        #expect(platform.routes.targets["api1-alice.localhost"] == .instance(endpoint))
        #expect(try await platform.stores.instances.instances() == [new])
    }

    @Test("starts an interrupted deploy again, and gives it up when it was interrupted too often")
    func interrupted() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "site", template: nil, by: alice).app
        let channel = try await platform.control.channels.list(app: app.id, by: alice)[0]
        platform.repository.move(.master, to: platform.commit("a"), app: app.id)
        let deploy = Deploy(
            appID: app.id, channelID: channel.id, requested: "master", ref: "refs/heads/master",
            commit: platform.commit("a"), createdAt: Date())
        _ = try await platform.stores.deploys.enqueue([deploy], at: Date())
        _ = try await platform.stores.deploys.start(deploy.id, commit: deploy.commit, at: Date())
        let control = platform.restarted()
        await control.resume(try await control.restore())
        #expect(await eventually { (try? await platform.stores.deploys.deploy(deploy.id)?.status) == .success })

        let unlucky = Deploy(
            appID: app.id, channelID: channel.id, requested: "master", ref: "refs/heads/master",
            commit: platform.commit("a"), createdAt: Date())
        _ = try await platform.stores.deploys.enqueue([unlucky], at: Date())
        _ = try await platform.stores.deploys.start(unlucky.id, commit: nil, at: Date())
        try await platform.stores.deploys.requeue(unlucky.id)
        _ = try await platform.stores.deploys.start(unlucky.id, commit: nil, at: Date())
        let again = platform.restarted()
        await again.resume(try await again.restore())
        let ended = try #require(try await platform.stores.deploys.deploy(unlucky.id))
        #expect(ended.failure == "the server stopped 2 times during it")
    }

    @Test("ends the log of a deploy that had ended in the store only, once")
    func logWithoutEnd() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "site", template: nil, by: alice).app
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        let channel = try await platform.control.channels.list(app: app.id, by: alice)[0]
        let deploy = try await platform.stores.deploys.deploys(channel: channel.id, limit: 1)[0].id
        await platform.stores.logs.delete([deploy])
        try platform.stores.logs.append("[2026-04-22T10:31:00Z] health check passed\n", deploy: deploy)
        for _ in 0..<2 {
            let control = platform.restarted()
            await control.resume(try await control.restore())
        }
        let log = try #require(try await platform.stores.logs.read(deploy))
        #expect(
            String(decoding: log, as: UTF8.self) == """
                [2026-04-22T10:31:00Z] health check passed
                [2026-04-22T10:31:00Z] the server stopped before this log had its end
                [2026-04-22T10:31:00Z] deploy complete

                """)
    }

    @Test("drops a deploy whose ref was never moved, and queues one whose ref was")
    func held() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "site", template: nil, by: alice).app
        _ = try await platform.control.channels.create(name: "all", binding: "branch:wip", app: app.id, by: alice)
        let wip = try #require(BranchName("wip"))
        let push = try await platform.control.pushes.prepare(
            [
                PushUpdate(ref: BranchName.master.ref, old: nil, new: platform.commit("a")),
                PushUpdate(ref: wip.ref, old: nil, new: platform.commit("b")),
            ], access: GitAccess(app: app, principal: alice))
        platform.repository.move(wip, to: platform.commit("b"), app: app.id)
        let control = platform.restarted()
        await control.resume(try await control.restore())
        let moved = try #require(push.deploys.first { $0.ref == wip.ref })
        #expect(await eventually { (try? await platform.stores.deploys.deploy(moved.id)?.status) == .success })
        let unmoved = try #require(push.deploys.first { $0.ref == BranchName.master.ref })
        #expect(try await platform.stores.deploys.deploy(unmoved.id) == nil)
        #expect(try await platform.stores.deploys.held().isEmpty)
        #expect(platform.builder.requests.map(\.commit) == [platform.commit("b")])
    }

    @Test("leaves alone what is pushed and deployed after requests are let in")
    func workAfterOpening() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "site", template: nil, by: alice).app
        let control = platform.restarted()
        let leftovers = try await control.restore()
        // A push is between its deploys being written down and its ref, and another deploy runs.
        let update = PushUpdate(ref: BranchName.master.ref, old: nil, new: platform.commit("a"))
        let prepared = try await control.pushes.prepare([update], access: GitAccess(app: app, principal: alice))
        await control.resume(leftovers)
        #expect(try await platform.stores.deploys.held() == prepared.deploys)
        platform.repository.move(.master, to: platform.commit("a"), app: app.id)
        var events: [PushEvent] = []
        for await event in await control.pushes.proceed(prepared, moved: [update.ref]) { events.append(event) }
        #expect(verdicts(events) == [update.ref: ""])
        #expect(lines(events).filter { $0.hasSuffix("deploy complete") }.count == 1)
        #expect(platform.builder.requests.count == 1)
    }

    @Test("does not bring an interrupted deploy live over a newer one that waits")
    func overtaken() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "site", template: nil, by: alice).app
        let channel = try await platform.control.channels.list(app: app.id, by: alice)[0]
        func deploy(_ digit: Character) -> Deploy {
            platform.repository.move(.master, to: platform.commit(digit), app: app.id)
            return Deploy(
                appID: app.id, channelID: channel.id, requested: "master", ref: BranchName.master.ref,
                commit: platform.commit(digit), createdAt: Date())
        }
        let (old, new) = (deploy("a"), deploy("b"))
        _ = try await platform.stores.deploys.enqueue([old], at: Date())
        _ = try await platform.stores.deploys.start(old.id, commit: nil, at: Date())
        _ = try await platform.stores.deploys.enqueue([new], at: Date())
        let control = platform.restarted()
        await control.resume(try await control.restore())
        #expect(await eventually { (try? await platform.stores.deploys.deploy(new.id)?.status) == .success })
        #expect(try await platform.stores.deploys.deploy(old.id)?.failure == Deploy.superseded)
        #expect(platform.builder.requests.map(\.commit) == [platform.commit("b")])
    }

    @Test("tries an instance again that does not start at once, until it does")
    func startsLater() async throws {
        let platform = TestPlatform()
        platform.builder.use(ScriptedBuilder.web)
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "api1", template: "node", by: alice).app
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        platform.runner.lose(try #require(platform.runner.running.keys.first))
        platform.runner.fail(with: PlatformError(.buildFailed, "the database is starting up"))
        let control = platform.restarted()
        let leftovers = try await control.restore()
        let resuming = Task { await control.resume(leftovers) }
        #expect(await eventually { platform.runner.stopped.count >= 3 })
        #expect(platform.routes.targets["api1-alice.localhost"] == .placeholder(.starting))
        platform.runner.fail(with: nil)
        await resuming.value
        let endpoint = try #require(platform.runner.running.values.first)
        #expect(platform.routes.targets["api1-alice.localhost"] == .instance(endpoint))
    }

    @Test("starts what a deploy had stopped before that deploy is built again, and never both")
    func stoppedInTheGap() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let (app, prod) = try await platform.webApp(by: alice)
        let stopFirst: ScriptedBuilder.Script = { _, _ in
            BuildResult(
                plan: RunPlan(kind: .web, command: ["true"], strategy: .stopFirst), isPristine: false, site: nil)
        }
        platform.builder.use(stopFirst)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        // The server ended when the old version was stopped and the new one not there.
        let old = try #require(platform.runner.running.keys.first)
        platform.runner.lose(old)
        try await platform.stores.instances.setState(.stopped, of: old)
        platform.repository.move(.master, to: platform.commit("b"), app: app.id)
        let deploy = Deploy(
            appID: app.id, channelID: prod.id, requested: "master", ref: BranchName.master.ref,
            commit: platform.commit("b"), createdAt: Date())
        _ = try await platform.stores.deploys.enqueue([deploy], at: Date())
        _ = try await platform.stores.deploys.start(deploy.id, commit: deploy.commit, at: Date())

        let gate = Gate()
        gate.close()
        platform.builder.use { request, log throws(PlatformError) in
            await gate.pass()
            return try await stopFirst(request, log)
        }
        let control = platform.restarted()
        let leftovers = try await control.restore()
        let resuming = Task { await control.resume(leftovers) }
        #expect(
            await eventually {
                if case .instance? = platform.routes.targets["api1-alice.localhost"] { true } else { false }
            })
        #expect(await eventually { gate.queue == 1 })
        let again = try #require(platform.runner.running.values.first)
        #expect(platform.routes.targets["api1-alice.localhost"] == .instance(again))
        #expect(platform.runner.environment(of: again.id)?["XHOST_SHA"] == platform.commit("a").rawValue)
        gate.open()
        #expect(try await platform.log(of: deploy.id).hasSuffix("deploy complete\n"))
        await resuming.value
        let new = try #require(platform.runner.running.keys.first)
        #expect(platform.runner.environment(of: new)?["XHOST_SHA"] == platform.commit("b").rawValue)
        #expect(platform.runner.running.count == 1 && platform.runner.mostAtOnce == 1)
    }

    @Test("goes on past what cannot be restored for one app")
    func oneFails() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let broken = try await platform.control.apps.create(name: "broken", template: nil, by: alice).app
        let sound = try await platform.control.apps.create(name: "sound", template: nil, by: alice).app
        let access = [broken, sound].map { GitAccess(app: $0, principal: alice) }
        let update = PushUpdate(ref: BranchName.master.ref, old: nil, new: platform.commit("a"))
        for access in access {
            _ = try await platform.control.pushes.prepare([update], access: access)
            platform.repository.move(.master, to: platform.commit("a"), app: access.app.id)
        }
        platform.repository.fail(broken.id, with: PlatformError(.internal, "unreadable"))
        let control = platform.restarted()
        await control.resume(try await control.restore())
        let site = "sound-alice.localhost"
        #expect(await eventually { if case .site = platform.routes.targets[site] { true } else { false } })
    }

    @Test("finishes removals and clears stray release folders")
    func leftovers() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "site", template: nil, by: alice).app
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        _ = try await platform.stores.apps.markDeleted(app.id, owner: alice.user.id)
        platform.builder.addStray(ID())
        let control = platform.restarted()
        await control.resume(try await control.restore())
        #expect(await platform.builder.releasesOnDisk().isEmpty)
        #expect(await eventually { platform.provisioner.provisioned.isEmpty })
        #expect(await eventually { (try? await platform.stores.apps.deletedApps().isEmpty) == true })
    }
}
