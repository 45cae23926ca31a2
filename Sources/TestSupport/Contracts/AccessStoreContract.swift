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
        ContractCase("tokens are listed oldest first, for their owner, until they are revoked; use is noted") {
            stores in
            let user = try await stores.makeUser()
            let stranger = try await stores.makeUser("eve")
            var tokens: [Token] = []
            for (number, owner) in [user, stranger, user].enumerated() {
                let digest = Data(repeating: UInt8(number), count: 32)
                tokens.append(
                    Token(userID: owner.id, digest: digest, scopes: [.repo], label: nil, createdAt: StoreSet.date))
                try await stores.tokens.insert(tokens[number])
            }
            #expect(try await stores.tokens.tokens(owner: user.id) == [tokens[0], tokens[2]])
            let later = StoreSet.date.addingTimeInterval(60)
            try await stores.tokens.noteUse([tokens[0].id: later, ID(): later])
            #expect(try await stores.tokens.tokens(owner: user.id).map(\.lastUsedAt) == [later, nil])
            #expect(try await stores.tokens.token(digest: tokens[0].digest)?.token.lastUsedAt == later)
            _ = try await stores.tokens.revoke(tokens[0].id, owner: user.id, at: later)
            #expect(try await stores.tokens.tokens(owner: user.id).map(\.id) == [tokens[2].id])
        },
        ContractCase("there is an administrator as soon as one was added") { stores in
            _ = try await stores.makeUser("alice")
            #expect(try await stores.users.hasAdmin() == false)
            _ = try await stores.makeUser("root", isAdmin: true)
            #expect(try await stores.users.hasAdmin())
        },
        ContractCase("an invite is redeemed once, before it expires, and not for a taken name") { stores in
            let admin = try await stores.makeUser("root", isAdmin: true)
            let digest = Data(repeating: 1, count: 32)
            let invite = Invite(
                digest: digest, label: "for bob", createdBy: admin.id, createdAt: StoreSet.date,
                expiresAt: StoreSet.date.addingTimeInterval(100))
            try await stores.invites.insert(invite)
            #expect(try await stores.invites.invites() == [invite])
            func redeem(_ name: String, _ digest: Data, after seconds: Double) async -> PlatformError.Code? {
                do throws(PlatformError) {
                    let date = StoreSet.date.addingTimeInterval(seconds)
                    let user = User(name: try UserName(name), isAdmin: false, createdAt: date)
                    try await stores.invites.redeem(digest, for: user, at: date)
                    return nil
                } catch {
                    return error.code
                }
            }
            #expect(await redeem("bob", Data(repeating: 2, count: 32), after: 1) == .tokenInvalid)
            #expect(await redeem("bob", digest, after: 100) == .tokenInvalid)
            #expect(await redeem("root", digest, after: 1) == .conflict)
            #expect(await redeem("bob", digest, after: 2) == nil)
            #expect(await redeem("eve", digest, after: 3) == .tokenInvalid)
            #expect(try await stores.users.users().map(\.name.rawValue) == ["root", "bob"])
            #expect(try await stores.invites.invites().first?.usedAt == StoreSet.date.addingTimeInterval(2))
            #expect(try await stores.invites.delete(invite.id))
            #expect(try await stores.invites.delete(invite.id) == false)
        },
    ]
}
