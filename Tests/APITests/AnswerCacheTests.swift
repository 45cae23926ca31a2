import Core
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import API

struct AnswerCacheTests {
    private final class World: Sendable {
        let version = Mutex<Int64>(1)
        let made = Mutex(0)
        let (opened, gate) = AsyncStream<Void>.makeStream()

        func text(_ answer: Answer) -> String? {
            guard case .encoded(let bytes, _) = answer else { return nil }
            return String(buffer: bytes)
        }
    }

    @Test("who asks while an answer is made waits for the same, and does not have it made again")
    func sharing() async throws {
        let world = World()
        let cache = AnswerCache { world.version.withLock { $0 } }
        let key = AnswerCache.Key(user: ID())
        try await withThrowingTaskGroup(of: String?.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    world.text(
                        try await cache.answer(for: key) { () async throws(PlatformError) in
                            let number = world.made.withLock { made in
                                made += 1
                                return made
                            }
                            for await _ in world.opened { break }
                            return .string("answer \(number)")
                        })
                }
            }
            try await expectEventually("the answer is being made") { world.made.withLock { $0 } > 0 }
            world.gate.finish()
            for try await text in group { #expect(text == "\"answer 1\"") }
        }
        #expect(world.made.withLock { $0 } == 1)
    }

    @Test("an answer that is made under an older version is not given to who asks later")
    func versions() async throws {
        let world = World()
        let cache = AnswerCache { world.version.withLock { $0 } }
        let key = AnswerCache.Key(user: ID())
        async let old = cache.answer(for: key) { () async throws(PlatformError) in
            world.made.withLock { $0 += 1 }
            for await _ in world.opened { break }
            return "old"
        }
        try await expectEventually("the old one is being made") { world.made.withLock { $0 } == 1 }
        world.version.withLock { $0 = 2 }
        #expect(world.text(try await cache.answer(for: key) { "new" }) == "\"new\"")
        world.gate.finish()
        #expect(world.text(try await old) == "\"old\"")
        #expect(world.text(try await cache.answer(for: key) { "new" }) == "\"new\"")
    }

    @Test("a failure is told to all who waited, and not kept")
    func failures() async throws {
        let cache = AnswerCache { 1 }
        let key = AnswerCache.Key(user: ID(), app: ID())
        await #expect(throws: PlatformError.self) {
            _ = try await cache.answer(for: key) { () async throws(PlatformError) in throw .notFound("app") }
        }
        let world = World()
        #expect(world.text(try await cache.answer(for: key) { "there" }) == "\"there\"")
        // Of another user nothing is known.
        #expect(world.text(try await cache.answer(for: .init(user: ID(), app: key.app)) { "other" }) == "\"other\"")
    }
}
