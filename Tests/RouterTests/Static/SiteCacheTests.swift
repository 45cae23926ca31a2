import Core
import NIOCore
import Testing

@testable import Router

@Suite struct SiteCacheTests {
    private func file(_ size: Int) -> CachedFile {
        let file = StaticSite.File(path: "a", mediaType: "text/plain", etag: "\"1\"", size: size, modified: 0)
        return CachedFile(heads: SiteHeads(file, status: 200), body: ByteBuffer(repeating: 1, count: size))
    }

    private func key(_ release: ID<Release>, _ path: String) -> SiteCache.Key {
        SiteCache.Key(release: release, name: .init(path), coding: .identity, status: 200, rules: [])
    }

    @Test func staysWithinItsCapacityAndKeepsWhatIsUsed() {
        let cache = SiteCache(capacity: 20_000)
        let release = ID<Release>()
        cache.insert(file(1000), for: key(release, "hot"))
        for index in 0..<200 {
            cache.insert(file(1000), for: key(release, "\(index)"))
            #expect(cache.file(key(release, "hot")) != nil)
            #expect(cache.bytes <= 20_000)
        }
        #expect(cache.file(key(release, "199")) != nil)
        #expect(cache.file(key(release, "0")) == nil)
    }

    @Test func refusesWhatIsLargerThanItself() {
        let cache = SiteCache(capacity: 1000)
        cache.insert(file(2000), for: key(ID(), "a"))
        #expect(cache.count == 0)
    }

    @Test func forgetsAReleaseThatIsNoLongerServed() {
        let box = RouteTableBox()
        let (old, new) = (ID<Release>(), ID<Release>())
        let site = StaticSite(root: "/nowhere", files: [:])
        box.publish(["a": .site(release: old, site), "b": .site(release: old, site)])
        box.siteCache.insert(file(10), for: key(old, "x"))
        box.publish(.site(release: new, site), at: "a")
        #expect(box.siteCache.count == 1)
        box.withdraw("b")
        #expect(box.siteCache.count == 0)
        #expect(box.siteCache.bytes == 0)
    }
}
