import ControlTestSupport
import Core
import Foundation
import TestSupport
import Testing

@testable import Control

@Suite("A kept release")
struct RollbackTests {
    private let platform = TestPlatform()

    /// What the live process of the app sees.
    private func liveEnvironment() async throws -> [String: String] {
        let live = try #require(try await platform.stores.instances.instances().first { $0.state == .live })
        return try #require(platform.runner.environment(of: live.id))
    }

    @Test("is deployed again without a build when neither commit nor variables have changed")
    func reuse() async throws {
        let alice = try await platform.user()
        let (app, prod) = try await platform.webApp(by: alice)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        _ = try await platform.push(platform.commit("b"), app: app, by: alice)
        let built = platform.builder.requests.count
        let first = try #require(try await platform.stores.channels.channel(prod.id)?.currentRelease)
        let deploy = try await platform.control.deploys.request(
            platform.commit("a").rawValue, channel: prod.id, app: app.id, by: alice)
        let log = try await platform.log(of: deploy.id)
        #expect(log.contains("no build") && log.contains("starting container...") && log.contains("deploy complete"))
        #expect(platform.builder.requests.count == built)
        let channel = try #require(try await platform.stores.channels.channel(prod.id))
        #expect(channel.currentCommit == platform.commit("a") && channel.currentRelease != first)
        #expect(try await platform.stores.releases.releases(channel: prod.id).count == 2)
        #expect(await eventually { platform.runner.running.count == 1 })

        // Of what is live already: a new process of the same release.
        let again = try await platform.control.deploys.request(
            platform.commit("a").rawValue, channel: prod.id, app: app.id, by: alice)
        #expect(try await platform.log(of: again.id).contains("no build"))
        #expect(try await platform.stores.deploys.report(of: again.id)?.isReuse == true)
        #expect(try await platform.stores.channels.channel(prod.id)?.currentRelease == channel.currentRelease)
        #expect(platform.builder.requests.count == built)
    }

    @Test("is not taken when a variable has changed, or its files are gone")
    func changed() async throws {
        let alice = try await platform.user()
        let (app, prod) = try await platform.webApp(by: alice)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        try await platform.control.environment.set("MODE", value: "new", app: app.id, by: alice)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        #expect(platform.builder.requests.count == 2)
        #expect(try await liveEnvironment()["MODE"] == "new")
        for release in try await platform.stores.releases.releases(channel: prod.id) {
            await platform.builder.remove(release.id)
        }
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        #expect(platform.builder.requests.count == 3)
    }

    @Test("is found among all of its commit, by the variables that it was built with")
    func olderOne() async throws {
        let alice = try await platform.user()
        let (app, prod) = try await platform.webApp(by: alice)
        for mode in ["one", "two", "three"] {
            try await platform.control.environment.set("MODE", value: mode, app: app.id, by: alice)
            _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        }
        let releases = try await platform.stores.releases.releases(channel: prod.id).map(\.id)
        #expect(releases.count == 3)
        for (mode, place) in [("one", 2), ("two", 1)] {
            try await platform.control.environment.set("MODE", value: mode, app: app.id, by: alice)
            let deploy = try await platform.control.deploys.request(
                "HEAD", channel: prod.id, app: app.id, by: alice)
            #expect(try await platform.log(of: deploy.id).contains("no build"))
            #expect(try await liveEnvironment()["MODE"] == mode)
            #expect(try await platform.stores.channels.channel(prod.id)?.currentRelease == releases[place])
        }
        #expect(platform.builder.requests.count == 3)
    }

    @Test("is gone back to with the variables that it was built with, in one container start")
    func rollback() async throws {
        let alice = try await platform.user()
        let (app, prod) = try await platform.webApp(by: alice)
        try await platform.control.environment.set("MODE", value: "old", app: app.id, by: alice)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        try await platform.control.environment.set("MODE", value: "new", app: app.id, by: alice)
        _ = try await platform.push(platform.commit("b"), app: app, by: alice)
        #expect(try await liveEnvironment()["MODE"] == "new")
        let starts = platform.runner.starts
        let deploy = try await platform.control.deploys.rollback(
            to: nil, channel: prod.id, app: app.id, by: alice)
        let log = try await platform.log(of: deploy.id)
        #expect(log.contains("deploy complete"), "\(log)")
        #expect(platform.builder.requests.count == 2 && platform.runner.starts == starts + 1)
        let live = try await liveEnvironment()
        #expect(live["MODE"] == "old" && live["XHOST_SHA"] == platform.commit("a").rawValue)
        #expect(try await platform.stores.channels.channel(prod.id)?.currentCommit == platform.commit("a"))
        let list = try await platform.control.deploys.releases(channel: prod.id, app: app.id, by: alice)
        #expect(list.map(\.release.commit) == [platform.commit("b"), platform.commit("a")])
        #expect(list.map(\.isCurrent) == [false, true])

        // And forward again, by name.
        let forward = try await platform.control.deploys.rollback(
            to: list[0].release.id, channel: prod.id, app: app.id, by: alice)
        #expect(try await platform.log(of: forward.id).contains("deploy complete"))
        #expect(try await liveEnvironment()["MODE"] == "new")
    }

