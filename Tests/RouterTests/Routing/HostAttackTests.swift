import Core
import Foundation
import TestSupport
import Testing

@testable import Router

/// A name leads to its own site or nowhere.
@Suite struct HostAttackTests {
    @Test func attack21APublishedWildcardTakesOneLabelAndGoesAfterTheExactName() async throws {
        let (any, own) = (try TestSite(["index.html": "any"]), try TestSite(["index.html": "own"]))
        try await TestRouter.with(["*.wild.example": any.target, "own.wild.example": own.target]) {
            router async throws in
            #expect(try await router.get(host: "a.wild.example").text == "any")
            #expect(try await router.get(host: "A.Wild.Example.:80").text == "any")
            #expect(try await router.get(host: "own.wild.example").text == "own")
            for host in ["wild.example", "a.b.wild.example", "awild.example", "wild.example.a"] {
                #expect(try await router.get(host: host).status == 404, "\(host)")
            }
        }
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost:\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: app.localhost\r\nHost: app.localhost\r\n\r\n", 400),
        ("GET http://app.localhost/ HTTP/1.1\r\nHost: other.localhost\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: app.localhost@other.localhost\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: app.localhost, other.localhost\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: xn--pp-1ea.localhost\r\n\r\n", 404),
        ("GET / HTTP/1.1\r\nHost: [2001:db8::1]\r\n\r\n", 404), ("GET / HTTP/1.1\r\nHost: 192.0.2.1\r\n\r\n", 404),
        ("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 404), ("GET / HTTP/1.0\r\n\r\n", 404),
        ("GET / HTTP/1.1\r\nHost: app.localhost..\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: app.localhost.\r\n\r\n", 200),
        ("GET / HTTP/1.1\r\nHost: APP.LOCALHOST:81\r\n\r\n", 200),
    ])
    func attack21NoOtherNameEverLeadsToAnApp(_ request: String, _ status: Int) async throws {
        let site = try TestSite(["index.html": "x"])
        try await TestRouter.with(["app.localhost": site.target]) { router async throws in
            #expect(try await router.exchange(request).status == status)
        }
    }

    /// The file was there when the manifest was made; a link stands in its place when it is asked for.
    @Test(arguments: [100, 400_000])
    func attack24AFileThatBecameALinkIsNotFollowed(_ size: Int) async throws {
        let site = try TestSite(["file.txt": String(repeating: "x", count: size)])
        let path = "\(site.site.root)/file.txt"
        let secret = site.folder.path("secret")
        try Data(repeating: 65, count: size).write(to: URL(fileURLWithPath: secret))
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: secret)
        try await TestRouter.with(["app.localhost": site.target]) { router async throws in
            #expect(try await router.get("/file.txt").status == 404)
        }
    }

    @Test(arguments: [
        "/.env", "/.git/config", "/_headers", "/_redirects", "/INDEX.HTML", "/Index.html", "/docs", "/index.html/",
        "/%2f%2e%2e/secret", "/..;/secret", "/%u002e%u002e/secret", "/index.html%20", "/index.html::$DATA",
    ])
    func attack24OnlyNamesOfTheManifestAreAnswered(_ path: String) async throws {
        var site = try TestSite([
            "index.html": "x", ".env": "secret", ".git/config": "secret", "_headers": "secret", "_redirects": "secret",
        ])
        site.site.files = site.site.files.filter { $0.key == "index.html" }
        try await TestRouter.with(["app.localhost": site.target]) { router async throws in
            #expect(try await router.get(path).status == 404)
        }
    }

    @Test func aDateThatWasGivenIsA304() async throws {
        let site = try TestSite(["index.html": "x"])
        try await TestRouter.with(["app.localhost": site.target]) { router async throws in
            let date = try #require(try await router.get()["last-modified"])
            for _ in 0..<3 {
                let same = try await router.get(extra: "If-Modified-Since: \(date)\r\n")
                #expect(same.status == 304 && same["etag"] != nil)
            }
            let other = try await router.get(extra: "If-Modified-Since: Thu, 01 Jan 2026 00:00:00 GMT\r\n")
            #expect(other.status == 200)
            let both = try await router.get(extra: "If-Modified-Since: \(date)\r\nIf-None-Match: \"other\"\r\n")
            #expect(both.status == 200)
        }
    }
}
