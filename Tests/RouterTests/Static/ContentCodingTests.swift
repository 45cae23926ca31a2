import Testing

@testable import Router

/// RFC 9110 section 12.5.3.
@Suite struct ContentCodingTests {
    private func choose(_ header: String?, brotli: Bool = true, gzip: Bool = true) -> ContentCoding {
        guard let header else {
            return ContentCoding.preferences(nil).choose(hasBrotli: brotli, hasGzip: gzip)
        }
        return Array(header.utf8).withUnsafeBytes {
            ContentCoding.preferences($0).choose(hasBrotli: brotli, hasGzip: gzip)
        }
    }

    @Test(arguments: [
        ("gzip, deflate, br", ContentCoding.brotli), ("gzip", .gzip), ("br", .brotli), ("BR;q=0.5, GZip;q=0.9", .gzip),
        ("br;q=0, gzip", .gzip), ("br;q=0.000,gzip;q=0", .identity), ("*", .brotli), ("*;q=0.1, br;q=0", .gzip),
        ("identity", .identity), ("identity;q=1, br;q=0.5", .identity), ("identity;q=0, gzip;q=0.001", .gzip),
        ("identity;q=0", .identity), ("", .identity), ("deflate", .identity), ("x-gzip", .gzip),
        ("br;q=2", .identity), ("br;q=x, gzip;q=0.2", .gzip), ("br ; q=0.5 , gzip ; q=0.4", .brotli),
        ("brx, xbr", .identity), ("br;level=4", .identity),
    ])
    func takesTheHeaviestThatThereIs(_ header: String, _ coding: ContentCoding) { #expect(choose(header) == coding) }

    @Test func withoutAHeaderOrATwinTheFileGoesAsItIs() {
        #expect(choose(nil) == .identity)
        #expect(choose("br", brotli: false) == .identity)
        #expect(choose("br, gzip", brotli: false) == .gzip)
    }
}
