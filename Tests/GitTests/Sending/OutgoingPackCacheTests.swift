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

    @Test func `only what has parts of the packs that go is dropped with them`() async throws {
        let fixture = try await ReceivingFixture()
        var requests: [PackRequest] = []
        for number in 0..<2 {
            var builder = PackBuilder()
            requests.append(PackRequest(wants: [try builder.add(.blob, "\(number)\n")]))
            try await fixture.receive(builder.pack())
        }
        let packs = fixture.store.packs.packs(in: "\(fixture.directory)/objects/pack").packs
        try #require(packs.count == 2)
        let cache = OutgoingPackCache(limit: 1 << 18)
        for (request, pack) in zip(requests, packs) {
            let made = OutgoingPack(
                segments: [.stored(pack, pack.entries)], made: PackSpool(folder: "/").finish(), objects: 1,
                size: pack.bytes.count, needsTrailer: true)
            cache.keep(made, for: request, in: "/one")
        }
        cache.forget("/one", packs: [packs[0].name])
        #expect(cache.pack(for: requests[0], in: "/one") == nil)
        #expect(cache.pack(for: requests[1], in: "/one") != nil)
    }
}
