import ControlTestSupport
import Core
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Control

@Suite("A round of the reconciler")
struct ReconcilerRoundTests {
    private let platform = TestPlatform()

    /// So many apps that run; their channels.
    private func webApps(_ count: Int, by principal: Principal) async throws -> [Channel] {
        var channels: [Channel] = []
        for number in 1...count {
            let (app, prod) = try await platform.webApp("api\(number)", by: principal)
            _ = try await platform.push(platform.commit("a"), app: app, by: principal)
            channels.append(prod)
        }
        return channels
    }

    private func lose(_ channels: some Sequence<Channel>) async throws {
        for channel in channels {
            for instance in try await platform.stores.instances.instances(channel: channel.id) {
                platform.runner.lose(instance.id)
            }
        }
    }

    @Test("sees to all else before it waits for instances, starts a few of those at once, and the next does not wait")
    func holdsUpNothing() async throws {
        let alice = try await platform.user()
        let channels = try await webApps(6, by: alice)
        try await lose(channels)
        let record = try #require(try await platform.stores.databases.database(channel: channels[0].id))
        platform.provisioner.lose(record.identity)
        platform.runner.addStray("i-first")
        platform.runner.damageNetwork("the bridge was gone")
        let before = platform.runner.starts
        platform.runner.holdStarts()
        let round = Task { await platform.control.reconcile() }
        #expect(await eventually { platform.runner.starts == before + 4 })
        #expect(platform.stores.machineEvents.map(\.kind) == [.networkRestored, .strayRemoved])
        #expect(await eventually { platform.provisioner.provisioned.contains(record.identity) })

        platform.runner.addStray("i-second")
        let next = Task { await platform.control.reconcile() }
        #expect(await eventually { platform.stores.machineEvents.count == 3 })
        #expect(platform.stores.machineEvents.last?.text == "the container i-second was nobody's and was removed")
        await next.value
        #expect(platform.runner.starts == before + 4)

        platform.runner.letGo()
        await round.value
        #expect(platform.runner.running.count == 6 && platform.runner.starts == before + 6)
    }

    @Test("tries last what did not come up the last time")
    func order() async throws {
        let alice = try await platform.user()
        let channels = try await webApps(6, by: alice)
        try await lose(channels.dropLast())
        platform.runner.fail(with: PlatformError(.buildFailed, "the app exited with status 1"))
        await platform.control.reconcile()
        #expect(platform.runner.running.count == 1)
        platform.runner.fail(with: nil)
        try await lose(channels.suffix(1))
        let before = platform.runner.starts
        platform.runner.holdStarts()
        // Their pauses are over.
        try await Task.sleep(for: .milliseconds(30))
        let round = Task { await platform.control.reconcile() }
        #expect(await eventually { platform.runner.starts == before + 4 })
        // The one that was lost, and the one that is being started.
        #expect(try await platform.stores.instances.instances(channel: channels[5].id).count == 2)
        platform.runner.letGo()
        await round.value
        #expect(platform.runner.running.count == 6)
    }

