import Foundation
import Testing

@testable import Git

@Suite struct OutgoingPackCacheTests {
    /// A client may name many commits in a request that comes to a small pack, and other ones each time.
    @Test func whatARequestNamesIsCounted() throws {
        let cache = OutgoingPackCache(limit: 1 << 18)
        let pack = OutgoingPack(
            segments: [], made: PackSpool(folder: "/").finish(), objects: 0, size: 32, needsTrailer: false)
        let requests = try (0..<12).map { number in
            let names = (0..<900).map { String(format: "%040x", 1000 * number + $0) }
            let want = try #require(ObjectID(names[0]))
            return PackRequest(wants: [want], clientShallow: Set(names.compactMap { ObjectID($0) }))
        }
        for request in requests { cache.keep(pack, for: request, in: "/one") }
        #expect((1...4).contains(requests.count { cache.pack(for: $0, in: "/one") != nil }))
        // One that would take more than its share is not kept at all.
        let ends = Set((0..<2000).compactMap { ObjectID(String(format: "%040x", $0)) })
        let boundary = ShallowBoundary(commits: ends, added: ends.sorted(), removed: [])
        let large = PackRequest(wants: requests[0].wants, boundary: boundary)
        cache.keep(pack, for: large, in: "/one")
        #expect(cache.pack(for: large, in: "/one") == nil)
    }
}
