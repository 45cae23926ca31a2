import Core
import Foundation
import Testing

/// What `UserStore` and `TokenStore` promise.
public enum AccessStoreContract {
    public static let cases = [
        ContractCase("a user is found by name, as it was stored") { stores in
            let user = try await stores.makeUser("alice", isAdmin: true)
            #expect(try await stores.users.user(named: UserName("alice")) == user)
            #expect(try await stores.users.user(named: UserName("bob")) == nil)
        },
        ContractCase("users are listed in the order of their creation") { stores in
            let users = [try await stores.makeUser("zoe"), try await stores.makeUser("adam")]
            #expect(try await stores.users.users() == users)
        },
        ContractCase("a taken user name is a conflict that says so") { stores in
            _ = try await stores.makeUser("bob")
            let error = await #expect(throws: PlatformError.self) { _ = try await stores.makeUser("bob") }
            #expect(error?.code == .conflict)
            #expect(error?.message == "the user name bob is taken")
            #expect(try await stores.users.users().count == 1)
        },
        ContractCase("a token is found by its digest with its owner") { stores in
            let user = try await stores.makeUser()
            let token = Token(
                userID: user.id, digest: Data(repeating: 7, count: 32), scopes: [.repo, .channel], label: "ci",
                createdAt: StoreSet.date)
            try await stores.tokens.insert(token)
            let found = try await stores.tokens.token(digest: token.digest)
            #expect(found?.token == token)
            #expect(found?.user == user)
            #expect(try await stores.tokens.token(digest: Data(repeating: 8, count: 32)) == nil)
        },
        ContractCase("a revoked token is still found, with its time, and can be revoked once by its owner only") {
            stores in
            let user = try await stores.makeUser()
            let stranger = try await stores.makeUser("eve")
            let token = Token(
                userID: user.id, digest: Data(repeating: 7, count: 32), scopes: Scope.standard, label: nil,
                createdAt: StoreSet.date)
            try await stores.tokens.insert(token)
            let later = StoreSet.date.addingTimeInterval(60)
            #expect(try await stores.tokens.revoke(token.id, owner: stranger.id, at: later) == false)
            #expect(try await stores.tokens.token(digest: token.digest)?.token.revokedAt == nil)
            #expect(try await stores.tokens.revoke(token.id, owner: user.id, at: later))
            #expect(try await stores.tokens.revoke(token.id, owner: user.id, at: later) == false)
            #expect(try await stores.tokens.token(digest: token.digest)?.token.revokedAt == later)
        },
        ContractCase("two tokens cannot have one digest") { stores in
            let user = try await stores.makeUser()
            let digest = Data(repeating: 7, count: 32)
            for expected in [true, false] {
                let token = Token(userID: user.id, digest: digest, scopes: [], label: nil, createdAt: StoreSet.date)
                let isStored = await (try? stores.tokens.insert(token)) != nil
                #expect(isStored == expected)
            }
        },
    ]
}
