import Core
import Foundation

/// Tokens in memory.
public struct InMemoryTokenStore: TokenStore {
    let tables: InMemoryTables

    public func insert(_ token: Token) async throws(PlatformError) {
        try tables.write { (state) throws(PlatformError) in
            guard state.users.contains(where: { $0.id == token.userID }) else {
                throw PlatformError(.conflict, "something that this belongs to does not exist any more")
            }
            guard !state.tokens.contains(where: { $0.digest == token.digest || $0.id == token.id }) else {
                throw PlatformError(.conflict, "this exists already")
            }
            state.tokens.append(token)
        }
    }

    public func token(digest: Data) async throws(PlatformError) -> (token: Token, user: User)? {
        try tables.read { state in
            guard let token = state.tokens.first(where: { $0.digest == digest }),
                let user = state.users.first(where: { $0.id == token.userID })
            else { return nil }
            return (token, user)
        }
    }

    public func revoke(_ id: ID<Token>, owner: ID<User>, at date: Date) async throws(PlatformError) -> Bool {
        try tables.write { state in
            guard
                let index = state.tokens.firstIndex(where: {
                    $0.id == id && $0.userID == owner && $0.revokedAt == nil
                })
            else { return false }
            let old = state.tokens[index]
            state.tokens[index] = Token(
                id: old.id, userID: old.userID, digest: old.digest, scopes: old.scopes, label: old.label,
                createdAt: old.createdAt, revokedAt: date, lastUsedAt: old.lastUsedAt)
            return true
        }
    }

    public func tokens(owner: ID<User>) async throws(PlatformError) -> [Token] {
        try tables.read { $0.tokens.filter { $0.userID == owner && $0.revokedAt == nil } }
    }

    public func noteUse(_ uses: [ID<Token>: Date]) async throws(PlatformError) {
        try tables.write { state in
            for (index, old) in state.tokens.enumerated() {
                guard let date = uses[old.id] else { continue }
                state.tokens[index] = Token(
                    id: old.id, userID: old.userID, digest: old.digest, scopes: old.scopes, label: old.label,
                    createdAt: old.createdAt, revokedAt: old.revokedAt, lastUsedAt: date)
            }
        }
    }
}
