import ControlTestSupport
import Core
import Foundation
import TestSupport
import Testing

@testable import Control

@Suite("Following a deploy")
struct FollowTests {
    private let platform = TestPlatform()

    @Test("gives every line with its number, those that are there and those to come, then the end")
    func live() async throws {
        let alice = try await platform.user()
        let made = try await platform.control.apps.create(name: "site", template: nil, by: alice)
        let (app, prod) = (made.app, made.channels[0])
        let (gate, open) = AsyncStream<Void>.makeStream()
        platform.builder.use { request, log throws(PlatformError) in
            log.write("before")
            for await _ in gate { break }
            log.write("after")
            return try await ScriptedBuilder.staticSite(request, log)
        }
        platform.repository.move(.master, to: platform.commit("a"), app: app.id)
        let deploy = try await platform.control.deploys.request("HEAD", channel: prod.id, app: app.id, by: alice)
        #expect(await eventually { platform.builder.requests.count == 1 })
        let detail = try await platform.control.deploys.detail(of: deploy.id, app: app.id, by: alice)
        #expect(detail.report.steps.last?.name == .build && detail.report.steps.last?.milliseconds == nil)
        let events = try await platform.control.deploys.follow(deploy.id, app: app.id, after: 1, by: alice)
        open.finish()
        var seen: [DeployEvent] = []
        for await event in events { seen.append(event) }
        let numbers = seen.compactMap { if case .line(let number, _) = $0 { number } else { nil } }
        #expect(numbers == Array(2...(numbers.count + 1)))
        #expect(seen.last == .ended(failure: nil))
        guard case .line(2, let second)? = seen.first else {
            Issue.record("\(seen)")
            return
        }
        #expect(second.hasSuffix("] before"))

        // Afterwards the same lines have the same numbers.
        var again: [DeployEvent] = []
        for await event in try await platform.control.deploys.follow(deploy.id, app: app.id, after: 1, by: alice) {
            again.append(event)
        }
        #expect(again == seen)
    }

    @Test("goes on with the numbers of before after a restart of the server")
    func restarted() async throws {
        let alice = try await platform.user()
        let made = try await platform.control.apps.create(name: "site", template: nil, by: alice)
        let deploy = Deploy(
            appID: made.app.id, channelID: made.channels[0].id, requested: "master", ref: BranchName.master.ref,
            commit: platform.commit("a"), createdAt: Date())
        platform.repository.move(.master, to: platform.commit("a"), app: made.app.id)
        _ = try await platform.stores.deploys.enqueue([deploy], at: Date())
        _ = try await platform.stores.deploys.start(deploy.id, commit: nil, at: Date())
        try platform.stores.logs.append("[2026-04-22T10:31:00Z] one\n[2026-04-22T10:31:00Z] two\n", deploy: deploy.id)
        let control = platform.restarted()
        let leftovers = try await control.restore()
        let events = try await control.deploys.follow(deploy.id, app: made.app.id, after: 0, by: alice)
        await control.resume(leftovers)
        var lines: [String] = []
        for await case .line(let number, let line) in events {
            lines.append(line)
            #expect(number == lines.count)
        }
        #expect(lines.prefix(2).map { $0.suffix(3) } == ["one", "two"])
        #expect(lines.last?.hasSuffix("deploy complete") == true)
        #expect(lines.joined(separator: "\n") + "\n" == (try await platform.log(of: deploy.id)))
    }

    @Test("is for so many at a time, of one user and of all together")
    func limits() async throws {
        let platform = TestPlatform {
            $0.followersPerUser = 2
            $0.followers = 3
        }
        platform.builder.use { _, _ throws(PlatformError) in
            try? await Task.sleep(for: .seconds(600))
            throw PlatformError(.cancelled, "stopped")
        }
        /// A deploy that goes on until the server ends.
        func running(_ name: String) async throws -> (Principal, App, Deploy) {
            let user = try await platform.user(name)
            let app = try await platform.control.apps.create(name: "site", template: nil, by: user)
            platform.repository.move(.master, to: platform.commit("a"), app: app.app.id)
            let deploy = try await platform.control.deploys.request(
                "HEAD", channel: app.channels[0].id, app: app.app.id, by: user)
            return (user, app.app, deploy)
        }
        let (alice, app, deploy) = try await running("alice")
        let (bob, other, theirs) = try await running("bob")
        func follow(_ deploy: Deploy, _ app: App, _ user: Principal) async throws -> AsyncStream<DeployEvent> {
            try await platform.control.deploys.follow(deploy.id, app: app.id, after: 0, by: user)
        }
        var streams = [try await follow(deploy, app, alice), try await follow(deploy, app, alice)]
        let third = await #expect(throws: PlatformError.self) { _ = try await follow(deploy, app, alice) }
        #expect(third?.code == .rateLimited && third?.message.contains("you follow 2 logs") == true)
        streams.append(try await follow(theirs, other, bob))
        let fourth = await #expect(throws: PlatformError.self) { _ = try await follow(theirs, other, bob) }
        #expect(fourth?.code == .rateLimited && fourth?.message.contains("on this server") == true)
        // Somebody else's is not there, whatever the limits.
        let foreign = await #expect(throws: PlatformError.self) { _ = try await follow(deploy, app, bob) }
        #expect(foreign?.code == .notFound)
        streams.removeFirst()
        #expect(await eventually { (try? await follow(deploy, app, alice)) != nil })
        withExtendedLifetime(streams) {}
        await platform.control.close(grace: .zero)
    }

    @Test("ends when the token is revoked")
    func revoked() async throws {
        let alice = try await platform.user()
        let (app, prod) = try await platform.webApp(by: alice)
        platform.builder.use { _, _ throws(PlatformError) in
            try? await Task.sleep(for: .seconds(600))
            throw PlatformError(.cancelled, "stopped")
        }
        platform.repository.move(.master, to: platform.commit("a"), app: app.id)
        let deploy = try await platform.control.deploys.request("HEAD", channel: prod.id, app: app.id, by: alice)
        let events = try await platform.control.deploys.follow(deploy.id, app: app.id, after: 0, by: alice)
        try await platform.control.tokens.revoke(alice.token, by: alice)
        var seen: [DeployEvent] = []
        for await event in events { seen.append(event) }
        #expect(!seen.contains(.ended(failure: nil)))
        #expect(try await platform.stores.deploys.deploy(deploy.id)?.status == .running)
        await platform.control.close(grace: .zero)
    }
}
