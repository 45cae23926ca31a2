import ControlTestSupport
import Core
import TestSupport
import Testing

@testable import Control

/// Who gets into which repository, as the git server asks it.
@Suite("Access to repositories")
struct GitAccessTests {
    private let platform = TestPlatform()

    private func code(
        _ token: String, user: String? = nil, _ owner: String, _ name: String, _ service: GitService = .uploadPack
    ) async -> PlatformError.Code? {
        do throws(PlatformError) {
            _ = try await platform.control.pushes.authorize(
                GitCredentials(userName: user, token: token), owner: owner, name: name, service: service)
            return nil
        } catch {
            return error.code
        }
    }

    @Test(
        "a path that only looks like a repository's is missing, as a stranger's is",
        arguments: [
            ("alice", "SITE"), ("Alice", "site"), ("alice", "site.git"), ("alice", "site/"), ("alice", "/site"),
            ("alice", "site\0"), ("alice", "site%00"), ("alice", "..%2fsite"), ("alice", "../alice/site"),
            ("alice/", "site"), ("", "site"), ("alice", ""), ("alice", "."), ("alice", "s\u{456}te"),
            ("alice", "site\u{301}"), ("alice", "--upload-pack=x"), ("alice", "$(id)"), ("bob", "theirs"),
            ("bob", "missing"), ("nobody", "site"),
        ])
    func attack2PathsThatLookAlike(_ owner: String, _ name: String) async throws {
        let (alice, first) = try await platform.control.users.add(name: "alice", isAdmin: false)
        let bob = try await platform.user("bob")
        let principal = try await platform.control.tokens.authenticate(first.plaintext)
        _ = try await platform.control.apps.create(name: "site", template: nil, by: principal)
        _ = try await platform.control.apps.create(name: "theirs", template: nil, by: bob)
        #expect(await code(first.plaintext, "alice", "site") == nil)
        for service in [GitService.uploadPack, .receivePack] {
            #expect(await code(first.plaintext, user: alice.name.rawValue, owner, name, service) == .notFound)
            #expect(await code(first.plaintext, owner, name, service) == .notFound)
        }
    }

    @Test("a token decides alike with and without a user's name, and reading gives no right to push")
    func attack3And4ScopesOfGit() async throws {
        let (alice, first) = try await platform.control.users.add(name: "alice", isAdmin: false)
        let principal = try await platform.control.tokens.authenticate(first.plaintext)
        _ = try await platform.control.apps.create(name: "site", template: nil, by: principal)
        for scope in Scope.standard {
            let token = try await platform.control.tokens.issue(to: alice, label: nil, scopes: [scope]).plaintext
            for user in [nil, "alice"] {
                #expect(await code(token, user: user, "alice", "site") == nil, "\(scope)")
                let push = await code(token, user: user, "alice", "site", .receivePack)
                #expect(push == (scope == .repo ? nil : .scopeDenied), "\(scope)")
            }
            #expect(await code(token, user: "bob", "alice", "site") == .tokenInvalid)
        }
        try await platform.control.tokens.revoke(principal.token, by: principal)
        for service in [GitService.uploadPack, .receivePack] {
            #expect(await code(first.plaintext, user: "alice", "alice", "site", service) == .tokenRevoked)
        }
    }
}
