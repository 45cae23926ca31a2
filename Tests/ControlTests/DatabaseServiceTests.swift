import ControlTestSupport
import Core
import Foundation
import TestSupport
import Testing

@testable import Control

@Suite("Databases of channels")
struct DatabaseServiceTests {
    @Test("a dump in flight ends when its token is revoked")
    func revokedDump() async throws {
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
    func foreign() async throws {
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
}
