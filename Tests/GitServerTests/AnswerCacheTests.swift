import Core
import Git
import Testing

@testable import GitServer

@Suite struct AnswerCacheTests {
    private static func snapshot(_ generation: UInt64) -> ReferenceSnapshot {
        var snapshot = ReferenceSnapshot(head: "refs/heads/main", references: [])
        snapshot.generation = generation
        return snapshot
    }

    @Test func anAnswerIsMadeOnceForEachReading() {
        let cache = AnswerCache(byteLimit: 100_000)
        let app = ID<App>()
        var made = 0
        func ask(_ question: AnswerCache.Question, _ generation: UInt64) -> [UInt8] {
            cache.answer(question, of: app, Self.snapshot(generation)) {
                made += 1
                return [UInt8(made)]
            }
        }
        #expect(ask(.uploadPack(.v0), 1) == [1])
        #expect(ask(.uploadPack(.v0), 1) == [1])
        #expect(ask(.uploadPack(.v1), 1) == [2])
        #expect(ask(.receivePack(.v0), 1) == [3])
        #expect(ask(.list(ReferenceList()), 1) == [4])
        #expect(ask(.uploadPack(.v0), 2) == [5])
        // A reading that is not kept has no number.
        #expect(ask(.uploadPack(.v0), 0) == [6])
        #expect(ask(.uploadPack(.v0), 0) == [7])
    }

    @Test func theQuestionsCountToo() throws {
        let cache = AnswerCache(byteLimit: 100_000)
        let app = ID<App>()
        for number in 0..<200 {
            // Some two thousand bytes of prefixes, and nothing to say.
            let long = String(repeating: "x", count: 90)
            let list = try ReferenceList((0..<16).map { "ref-prefix refs/heads/\(number)/\($0)/\(long)" })
            _ = cache.answer(.list(list), of: app, Self.snapshot(1)) { [] }
        }
        #expect((10...50).contains(cache.count))
    }

    @Test func theMemoryIsBounded() {
        let cache = AnswerCache(byteLimit: 100_000)
        for _ in 0..<200 {
            _ = cache.answer(.uploadPack(.v0), of: ID(), Self.snapshot(1)) { [UInt8](repeating: 0, count: 5000) }
        }
        #expect(cache.count < 20)
        _ = cache.answer(.receivePack(.v0), of: ID(), Self.snapshot(1)) { [UInt8](repeating: 0, count: 90_000) }
        #expect(cache.count < 20)
    }
}