    @Test("waits before it starts again what did not come up, and not any more once that runs")
    func pauses() async throws {
        let platform = TestPlatform { $0.instanceRetry = Backoff(first: .seconds(600), longest: .seconds(600)) }
        let alice = try await platform.user()
        let (app, _) = try await platform.webApp(by: alice)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        platform.runner.lose(try #require(platform.runner.running.keys.first))
        platform.runner.failOnce(with: PlatformError(.buildFailed, "the app exited with status 1"))
        for _ in 0..<3 { await platform.control.reconcile() }
        #expect(platform.runner.starts == 2 && platform.runner.running.isEmpty)
        // The next version comes up.
        _ = try await platform.push(platform.commit("b"), app: app, by: alice)
        await platform.control.reconcile()
        platform.runner.lose(try #require(platform.runner.running.keys.first))
        await platform.control.reconcile()
        #expect(platform.runner.starts == 4 && platform.runner.running.count == 1)
    }

    @Test("tells of each repair with one line and one event")
    func told() async throws {
        let alice = try await platform.user()
        let prod = try await webApps(1, by: alice)[0]
        func events() async throws -> [String] {
            try await platform.control.events.list(app: prod.appID, limit: 99, by: alice).map(\.text)
        }
        await platform.control.reconcile()
        #expect(platform.repairs.isEmpty)

        platform.routes.publish(.placeholder(.starting), at: "api1-alice.localhost")
        await platform.control.reconcile()
        let route = "the hostname did not lead to the channel and does again"
        #expect(platform.repairs == [route])
        #expect(try await events() == [route])

        try await lose([prod])
        await platform.control.reconcile()
        let replaced = "an instance was started anew: nobody supervises it"
        #expect(platform.repairs == [route, replaced])
        #expect(try await events() == [replaced, route])

        let keeping = Task { await platform.control.keepUp() }
        #expect(await eventually { platform.runner.isHeard })
        platform.runner.restart(InstanceRestart(instance: ID(), channel: prod.id, reason: "was killed by SIGKILL"))
        let restarted = "an instance was started again: the app was killed by SIGKILL"
        #expect(await eventually { (try? await events()) == [restarted, replaced, route] })
        #expect(platform.repairs == [route, replaced, restarted])
        keeping.cancel()
        await keeping.value
    }

    @Test("does not take the database of what is being deleted for one that got lost")
    func dropped() async throws {
        let alice = try await platform.user()
        let made = try await platform.control.apps.create(name: "site", template: nil, by: alice)
        let prod = try #require(made.channels.first)
        #expect(
            await eventually {
                (try? await platform.stores.databases.database(channel: prod.id)?.status) == .ready
            })
        try await platform.control.databases.drop(prod.id)
        await platform.control.reconcile()
        #expect(platform.provisioner.provisioned.isEmpty && platform.repairs.isEmpty)
        #expect(try await platform.stores.databases.database(channel: prod.id)?.status == .ready)
    }

    @Test("starts nothing of an app that is deleted while its instance is being started")
    func deleted() async throws {
        let platform = TestPlatform { $0.stepGrace = .milliseconds(50) }
        let alice = try await platform.user()
        let (app, prod) = try await platform.webApp(by: alice)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        platform.runner.lose(try #require(platform.runner.running.keys.first))
        platform.runner.holdStarts()
        let round = Task { await platform.control.reconcile() }
        #expect(await eventually { platform.runner.starts == 2 })
        let begun = try #require(try await platform.stores.instances.instances(channel: prod.id).last)
        try await platform.control.apps.delete(app.id, by: alice)
        platform.runner.letGo()
        await round.value
        #expect(platform.runner.environment(of: begun.id) == nil && platform.runner.running.isEmpty)
        #expect(try await platform.stores.instances.instances().isEmpty)
    }

    @Test("does not read the release of a site that is served as it should be")
    func servedSites() async throws {
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "site", template: nil, by: alice).app
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        let stores = StoreSet(platform.stores)
        let releases = CountedReleases(stores.releases)
        let control = platform.over(
            StoreSet(
                users: stores.users, tokens: stores.tokens, invites: stores.invites, apps: stores.apps,
                channels: stores.channels, deploys: stores.deploys, releases: releases, instances: stores.instances,
                environment: stores.environment, databases: stores.databases, statistics: stores.statistics,
                events: stores.events, logs: stores.logs))
        await control.reconcile()
        #expect(releases.reads == 0)
        platform.routes.publish(.placeholder(.starting), at: "site-alice.localhost")
        await control.reconcile()
        #expect(releases.reads > 0)
    }
}

/// Counts how often a release is asked for.
private final class CountedReleases: ReleaseStore {
    private let store: any ReleaseStore
    private let count = Mutex(0)

    init(_ store: any ReleaseStore) { self.store = store }

    var reads: Int { count.withLock { $0 } }

    func release(_ id: ID<Release>) async throws(PlatformError) -> Release? {
        count.withLock { $0 += 1 }
        return try await store.release(id)
    }

    func insert(_ release: Release, environment: [String: String]) async throws(PlatformError) {
        try await store.insert(release, environment: environment)
    }

    func environment(of id: ID<Release>) async throws(PlatformError) -> [String: String] {
        try await store.environment(of: id)
    }

    func releases(channel: ID<Channel>) async throws(PlatformError) -> [Release] {
        try await store.releases(channel: channel)
    }

    func delete(_ id: ID<Release>) async throws(PlatformError) { try await store.delete(id) }
    func allReleaseIDs() async throws(PlatformError) -> Set<ID<Release>> { try await store.allReleaseIDs() }
}
