import Core
import Testing

@testable import Router

@Suite struct SitePathTests {
    static let site: StaticSite = {
        let names = [
            "index.html", "about.html", "css/site.css", "docs/index.html", "both.html", "both/index.html", "é/ü.html",
            "a b.txt", "%41.txt", "evil.example/index.html", ".well-known/security.txt",
        ]
        let files = names.map {
            (
                StaticSite.Name($0),
                StaticSite.File(path: $0, mediaType: "text/plain", etag: "\"1\"", size: 1, modified: 0)
            )
        }
        return StaticSite(root: "/nowhere", files: Dictionary(uniqueKeysWithValues: files))
    }()

    private enum Resolution: Equatable {
        case file(String)
        case redirect(String)
        case notFound
    }

    private func resolve(_ target: String) -> Resolution {
        let site = PublishedSite(release: ID(), site: Self.site)
        return switch Array(target.utf8).withUnsafeBytes({ SiteResolver.resolve($0, in: site, now: .now) }) {
        case .file(let found): .file(found.file.path)
        case .redirect(_, let location): .redirect(location)
        default: .notFound
        }
    }

    @Test(arguments: [
        ("/", "index.html"), ("/?x=/../y", "index.html"), ("/index.html", "index.html"), ("/about.html", "about.html"),
        ("/about", "about.html"), ("/css/site.css?v=1", "css/site.css"), ("/docs/", "docs/index.html"),
        ("/both", "both.html"), ("/both/", "both/index.html"), ("/%61bout", "about.html"), ("/a%20b.txt", "a b.txt"),
        ("/%C3%A9/%c3%bc", "é/ü.html"), ("/%2541.txt", "%41.txt"),
        ("/.well-known/security.txt", ".well-known/security.txt"),
    ])
    func findsFiles(_ target: String, _ path: String) {
        #expect(resolve(target) == .file(path))
    }

    @Test(arguments: [
        ("/docs", "/docs/"), ("/docs?a=b", "/docs/?a=b"), ("/%64ocs", "/%64ocs/"),
        ("/evil.example", "/evil.example/"),
    ])
    func sendsFoldersToTheirSlash(_ target: String, _ location: String) {
        #expect(resolve(target) == .redirect(location))
    }

    @Test(arguments: [
        "/missing", "/css", "/css/", "/about/", "/ABOUT", "/Index.html", "", "*", "about", "//", "//index.html",
        "//evil.example", "//evil.example/", "/docs//", "/docs//index.html", "/./index.html", "/docs/../index.html",
        "/docs/..", "/..", "/../index.html", "/%2e%2e/index.html", "/%2E/index.html", "/docs/.%2e/index.html",
        "/docs%2findex.html", "/docs%2Findex.html", "/docs%5cindex.html", "/docs\\index.html", "/..\\index.html",
        "/%252e%252e/index.html", "/index.html%00", "/index.html%00.css", "/%00", "/%", "/%4", "/%zz", "/%c0%ae/x",
        "/%c0%af", "/%ff", "/index.html%0d%0aX:1", "/index.html/", "/index.html/x", "/%2f%2fevil.example",
        "/%5c%5cevil.example", "/\\evil.example",
    ])
    func findsNothing(_ target: String) { #expect(resolve(target) == .notFound) }
}
