import ControlTestSupport
import Core
import Foundation
import TestSupport
import Testing

@testable import Control

@Suite("A push")
struct PushServiceTests {
    @Test("deploys the bound channel, says so line by line, and ends with the address")
    func success() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "site", template: nil, by: alice).app
        let events = try await platform.push(platform.commit("a"), app: app, by: alice)
        let took = lines(events).filter { $0.hasPrefix("[2026-04-22T10:31:00Z] took ") }
        #expect(took.count == 1)
        #expect(took[0].contains(/ms: database \d+ ms, resolve \d+ ms, build \d+ ms, switch \d+ ms$/))
        #expect(
            lines(events).filter { !took.contains($0) } == [
                "[2026-04-22T10:31:00Z] git-sync: resolved master -> aaaaaaaa",
                "[2026-04-22T10:31:00Z] switch: 0 failed of 0",
                "[2026-04-22T10:31:00Z] deploy complete",
                "http://site-alice.localhost:8080/",
            ])
        #expect(verdicts(events) == ["refs/heads/master": ""])
        let channel = try await platform.control.channels.list(app: app.id, by: alice)[0]
        #expect(channel.currentCommit == platform.commit("a"))
        #expect(channel.status == "running")
    }

    @Test("writes the same lines to the deploy's log, which ends with how the deploy ended")
    func sameLines() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "site", template: nil, by: alice).app
        let events = try await platform.push(platform.commit("a"), app: app, by: alice)
        let channel = try await platform.control.channels.list(app: app.id, by: alice)[0]
        let deploy = try await platform.stores.deploys.deploys(channel: channel.id, limit: 1)[0]
        let log = try await platform.control.deploys.log(
            of: deploy.id, channel: channel.id, app: app.id, by: alice)
        #expect(String(decoding: log, as: UTF8.self) == lines(events).dropLast().map { "\($0)\n" }.joined())
        #expect(String(decoding: log, as: UTF8.self).hasSuffix("] deploy complete\n"))
    }

    @Test("reports a failed deploy for its ref, keeps what serves, and leaves nothing of the attempt")
    func failure() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "site", template: nil, by: alice).app
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        let served = platform.routes.targets["site-alice.localhost"]
        platform.builder.use { _, _ throws(PlatformError) in
            throw PlatformError(.buildFailed, "install.sh exited 1")
        }
        let events = try await platform.push(platform.commit("b"), app: app, by: alice)
        #expect(verdicts(events) == ["refs/heads/master": "deploy of prod failed: install.sh exited 1"])
        #expect(lines(events).last == "[2026-04-22T10:31:00Z] deploy failed: install.sh exited 1")
        #expect(platform.routes.targets["site-alice.localhost"] == served)
        let channel = try await platform.control.channels.list(app: app.id, by: alice)[0]
        #expect(channel.currentCommit == platform.commit("a"))
        #expect(try await platform.stores.releases.allReleaseIDs().count == 1)
    }

    @Test("is shown the last good commit of a branch whose deploys failed, until one succeeds")
    func pusherView() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "site", template: nil, by: alice).app
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        #expect(try await platform.control.pushes.pusherView(of: app).isEmpty)
        platform.builder.use { _, _ throws(PlatformError) in throw PlatformError(.buildFailed, "no") }
        _ = try await platform.push(platform.commit("b"), app: app, by: alice)
        #expect(
            try await platform.control.pushes.pusherView(of: app) == ["refs/heads/master": platform.commit("a")])
        platform.builder.use(ScriptedBuilder.staticSite)
        _ = try await platform.push(platform.commit("b"), app: app, by: alice)
        #expect(try await platform.control.pushes.pusherView(of: app).isEmpty)
    }

    @Test("hides a branch that never had a good commit")
    func hidden() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "site", template: nil, by: alice).app
        platform.builder.use { _, _ throws(PlatformError) in throw PlatformError(.buildFailed, "no") }
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        let view = try await platform.control.pushes.pusherView(of: app)
        #expect(view == ["refs/heads/master": CommitID?.none])
    }

    @Test("of an unbound branch deploys nothing and says so")
    func unbound() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "site", template: nil, by: alice).app
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        let events = try await platform.push(platform.commit("b"), to: "wip", app: app, by: alice)
        #expect(
            events == [
                .lines([
                    "wip is stored; no channel is bound to it (prod branch:master), so nothing is deployed"
                ])
            ])
        #expect(platform.builder.requests.count == 1)
    }

    @Test("that brings one other branch first binds prod to it and points HEAD there")
    func rebind() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "site", template: nil, by: alice).app
        let events = try await platform.push(platform.commit("a"), to: "main", app: app, by: alice)
        #expect(lines(events).first == "first push: prod is now bound to branch:main")
        #expect(verdicts(events) == ["refs/heads/main": ""])
        #expect(platform.repository.head(of: app.id) == BranchName("main"))
        let channel = try await platform.control.channels.list(app: app.id, by: alice)[0]
        #expect(channel.binding.description == "branch:main")
    }

    @Test("sets off every channel that accepts the branch and waits for all of them")
    func severalChannels() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "site", template: nil, by: alice).app
        _ = try await platform.control.channels.create(name: "all", binding: "branch:*", app: app.id, by: alice)
        platform.builder.use { request, _ throws(PlatformError) in
            if request.channel.name.rawValue == "all" { throw PlatformError(.buildFailed, "no luck") }
            return BuildResult(plan: RunPlan(kind: .static), isPristine: true, site: StaticSite(root: "/", files: [:]))
        }
        let events = try await platform.push(platform.commit("a"), app: app, by: alice)
        #expect(verdicts(events) == ["refs/heads/master": "deploy of all failed: no luck"])
        #expect(lines(events).contains { $0.hasPrefix("prod | [") })
    }

    @Test("whose ref did not move leaves no deploy")
    func refused() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "site", template: nil, by: alice).app
        let update = PushUpdate(ref: "refs/heads/master", old: nil, new: platform.commit("a"))
        let prepared = try await platform.control.pushes.prepare(
            [update], access: GitAccess(app: app, principal: alice))
        #expect(try await platform.stores.deploys.held() == prepared.deploys)
        var events: [PushEvent] = []
        for await event in await platform.control.pushes.proceed(prepared, moved: []) { events.append(event) }
        #expect(events.isEmpty)
        #expect(try await platform.stores.deploys.held().isEmpty)
        #expect(try await platform.stores.deploys.unfinished().isEmpty)
        #expect(platform.builder.requests.isEmpty)
    }

    @Test("sets off nothing and supersedes nothing before its ref has moved")
    func heldUntilMoved() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "site", template: nil, by: alice).app
        let prod = try await platform.control.channels.list(app: app.id, by: alice)[0]
        let access = GitAccess(app: app, principal: alice)
        let accepted = Deploy(
            appID: app.id, channelID: prod.id, requested: "master", ref: BranchName.master.ref,
            commit: platform.commit("a"), createdAt: Date())
        platform.repository.move(.master, to: platform.commit("a"), app: app.id)
        _ = try await platform.stores.deploys.enqueue([accepted], at: Date())
        _ = try await platform.control.pushes.prepare(
            [PushUpdate(ref: BranchName.master.ref, old: platform.commit("a"), new: platform.commit("b"))],
            access: access)
        // Another deploy of the channel wakes its worker while the ref of the second push has not moved.
        let asked = try await platform.control.deploys.request(
            platform.commit("a").rawValue, channel: prod.id, app: app.id, by: alice)
        #expect(await eventually { (try? await platform.stores.deploys.deploy(asked.id)?.status) == .success })
        #expect(platform.builder.requests.map(\.commit) == [platform.commit("a")])
        #expect(try await platform.stores.deploys.held().count == 1)
    }

    @Test("whose deploys cannot be queued is told that the commit is stored, and the next start queues them")
    func notQueued() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "site", template: nil, by: alice).app
        let update = PushUpdate(ref: BranchName.master.ref, old: nil, new: platform.commit("a"))
        let prepared = try await platform.control.pushes.prepare(
            [update], access: GitAccess(app: app, principal: alice))
        platform.repository.move(.master, to: platform.commit("a"), app: app.id)
        platform.stores.fail(with: PlatformError(.internal, "disk full"))
        var events: [PushEvent] = []
        for await event in await platform.control.pushes.proceed(prepared, moved: [update.ref]) { events.append(event) }
        platform.stores.fail(with: nil)
        #expect(
            verdicts(events) == [
                update.ref: "the commit is stored, its deploy could not be queued: disk full"
            ])
        let control = platform.restarted()
        await control.resume(try await control.restore())
        #expect(
            await eventually {
                (try? await platform.stores.deploys.deploy(prepared.deploys[0].id)?.status) == .success
            })
    }

    @Test("that waits when the server is stopped is told so")
    func serverStops() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "site", template: nil, by: alice).app
        let (building, hasBegun) = AsyncStream<Void>.makeStream()
        platform.builder.use { _, _ throws(PlatformError) in
            hasBegun.yield()
            try? await Task.sleep(for: .seconds(3600))
            throw PlatformError(.cancelled, "cancelled")
        }
        async let events = platform.push(platform.commit("a"), app: app, by: alice)
        for await _ in building { break }
        await platform.control.close(grace: .zero)
        #expect(
            try await verdicts(events) == [BranchName.master.ref: "deploy of prod failed: \(PushReporter.interrupted)"])
    }

    @Test("of two branches to one channel ends each log once")
    func twoRefsOneChannel() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "site", template: nil, by: alice).app
        let all = try await platform.control.channels.create(name: "all", binding: "branch:*", app: app.id, by: alice)
        let names = ["one", "two"].compactMap { BranchName($0) }
        let updates = names.map { PushUpdate(ref: $0.ref, old: nil, new: platform.commit("a")) }
        let prepared = try await platform.control.pushes.prepare(
            updates, access: GitAccess(app: app, principal: alice))
        for name in names { platform.repository.move(name, to: platform.commit("a"), app: app.id) }
        let waiting = Deploy(
            appID: app.id, channelID: all.id, requested: "one", ref: nil, commit: platform.commit("a"),
            createdAt: Date())
        _ = try await platform.stores.deploys.enqueue([waiting], at: Date())
        for await _ in await platform.control.pushes.proceed(prepared, moved: Set(updates.map(\.ref))) {}
        let log = try #require(try await platform.stores.logs.read(waiting.id))
        #expect(
            String(decoding: log, as: UTF8.self)
                == "[2026-04-22T10:31:00Z] deploy failed: superseded by a newer deploy\n")
    }

    @Test("that a newer one superseded before its deploys began is told so, never that all is well")
    func supersededEarly() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "site", template: nil, by: alice).app
        let access = GitAccess(app: app, principal: alice)
        let pushes = platform.control.pushes
        let (building, hasBegun) = AsyncStream<Void>.makeStream()
        let (gate, mayGoOn) = AsyncStream<Void>.makeStream()
        platform.builder.use { request, log throws(PlatformError) in
            hasBegun.yield()
            for await _ in gate { break }
            return try await ScriptedBuilder.staticSite(request, log)
        }
        func push(_ old: Character?, _ new: Character) async throws -> AsyncStream<PushEvent> {
            let update = PushUpdate(
                ref: "refs/heads/master", old: old.map(platform.commit), new: platform.commit(new))
            let prepared = try await pushes.prepare([update], access: access)
            platform.repository.move(.master, to: platform.commit(new), app: app.id)
            return await pushes.proceed(prepared, moved: [update.ref])
        }
        let first = try await push(nil, "a")
        for await _ in building { break }
        let second = try await push("a", "b")
        let third = try await push("b", "c")
        mayGoOn.finish()
        func verdict(_ stream: AsyncStream<PushEvent>) async -> String? {
            var events: [PushEvent] = []
            for await event in stream { events.append(event) }
            return verdicts(events)["refs/heads/master"]
        }
        #expect(await verdict(second) == "deploy of prod failed: superseded by a newer deploy")
        #expect(await verdict(first) == "")
        #expect(await verdict(third) == "")
    }

    @Test("is let in only for the owner, with the repo scope, and missing and foreign look the same")
    func authorize() async throws {
        let platform = TestPlatform()
        let (alice, token) = try await platform.control.users.add(name: "alice", isAdmin: false)
        let bob = try await platform.control.users.add(name: "bob", isAdmin: false).token.plaintext
        let principal = try await platform.control.tokens.authenticate(token.plaintext)
        _ = try await platform.control.apps.create(name: "site", template: nil, by: principal)
        let narrow = try await platform.control.tokens.issue(to: alice, label: nil, scopes: [.deploy]).plaintext
        let gate = platform.control.pushes

        func code(_ user: String?, _ token: String, _ owner: String, _ name: String, _ service: GitService) async
            -> PlatformError?
        {
            do throws(PlatformError) {
                _ = try await gate.authorize(
                    GitCredentials(userName: user, token: token), owner: owner, name: name, service: service)
                return nil
            } catch { return error }
        }
        #expect(await code("alice", token.plaintext, "alice", "site", .receivePack) == nil)
        #expect(await code(nil, token.plaintext, "alice", "site", .receivePack) == nil)
        let foreign = await code("bob", bob, "alice", "site", .uploadPack)
        #expect(foreign?.code == .notFound)
        #expect(foreign == (await code("bob", bob, "alice", "nothing", .uploadPack)))
        #expect(foreign == (await code("bob", bob, "nobody", "site", .uploadPack)))
        #expect(await code("alice", narrow, "alice", "site", .uploadPack) == nil)
        #expect(await code("alice", narrow, "alice", "site", .receivePack)?.code == .scopeDenied)
        #expect(await code("bob", token.plaintext, "alice", "site", .uploadPack)?.code == .tokenInvalid)
        await #expect(throws: PlatformError.self) {
            try await gate.authorize(nil, owner: "alice", name: "site", service: .uploadPack)
        }
    }
}
