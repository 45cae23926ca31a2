import ControlTestSupport
import Core
import Foundation
import TestSupport
import Testing

@testable import Control

@Suite("An app")
struct AppServiceTests {
    @Test("whose repository cannot be made leaves nothing, and its name is free")
    func creationFails() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        platform.repository.failCreation(with: PlatformError(.internal, "disk full"))
        await #expect(throws: PlatformError.self) {
            try await platform.control.apps.create(name: "site", template: nil, by: alice)
        }
        #expect(try await platform.control.apps.list(by: alice).isEmpty)
        #expect(platform.routes.targets["site-alice.localhost"] == nil)
        #expect(await eventually { (try? await platform.stores.apps.deletedApps().isEmpty) == true })
        platform.repository.failCreation(with: nil)
        _ = try await platform.control.apps.create(name: "site", template: nil, by: alice)
    }

    @Test("that is deleted while its deploy switches does not come back under a new owner of the hostname")
    func hostnameReused() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let old = try await platform.control.apps.create(name: "site", template: nil, by: alice).app
        let channel = try await platform.control.channels.list(app: old.id, by: alice)[0]
        let sites = SiteRoutes(routes: platform.routes, address: platform.control.address)
        sites.claim(sites.placeholder(of: old), for: channel)
        sites.withdraw(channel)
        let target = RouteTarget.site(release: ID(), StaticSite(root: "/", files: [:]))
        #expect(throws: PlatformError.self) { try sites.publish(target, for: channel) }
        #expect(platform.routes.targets["site-alice.localhost"] == nil)
        let new = Channel(
            appID: ID(), name: channel.name, label: channel.label, binding: channel.binding, createdAt: Date())
        sites.claim(target, for: new)
        #expect(throws: PlatformError.self) { try sites.publish(.placeholder(.starting), for: channel) }
        sites.withdraw(channel)
        #expect(platform.routes.targets["site-alice.localhost"] == target)
    }

    @Test("that is deleted while it deploys leaves no route")
    func deletedMidDeploy() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "site", template: nil, by: alice).app
        let (building, hasBegun) = AsyncStream<Void>.makeStream()
        let (gate, mayGoOn) = AsyncStream<Void>.makeStream()
        platform.builder.use { request, log throws(PlatformError) in
            hasBegun.yield()
            for await _ in gate { break }
            return try await ScriptedBuilder.staticSite(request, log)
        }
        async let events = platform.push(platform.commit("a"), app: app, by: alice)
        for await _ in building { break }
        async let deletion: Void = platform.control.apps.delete(app.id, by: alice)
        #expect(await eventually { platform.routes.targets["site-alice.localhost"] == nil })
        mayGoOn.finish()
        try await deletion
        #expect(try await verdicts(events)[BranchName.master.ref]?.isEmpty == false)
        #expect(platform.routes.targets["site-alice.localhost"] == nil)
        #expect(await platform.builder.releasesOnDisk().isEmpty)
    }

    @Test("that is deleted while Postgres is off keeps its record until schema and role are gone")
    func deletedWithoutPostgres() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "site", template: nil, by: alice).app
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        #expect(platform.provisioner.provisioned.count == 1)
        let off = platform.restarted(withPostgres: false)
        await off.resume(try await off.restore())
        try await off.apps.delete(app.id, by: alice)
        _ = try await off.apps.create(name: "site", template: nil, by: alice)
        #expect(try await platform.stores.apps.deletedApps().map(\.id) == [app.id])
        let on = platform.restarted()
        await on.resume(try await on.restore())
        #expect(await eventually { (try? await platform.stores.apps.deletedApps().isEmpty) == true })
        #expect(await eventually { platform.provisioner.provisioned.count == 1 })
    }

    @Test("that is deleted while Postgres does not answer goes as soon as it does again")
    func deletedDuringOutage() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "site", template: nil, by: alice).app
        #expect(await eventually { platform.provisioner.provisioned.count == 1 })
        platform.provisioner.failDrops(with: PlatformError(.databaseUnavailable, "Postgres does not answer"))
        try await platform.control.apps.delete(app.id, by: alice)
        #expect(await eventually { platform.provisioner.drops > 2 })
        #expect(try await platform.stores.apps.deletedApps().map(\.id) == [app.id])
        platform.provisioner.failDrops(with: nil)
        #expect(await eventually { (try? await platform.stores.apps.deletedApps().isEmpty) == true })
        #expect(platform.provisioner.provisioned.isEmpty)
    }
}
