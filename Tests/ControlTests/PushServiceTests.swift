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
        #expect(
            lines(events) == [
                "[2026-04-22T10:31:00Z] git-sync: resolved master -> aaaaaaaa",
                "[2026-04-22T10:31:00Z] deploy complete",
                "[2026-04-22T10:31:00Z] http://site-alice.localhost:8080/",
            ])
        #expect(verdicts(events) == ["refs/heads/master": ""])
        let channel = try await platform.control.channels.list(app: app.id, by: alice)[0]
        #expect(channel.currentCommit == platform.commit("a"))
        #expect(channel.status == "running")
    }

    @Test("writes the same lines to the deploy's log")
    func sameLines() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "site", template: nil, by: alice).app
        let events = try await platform.push(platform.commit("a"), app: app, by: alice)
        let channel = try await platform.control.channels.list(app: app.id, by: alice)[0]
        let deploy = try await platform.stores.deploys.deploys(channel: channel.id, limit: 1)[0]
        let log = try await platform.control.deploys.log(
            of: deploy.id, channel: channel.id, app: app.id, by: alice)
        #expect(String(decoding: log, as: UTF8.self) == lines(events).map { "\($0)\n" }.joined())
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
                .line(
                    "wip is stored; no channel is bound to it (prod branch:master), so nothing is deployed")
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
        #expect(try await platform.stores.deploys.unfinished().count == 1)
        var events: [PushEvent] = []
        for await event in await platform.control.pushes.proceed(prepared, moved: []) { events.append(event) }
        #expect(events.isEmpty)
        #expect(try await platform.stores.deploys.unfinished().isEmpty)
        #expect(platform.builder.requests.isEmpty)
    }

    @Test("that a newer one superseded before its deploys began is told so, never that all is well")
    func supersededEarly() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "site", template: nil, by: alice).app
        let access = GitAccess(app: app, principal: alice)
        let pushes = platform.control.pushes
        let first = try await pushes.prepare(
            [PushUpdate(ref: "refs/heads/master", old: nil, new: platform.commit("a"))], access: access)
        _ = try await pushes.prepare(
            [PushUpdate(ref: "refs/heads/master", old: platform.commit("a"), new: platform.commit("b"))],
            access: access)
        var events: [PushEvent] = []
        for await event in await pushes.proceed(first, moved: ["refs/heads/master"]) { events.append(event) }
        #expect(
            verdicts(events) == ["refs/heads/master": "deploy of prod failed: superseded by a newer deploy"])
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
