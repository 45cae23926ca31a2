import Core
import Testing

@testable import Builder

struct SiteManifestTests {
    private static func manifest(_ count: Int) -> SiteManifest {
        var records: [StaticSite.Name: SiteManifest.Record] = [:]
        for number in 0..<count {
            records[.init("some/folder/page-\(number).html")] = SiteManifest.Record(
                path: number % 3 == 0 ? "other/\(number)" : "some/folder/page-\(number).html",
                tag: "2cf24dba5fb0a30e26e83b2ac5b9e29e", size: number, modifiedSeconds: 1_700_000_000 + number,
                modifiedNanoseconds: 999_999_999, inode: UInt64(number) << 20)
        }
        return SiteManifest(output: "public", records: records)
    }

    @Test func aManifestIsReadBackAsItWasWritten() {
        var manifest = Self.manifest(100)
        manifest.records["a\nb \u{e9}"] = SiteManifest.Record(
            path: "x", tag: "t", size: 0, modifiedSeconds: -5, modifiedNanoseconds: 0, inode: 1)
        #expect(SiteManifest(encoded: manifest.encoded) == manifest)
        #expect(SiteManifest(encoded: SiteManifest(output: ".", records: [:]).encoded)?.records == [:])
    }

    @Test func aDamagedManifestIsNotRead() {
        let bytes = Self.manifest(2).encoded
        for count in 0..<bytes.count { #expect(SiteManifest(encoded: Array(bytes.prefix(count))) == nil) }
        for text in ["", "\0", "berth-site\u{0}2\0.\0", "berth-site\u{0}1\0.\u{0}99999999999999999999\0", "x"] {
            #expect(SiteManifest(encoded: Array(text.utf8)) == nil)
        }
    }

    @Test func theAppWhoseContentItIsComesBack() throws {
        var manifest = Self.manifest(2)
        (manifest.shared, manifest.rules) = (ID(), "abc")
        #expect(SiteManifest(encoded: manifest.encoded) == manifest)
        // As servers wrote it that knew of no such thing.
        let old = Array("berth-site\u{0}2\0.\0\0\0001\0a\0\0t\0003\0001\0002\0004\0\0\0end\0".utf8)
        #expect(SiteManifest(encoded: old)?.records.count == 1)
        #expect(SiteManifest(encoded: old)?.shared == nil)
        let outside = Array("berth-site\u{0}3\0.\0\0\0../x\0\0000\0end\0".utf8)
        #expect(SiteManifest(encoded: outside) == nil)
    }

    @Test func theSiteHasQuotedTagsAndTheMediaTypeOfTheURL() {
        let site = Self.manifest(1).site(root: "/data/files/public", twins: "/data/twins")
        #expect(site.root == "/data/files/public")
        let file = site.files["some/folder/page-0.html"]
        #expect(file?.path == "other/0")
        #expect(file?.mediaType == "text/html; charset=utf-8")
        #expect(file?.etag == "\"2cf24dba5fb0a30e26e83b2ac5b9e29e\"")
    }
}

struct MediaTypeTests {
    @Test(
        arguments: [
            ("index.html", "text/html; charset=utf-8"), ("A.HTML", "text/html; charset=utf-8"),
            ("app.min.js", "text/javascript; charset=utf-8"), ("a/b.svg", "image/svg+xml"),
            ("x.wasm", "application/wasm"), ("site.webmanifest", "application/manifest+json"),
            ("LICENSE", "application/octet-stream"), ("a.b/c", "application/octet-stream"),
            ("x.unknown", "application/octet-stream"), ("x.", "application/octet-stream"),
            (".well-known/apple-app-site-association", "application/json"), ("", "application/octet-stream"),
        ])
    func theExtensionTellsTheType(_ name: String, _ type: String) { #expect(MediaType.of(name) == type) }
}
