import Core
import Foundation
import TestSupport
import Testing

@testable import Store

/// What is kept of reads is never older than what was committed.
struct ReadCacheTests {
    @Test func `a revoked token, a deleted app and a new channel are seen at once`() async throws {
        let directory = try TemporaryDirectory("berth-store")
        let database = try await SQLiteDatabase.open(dataDirectory: directory.path)
        let stores = try StoreSet(database, dataDirectory: directory.path)
        let user = try await stores.makeUser()
        let (app, _) = try await stores.makeApp(owner: user)
        let token = Token(
            userID: user.id, digest: Data(repeating: 7, count: 32), scopes: [], label: nil, createdAt: StoreSet.date)
        try await stores.tokens.insert(token)
        for _ in 0..<3 {
            #expect(try await stores.tokens.token(digest: token.digest)?.token.revokedAt == nil)
            #expect(try await stores.channels.channels(app: app.id).count == 1)
            #expect(try await stores.apps.app(app.id, owner: user.id) != nil)
        }
        _ = try await stores.makeChannel("staging", app: app)
        #expect(try await stores.channels.channels(app: app.id).count == 2)
        _ = try await stores.tokens.revoke(token.id, owner: user.id, at: StoreSet.date)
        #expect(try await stores.tokens.token(digest: token.digest)?.token.revokedAt != nil)
        _ = try await stores.apps.markDeleted(app.id, owner: user.id)
        #expect(try await stores.apps.app(app.id, owner: user.id) == nil)
        #expect(try await stores.channels.channels(app: app.id).isEmpty)
        try database.close()
    }

    @Test func `what another process commits is seen soon`() async throws {
        let directory = try TemporaryDirectory("berth-store")
        let database = try await SQLiteDatabase.open(dataDirectory: directory.path)
        let stores = try StoreSet(database, dataDirectory: directory.path)
        let user = try await stores.makeUser()
        let token = Token(
            userID: user.id, digest: Data(repeating: 7, count: 32), scopes: [], label: nil, createdAt: StoreSet.date)
        try await stores.tokens.insert(token)
        #expect(try await stores.tokens.token(digest: token.digest)?.token.revokedAt == nil)
        let other = try await SQLiteDatabase.open(dataDirectory: directory.path)
        _ = try await SQLiteTokenStore(other).revoke(token.id, owner: user.id, at: StoreSet.date)
        #expect(
            try await eventually { try await stores.tokens.token(digest: token.digest)?.token.revokedAt != nil })
        try other.close()
        try database.close()
    }

    @Test func `readers beside a writer never go back in time`() async throws {
        let directory = try TemporaryDirectory("berth-store")
        let database = try await SQLiteDatabase.open(dataDirectory: directory.path)
        let stores = try StoreSet(database, dataDirectory: directory.path)
        let (app, _) = try await stores.makeApp(owner: stores.makeUser())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    var last = 0
                    while last < 31 {
                        let seen = try await stores.channels.channels(app: app.id).count
                        #expect(seen >= last)
                        last = seen
                        // What is cached is answered without waiting, and the writer needs its turn.
                        await Task.yield()
                    }
                }
            }
            for number in 0..<30 { _ = try await stores.makeChannel("c-\(number)", app: app) }
            try await group.waitForAll()
        }
        try database.close()
    }
}
