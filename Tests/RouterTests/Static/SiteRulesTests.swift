import Core
import Foundation
import TestSupport
import Testing

@testable import Router

/// `_redirects` and `_headers` as clients see them.
@Suite struct SiteRulesTests {
    private static func pattern(_ segments: [SitePattern.Segment], splat: Bool = false) -> SitePattern {
        SitePattern(segments: segments, hasSplat: splat)
    }

    private static func site() throws -> TestSite {
        var site = try TestSite([
            "index.html": "home", "there.html": "there", "app.html": "app", "gone.html": "gone page",
            "blog/index.html": "blog",
        ])
        func rule(
            _ pattern: SitePattern, _ to: String, _ status: Int = 301, forced: Bool = false,
            query: [SiteRedirect.Parameter] = []
        ) -> SiteRedirect {
            SiteRedirect(pattern: pattern, query: query, destination: to, status: status, isForced: forced)
        }
        site.site.redirects = [
            rule(pattern([.text("old")]), "/new"), rule(pattern([.text("there")]), "/never"),
            rule(pattern([.text("index.html")]), "/", 308, forced: true),
            rule(pattern([.text("temp")]), "https://example.com/x?a=b#c", 302),
            rule(pattern([.text("see"), .placeholder("id")]), "/seen/:id/end", 303),
            rule(pattern([.text("news")], splat: true), "/blog/:splat", 307),
            rule(pattern([.text("go")], splat: true), "/:splat", 301),
            rule(
                pattern([.text("store")]), "/item/:id",
                query: [.init(name: "id", value: .placeholder("id")), .init(name: "v", value: .text("2"))]),
            rule(pattern([.text("find")]), "/:q", query: [.init(name: "q", value: .placeholder("q"))]),
            rule(pattern([.text("app")], splat: true), "/app.html", 200),
            rule(pattern([.text("dir")]), "/blog", 200), rule(pattern([.text("lost")]), "/gone", 404),
            rule(pattern([.text("é")]), "/e"),
        ]
        site.site.headers = [
            .init(pattern: pattern([], splat: true), fields: [.init(name: "X-All", value: "1")]),
            .init(
                pattern: pattern([.affixes("", ".html")]),
                fields: [.init(name: "Cache-Control", value: "no-cache"), .init(name: "X-Page", value: "yes")]),
        ]
        return site
    }

    @Test(arguments: [
        ("/old", 301, "/new"), ("/old/", 301, "/new"), ("/old?x=1", 301, "/new?x=1"), ("/index.html", 308, "/"),
        ("/temp", 302, "https://example.com/x?a=b#c"), ("/see/7", 303, "/seen/7/end"),
        ("/news/2024/01?q=1", 307, "/blog/2024/01?q=1"), ("/news", 307, "/blog/"),
        ("/store?v=2&id=42", 301, "/item/42"), ("/%C3%A9", 301, "/e"), ("/see/a%2Bb", 303, "/seen/a%2Bb/end"),
        ("/find?q=a", 301, "/a"),
    ])
    func redirects(_ path: String, _ status: Int, _ location: String) async throws {
        let site = try Self.site()
        try await TestRouter.with(["app.localhost": site.target]) { router async throws in
            let response = try await router.get(path)
            #expect(response.status == status)
            #expect(response["location"] == location)
        }
    }

    @Test(arguments: [
        ("/there", 200, "there"), ("/app/any/route", 200, "app"), ("/dir", 200, "blog"), ("/lost", 404, "gone page"),
        ("/see", 404, nil), ("/store?id=42", 404, nil), ("/see//", 404, nil),
    ])
    func rewrites(_ path: String, _ status: Int, _ text: String?) async throws {
        let site = try Self.site()
        try await TestRouter.with(["app.localhost": site.target]) { router async throws in
            let response = try await router.get(path)
            #expect(response.status == status)
            if let text { #expect(response.text == text) }
        }
    }

    @Test(arguments: [
        "/go//evil.example", "/go/%2f%2fevil.example", "/go/%5cevil.example", "/go/..//evil.example",
        "/find?q=/evil.example", "/find?q=\\evil.example", "/find?q=\\/evil.example",
    ])
    func regressionNoRedirectLeadsToAnotherServer(_ path: String) async throws {
        let site = try Self.site()
        try await TestRouter.with(["app.localhost": site.target]) { router async throws in
            let response = try await router.get(path)
            #expect(response.status == 404)
            #expect(response["location"] == nil)
        }
    }

    @Test func headersOfMatchingPathsAreAdded() async throws {
        let site = try Self.site()
        try await TestRouter.with(["app.localhost": site.target]) { router async throws in
            for _ in 0..<2 {
                let page = try await router.get("/there.html")
                #expect(page["x-all"] == "1")
                #expect(page["x-page"] == "yes")
                #expect(page.head.all("cache-control") == ["no-cache"])
                let index = try await router.get("/")
                #expect(index["x-all"] == "1")
                #expect(index["x-page"] == nil)
            }
        }
    }

    @Test func theAppPageAnswersWhatIsNotThere() async throws {
        let site = try TestSite(["index.html": "home", "200.html": "app", "404.html": "gone"])
        try await TestRouter.with(["app.localhost": site.target]) { router async throws in
            let response = try await router.get("/some/route")
            #expect(response.status == 200)
            #expect(response.text == "app")
        }
    }

    @Test(arguments: ["/_redirects", "/_headers", "/%5fredirects"])
    func regressionTheRulesThemselvesAreNotServed(_ path: String) async throws {
        let site = try Self.site()
        try await TestRouter.with(["app.localhost": site.target]) { router async throws in
            #expect(try await router.get(path).status == 404)
        }
    }
}