    @Test("that is live, of another channel, or not there cannot be gone back to")
    func refused() async throws {
        let alice = try await platform.user()
        let (app, prod) = try await platform.webApp(by: alice)
        let deploys = platform.control.deploys
        func code(_ wanted: ID<Release>??) async -> PlatformError.Code? {
            do throws(PlatformError) {
                _ = try await deploys.rollback(to: wanted, channel: prod.id, app: app.id, by: alice)
                return nil
            } catch { return error.code }
        }
        #expect(await code(nil) == .conflict)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        let current = try #require(try await platform.stores.channels.channel(prod.id)?.currentRelease)
        #expect(await code(nil) == .conflict)
        #expect(await code(current) == .conflict)
        #expect(await code(ID()) == .notFound)
        #expect(await code(.some(nil)) == .notFound)
        let other = try await platform.webApp("other", by: alice)
        _ = try await platform.push(platform.commit("b"), app: other.app, by: alice)
        let foreign = try #require(try await platform.stores.channels.channel(other.prod.id)?.currentRelease)
        #expect(await code(foreign) == .notFound)
    }

    @Test("that is gone back to while old ones are removed stays")
    func kept() async throws {
        let platform = TestPlatform { $0.releaseBytes = 1 }
        let alice = try await platform.user()
        let (app, prod) = try await platform.webApp(by: alice)
        for digit in "abcd" { _ = try await platform.push(platform.commit(digit), app: app, by: alice) }
        @Sendable func kept() async -> [CommitID] {
            ((try? await platform.stores.releases.releases(channel: prod.id)) ?? []).map(\.commit)
        }
        let third = try #require(try await platform.stores.releases.releases(channel: prod.id).dropFirst().first)
        // From now on there is room for two.
        platform.builder.makeReleases(ofSize: 10)
        platform.builder.beforeSizes {
            guard await kept().count == 5 else { return }
            let deploy = Deploy(
                appID: app.id, channelID: prod.id, requested: "master", ref: BranchName.master.ref,
                commit: third.commit, createdAt: Date())
            _ = try? await platform.stores.deploys.enqueue([deploy], at: Date())
            _ = try? await platform.stores.deploys.start(deploy.id, commit: nil, at: Date())
            try? await platform.stores.deploys.succeed(deploy.id, release: third.id, instance: nil, at: Date())
        }
        _ = try await platform.push(platform.commit("e"), app: app, by: alice)
        // The older ones go after it was looked at.
        #expect(await eventually { await kept() == "edc".map(platform.commit) })
        #expect(try await platform.stores.channels.channel(prod.id)?.currentRelease == third.id)
        #expect(await platform.builder.releasesOnDisk().contains(third.id))
    }

    @Test("that goes while its rollback waits fails it with a reason, and what serves goes on")
    func gone() async throws {
        let alice = try await platform.user()
        let (app, prod) = try await platform.webApp(by: alice)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        _ = try await platform.push(platform.commit("b"), app: app, by: alice)
        let before = platform.routes.targets
        let first = try await platform.stores.releases.releases(channel: prod.id)[1]
        await platform.builder.remove(first.id)
        let deploy = try await platform.control.deploys.rollback(
            to: first.id, channel: prod.id, app: app.id, by: alice)
        #expect(try await platform.log(of: deploy.id).contains("deploy failed: the release is not kept any more"))
        #expect(platform.routes.targets == before)
    }

    @Test("is removed only when nobody is about to bring it live, and the other way round")
    func reservations() {
        let (reservations, release) = (ReleaseReservations(), ID<Release>())
        #expect(reservations.reserve(release))
        #expect(reservations.reserve(release))
        #expect(!reservations.beginRemoval(release))
        reservations.free(release)
        #expect(!reservations.beginRemoval(release))
        reservations.free(release)
        #expect(reservations.beginRemoval(release))
        #expect(!reservations.reserve(release))
        reservations.endRemoval(release)
        #expect(reservations.reserve(release))
    }

    @Test("the logs of the last stopped instances are kept as long as their releases, over a restart too")
    func stoppedLogs() async throws {
        let platform = TestPlatform {
            $0.keptInstanceLogs = 2
            $0.keptReleases = 3
        }
        let alice = try await platform.user()
        let (app, prod) = try await platform.webApp(by: alice)
        var live: [ID<Instance>] = []
        for digit in "abcde" {
            _ = try await platform.push(platform.commit(digit), app: app, by: alice)
            live.append(try #require(try await platform.stores.instances.instances().last { $0.state == .live }?.id))
            // The one before is stopped in the background, and what is too old of them with the next deploy.
            #expect(await eventually { (try? await platform.stores.instances.instances().count) == 1 })
        }
        #expect(await eventually { platform.runner.removedLogs.contains(live[0]) })
        let stopped = try await platform.control.instances.stopped(channel: prod.id, app: app.id, by: alice).map(\.id)
        // The oldest of three may be on its way out: it goes in the background.
        #expect(stopped.starts(with: [live[3], live[2]]) && !stopped.contains(live[0]))
        let control = platform.restarted()
        await control.resume(try await control.restore())
        #expect(platform.runner.keptLogs.isSuperset(of: live[2...4]) && !platform.runner.keptLogs.contains(live[0]))
        try await platform.control.apps.delete(app.id, by: alice)
        #expect(try await platform.stores.instances.stopped().isEmpty)
        #expect(Set(platform.runner.removedLogs) == Set(live))
    }
}
