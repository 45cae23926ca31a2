import ControlTestSupport
import Core
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Control

/// Lets something happen while a push waits for the operator's programs.
private final class MeanwhileHooks: HookRunner {
    private let action = Mutex<(@Sendable () async -> Void)?>(nil)

    func meanwhile(_ action: @escaping @Sendable () async -> Void) { self.action.withLock { $0 = action } }

    func run(_ call: HookCall, output: @escaping @Sendable (String) -> Void) async throws(PlatformError) {
        let action = action.withLock { $0 }
        if call.event == .preReceive { await action?() }
    }
}

@Suite("Tokens")
struct TokenServiceTests {
    @Test("carry a checksum that tells them from look-alikes")
    func checksum() throws {
        let token = TokenText.make()
        #expect(token.utf8.count == 57)
        #expect(TokenText.isWellFormed(token))
        var changed = Array(token)
        changed[20] = changed[20] == "a" ? "b" : "a"
        #expect(!TokenText.isWellFormed(String(changed)))
        #expect(!TokenText.isWellFormed("xh_live_"))
        #expect(!TokenText.isWellFormed(token + "\n"))
    }

    @Test("can be verified by whoever knows the documented rule: these are known answers")
    func knownChecksum() {
        // Made with zlib's crc32 and the alphabet 0-9 A-Z a-z, most significant digit first.
        let known = [
            "xh_live_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA0Mdmlj",
            "xh_live_zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz05ZaXP",
            "xh_live_0123456789abcdefghijklmnopqrstuvwxyz-_ABCDE3mRItp",
        ]
        for token in known { #expect(TokenText.isWellFormed(token), "\(token)") }
    }

    @Test("are known by their digest only, and end when revoked")
    func lifecycle() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let tokens = platform.control.tokens
        let minted = try await tokens.mint(label: "ci", scopes: nil, by: alice)
        #expect(minted.token.digest.count == 32)
        #expect(try await tokens.authenticate(minted.plaintext).user == alice.user)
        try await tokens.revoke(minted.token.id, by: alice)
        await #expect(throws: PlatformError(.tokenRevoked, "this token has been revoked")) {
            try await tokens.authenticate(minted.plaintext)
        }
        await #expect(throws: PlatformError.self) {
            try await tokens.authenticate(TokenText.make())
        }
    }

    @Test("of somebody else cannot be revoked, and look like missing ones")
    func attack29ForeignTokensAreMissing() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let bob = try await platform.user("bob")
        let minted = try await platform.control.tokens.mint(label: nil, scopes: nil, by: alice)
        await #expect(throws: PlatformError.notFound("token")) {
            try await platform.control.tokens.revoke(minted.token.id, by: bob)
        }
        await #expect(throws: PlatformError.notFound("token")) {
            try await platform.control.tokens.revoke(nil, by: bob)
        }
    }

    @Test("never mint more than they hold, nor what is reserved")
    func attack30NoTokenMintsAWiderOne() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let tokens = platform.control.tokens
        let narrow = try await tokens.issue(to: alice.user, label: nil, scopes: [.deploy])
        let holder = try await tokens.authenticate(narrow.plaintext)
        await #expect { try await tokens.mint(label: nil, scopes: nil, by: holder) } throws: {
            ($0 as? PlatformError)?.code == .scopeDenied
        }
        await #expect { try await tokens.mint(label: nil, scopes: ["db:*"], by: alice) } throws: {
            ($0 as? PlatformError)?.code == .scopeReserved
        }
        await #expect { try await tokens.mint(label: nil, scopes: ["repo:*"], by: alice) } throws: {
            ($0 as? PlatformError)?.code == .invalid
        }
        let same = try await tokens.mint(label: nil, scopes: ["channel:*", "repo:*", "deploy:*"], by: alice)
        #expect(same.token.scopes == Scope.standard)
    }

    @Test("that are revoked while a push comes in end it before a ref moves")
    func attack3ATokenRevokedDuringAPush() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "my-site", template: nil, by: alice).app
        try await platform.control.tokens.revoke(alice.token, by: alice)
        let error = await #expect(throws: PlatformError.self) {
            _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        }
        #expect(error?.code == .tokenRevoked)
        #expect(try await platform.stores.deploys.held().isEmpty)
    }

    @Test func `attack 3: that are revoked while hooks look at a push end it before a ref moves`() async throws {
        let hooks = MeanwhileHooks()
        let platform = TestPlatform(hooks: hooks)
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "my-site", template: nil, by: alice).app
        hooks.meanwhile { try? await platform.control.tokens.revoke(alice.token, by: alice) }
        let error = await #expect(throws: PlatformError.self) {
            _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        }
        #expect(error?.code == .tokenRevoked)
        #expect(try await platform.stores.deploys.held().isEmpty)
        #expect(try await platform.repository.branches(app: app.id).isEmpty)
    }
}
