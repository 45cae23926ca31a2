import ControlTestSupport
import Core
import Foundation
import TestSupport
import Testing

@testable import Control

@Suite("Databases of channels")
struct DatabaseServiceTests {
    @Test("a dump in flight ends when its token is revoked")
    func attack3ATokenRevokedDuringADump() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let start = ContinuousClock.now
        let dump = TokenBoundDump(
            ScriptedDump(pieces: ["a"]), tokens: platform.control.tokens, principal: alice, now: start)
        try await dump.check(at: start + .seconds(2))
        try await platform.control.tokens.revoke(alice.token, by: alice)
        try await dump.check(at: start + .milliseconds(2500))
        let error = await #expect(throws: PlatformError.self) { try await dump.check(at: start + .seconds(3)) }
        #expect(error?.code == .tokenRevoked)
    }

    @Test("provisioning is tried again by itself until it succeeds")
    func retry() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        platform.provisioner.fail(with: PlatformError(.databaseUnavailable, "no"))
        let app = try await platform.control.apps.create(name: "my-site", template: nil, by: alice).app
        let prod = try #require(try await platform.stores.channels.channels(app: app.id).first)
        #expect(
            try await eventually { try await platform.stores.databases.database(channel: prod.id)?.status == .failed })
        platform.provisioner.fail(with: nil)
        #expect(
            try await eventually { try await platform.stores.databases.database(channel: prod.id)?.status == .ready })
    }

    @Test("when Postgres does not answer at the start everything else works, and databases come when it answers")
    func degradedStart() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let old = try await platform.control.apps.create(name: "old", template: nil, by: alice).app
        #expect(await eventually { platform.provisioner.provisioned.count == 1 })
        let silence = PlatformError(.databaseUnavailable, "Postgres does not answer")
        platform.provisioner.failProbes(with: silence)
        platform.provisioner.fail(with: silence)

        let control = platform.restarted()
        let leftovers = try await control.restore()
        let resumed = Task { await control.resume(leftovers) }
        let databases = control.databases
        #expect(await eventually { await databases.provisioner == nil })
        await #expect(throws: silence) { _ = try await databases.storage(by: alice) }

        let app = try await control.apps.create(name: "new", template: nil, by: alice)
        let prod = try #require(app.channels.first)
        // Also a database that was there before is not to be had now.
        let oldProd = try #require(try await platform.stores.channels.channels(app: old.id).first)
        for (app, channel) in [(app.app, prod), (old, oldProd)] {
            await #expect(throws: PlatformError.notFound("schema")) {
                _ = try await databases.overview(channel: channel.id, app: app.id, by: alice)
            }
            #expect(try await databases.variables(of: channel.id).isEmpty)
        }
        #expect(try await platform.stores.databases.database(channel: prod.id)?.status == .provisioning)

        platform.provisioner.failProbes(with: nil)
        platform.provisioner.fail(with: nil)
        await resumed.value
        #expect(
            await eventually {
                (try? await platform.stores.databases.database(channel: prod.id)?.status) == .ready
            })
        #expect(try await databases.variables(of: prod.id)["DATABASE_URL"]?.hasPrefix("postgresql://r_") == true)
        let earlier = DatabaseIdentity(user: alice.user.id, channel: oldProd.id)
        #expect(platform.provisioner.refreshed == [earlier])
    }

    @Test("the end of the server ends the looking for a Postgres that does not answer")
    func closedWhileDegraded() async throws {
        let platform = TestPlatform()
        platform.provisioner.failProbes(with: PlatformError(.databaseUnavailable, "Postgres does not answer"))
        let leftovers = try await platform.control.restore()
        let resumed = Task { await platform.control.resume(leftovers) }
        #expect(await eventually { await platform.control.databases.provisioner == nil })
        await platform.control.close(grace: .zero)
        await resumed.value
    }

    @Test("a channel that is made without Postgres gets its database when the server runs with it again")
    func madeWhileOff() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let off = platform.restarted(withPostgres: false)
        let app = try await off.apps.create(name: "site", template: nil, by: alice)
        let prod = try #require(app.channels.first)
        #expect(try await off.databases.variables(of: prod.id).isEmpty)
        #expect(platform.provisioner.provisioned.isEmpty)
        let on = platform.restarted()
        await on.resume(try await on.restore())
        #expect(
            await eventually {
                (try? await platform.stores.databases.database(channel: prod.id)?.status) == .ready
            })
        #expect(
            try await on.databases.variables(of: prod.id).keys.sorted() == [
                "DATABASE_HOST", "DATABASE_PASSWORD", "DATABASE_URL",
            ])
    }

    @Test("of two resets at once one is told that the database is not ready, and a deploy waits for the other")
    func concurrentResets() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "my-site", template: nil, by: alice).app
        let prod = try #require(try await platform.stores.channels.channels(app: app.id).first)
        #expect(
            try await eventually { try await platform.stores.databases.database(channel: prod.id)?.status == .ready })
        let schema = DatabaseIdentity(user: alice.user.id, channel: prod.id).schema
        let outcomes = await withTaskGroup(of: PlatformError.Code?.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    do throws(PlatformError) {
                        try await platform.control.databases.reset(
                            channel: prod.id, app: app.id, confirmation: schema, by: alice)
                        return nil
                    } catch {
                        return error.code
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.allSatisfy { $0 == nil || $0 == .conflict } && outcomes.contains(nil))
        #expect(platform.provisioner.resets.count == outcomes.count { $0 == nil })
        #expect(try await platform.stores.databases.database(channel: prod.id)?.status == .ready)
    }

    @Test("nobody resets, dumps or sees the database of somebody else's channel")
    func attack29DatabasesOfStrangers() async throws {
        let platform = TestPlatform()
        let (alice, bob) = (try await platform.user(), try await platform.user("bob"))
        let app = try await platform.control.apps.create(name: "my-site", template: nil, by: alice).app
        let prod = try #require(try await platform.stores.channels.channels(app: app.id).first)
        let schema = DatabaseIdentity(user: alice.user.id, channel: prod.id).schema
        let databases = platform.control.databases
        await #expect(throws: PlatformError.notFound("app")) {
            _ = try await databases.overview(channel: prod.id, app: app.id, by: bob)
        }
        await #expect(throws: PlatformError.notFound("app")) {
            try await databases.reset(channel: prod.id, app: app.id, confirmation: schema, by: bob)
        }
        await #expect(throws: PlatformError.notFound("app")) {
            _ = try await databases.dump(channel: prod.id, app: app.id, by: bob)
        }
        #expect(platform.provisioner.resets.isEmpty)
    }

    @Test("use of a token is written down together, not with each request")
    func uses() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        #expect(try await platform.stores.tokens.tokens(owner: alice.user.id).first?.lastUsedAt == nil)
        #expect(try await platform.control.tokens.list(by: alice).first?.lastUsedAt != nil)
        await platform.control.close(grace: .zero)
        #expect(try await platform.stores.tokens.tokens(owner: alice.user.id).first?.lastUsedAt != nil)
    }

    @Test("another channel never gets prod's schema, role or password")
    func attack15ChannelsShareNoDatabase() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "site", template: nil, by: alice)
        let preview = try await platform.control.channels.create(
            name: "preview", binding: "branch:*", app: app.app.id, by: alice)
        let prod = try #require(app.channels.first)
        let databases = platform.control.databases
        let (one, two) = (
            try await databases.variables(of: prod.id), try await databases.variables(of: preview.id)
        )
        for key in ["DATABASE_URL", "DATABASE_PASSWORD"] { #expect(one[key] != nil && one[key] != two[key], "\(key)") }
        let (first, second) = (
            try #require(try await platform.stores.databases.database(channel: prod.id)),
            try #require(try await platform.stores.databases.database(channel: preview.id))
        )
        #expect(first.identity.role != second.identity.role && first.identity.schema != second.identity.schema)
        #expect(two["DATABASE_URL"]?.contains(first.identity.role) == false)
    }

    @Test("a schema's name that another channel has is tried again with another id, and given up in the end")
    func attack20ClashingNames() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        platform.stores.clash(2)
        let app = try await platform.control.apps.create(name: "site", template: nil, by: alice)
        platform.stores.clash(1)
        let channel = try await platform.control.channels.create(
            name: "qa", binding: "branch:*", app: app.app.id, by: alice)
        #expect(try await platform.stores.channels.channels(app: app.app.id).map(\.id).contains(channel.id))
        platform.stores.clash(100)
        let error = await #expect(throws: PlatformError.self) {
            _ = try await platform.control.apps.create(name: "other", template: nil, by: alice)
        }
        #expect(error?.code == .invalid)
        #expect(try await platform.control.apps.list(by: alice).count == 1)
    }
}
