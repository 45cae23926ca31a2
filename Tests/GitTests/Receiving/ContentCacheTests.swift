import Testing

@testable import Git

@Suite struct ContentCacheTests {
    @Test func whatWasUsedLastStays() {
        var cache = ContentCache(budget: 10_000)
        for key: UInt32 in 0..<8 { cache.insert(ObjectBytes(count: 1000), for: key) }
        #expect(cache.content(of: 0) != nil)
        cache.insert(ObjectBytes(count: 2000), for: 8)
        #expect(cache.content(of: 0) != nil)
        #expect(cache.content(of: 1) == nil)
        #expect(cache.content(of: 2) == nil)
        #expect(cache.content(of: 3) != nil)
        // A delta and its base stay, whatever their size.
        cache.insert(ObjectBytes(count: 50_000), for: 9)
        cache.insert(ObjectBytes(count: 50_000), for: 10)
        #expect(cache.content(of: 9) != nil)
        #expect(cache.content(of: 10) != nil)
        #expect(cache.content(of: 8) == nil)
        cache.insert(ObjectBytes(count: 1), for: 11)
        #expect(cache.content(of: 9) == nil)
        cache.removeAll()
        #expect(cache.content(of: 11) == nil)
    }

    @Test func manyChangesKeepItWhole() {
        var cache = ContentCache(budget: 20_000)
        var generator = SeededGenerator(seed: 4)
        for _ in 0..<20_000 {
            let key = UInt32.random(in: 0..<200, using: &generator)
            if let content = cache.content(of: key) {
                #expect(content.count == 100 + Int(key))
            } else {
                cache.insert(ObjectBytes(count: 100 + Int(key)), for: key)
                #expect(cache.content(of: key)?.count == 100 + Int(key))
            }
        }
    }
}
