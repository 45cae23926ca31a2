import Core
import Testing

@testable import Builder

struct RedirectsParserTests {
    private func problems(_ text: String, files: Set<String> = []) -> [SiteRuleProblem] {
        var parser = RedirectsParser.parse(text)
        parser.checkLoops { files.contains($0) }
        return parser.file.problems
    }

    @Test func readsNetlifysFormat() {
        let parser = RedirectsParser.parse(
            """
            # comment
            /home              /
            /blog/my-post.php  /blog/my-post 302!   # at the end

            /news/*            /blog/:splat
            /store id=:id v=2  /item/:id  301
            /cuties/:year      https://example.com/:year 308
            /app/*             /index.html 200
            /de/*  /de/:splat 302 Country=de
            https://other.example/*  /x
            """)
        #expect(parser.file.problems.isEmpty)
        #expect(parser.file.warnings.map(\.line) == [9, 10])
        #expect(parser.rules.map(\.line) == [2, 3, 5, 6, 7, 8])
        #expect(parser.rules.map(\.rule.status) == [301, 302, 301, 301, 308, 200])
        #expect(parser.rules.map(\.rule.isForced) == [false, true, false, false, false, false])
        #expect(parser.rules[2].rule.pattern.hasSplat)
        #expect(parser.rules[3].rule.query.count == 2)
    }

    @Test(
        arguments: [
            "home /", "/a", "/a b", "/a /b 200 x", "/a /b 999", "/a /b 200!!", "/a //evil.example", "/a /\\evil",
            "/a ftp://x/", "/a https:///x", "/a https://u@h/", "/a /b/:nope", "/a https://h:port/",
            "/*/b /c", "/a/*b /c", "/a/:x/:x /c", "/a/:splat /c", "/a/../b /c", "/a//b /c", "/:bad-name /c",
            "/a/* https://example.com:splat", "/a/:h https://:h/x", "/a http://example.com/ 200",
            "/a https://127.0.0.1/ 200", "/a https://localhost/ 200", "/a https://db.internal/ 200",
            "/a https://[::1]/ 200", "/a https://h.example/ 404", "/a /caf\u{e9}", "/a /.netlify/functions/x 200",
        ])
    func attack25RefusesWithTheLine(_ line: String) {
        #expect(problems("# first\n\(line)\n").map(\.line) == [2])
    }

    @Test(
        arguments: [
            ("/a /a", [1]), ("/a /b\n/b /a", [1, 2]), ("/* /x/:splat", [1]),
            ("/a/* /b/:splat\n/b/* /a/:splat", [1, 2]),
            ("/x /y\n/y /z\n/z /x 302", [1, 2, 3]), ("/docs /docs/", [1]), ("/a /a?x=1", [1]),
        ])
    func attack25RefusesLoops(_ text: String, _ lines: [Int]) {
        let found = problems(text)
        #expect(found.map(\.line) == lines)
        #expect(found.allSatisfy { $0.text.hasPrefix("a loop") })
    }

    @Test func chainsThatEndAreFine() {
        #expect(problems("/a /b\n/b /c\n/old/* /:splat\n/* /index.html 200").isEmpty)
        #expect(problems("/docs /docs/", files: ["/docs/"]).isEmpty)
        #expect(problems("/* /index.html 301", files: ["/index.html"]).isEmpty)
        #expect(problems("/* /index.html 301!", files: ["/index.html"]).map(\.line) == [1])
        #expect(problems("/a https://example.com/a").isEmpty)
        // The first rule that holds counts, whatever kind it is.
        #expect(problems("/a/* /end\n/a/b /a/b").map(\.line) == [])
        #expect(problems("/a/b /a/%62/\n/a/* /end").map(\.line) == [1])
    }

    /// A file of half a megabyte holds a hundred thousand rules.
    @Test func attack25AFileWithTooManyRulesIsNotFollowed() {
        let many = (0..<2001).map { "/\($0) /\($0 + 1)" }.joined(separator: "\n")
        var parser = RedirectsParser.parse(many)
        var count = 0
        parser.checkLoops { _ in
            count += 1
            return false
        }
        #expect(count == 0)
        #expect(parser.file.problems.map(\.line) == [2001])
    }

    @Test func attack25NumbersAreLimited() {
        let many = (0..<2001).map { "/a\($0) /b" }.joined(separator: "\n")
        #expect(problems(many).map(\.line) == [2001])
        let dynamic = (0..<251).map { "/a\($0)/* /b" }.joined(separator: "\n")
        #expect(problems(dynamic).map(\.line) == [251])
        #expect(problems("/a /" + String(repeating: "b", count: 2000)).map(\.line) == [1])
    }
}

struct HeadersParserTests {
    @Test func readsNetlifysFormat() {
        let parser = HeadersParser.parse(
            """
            # comment
            /*
              X-Frame-Options: DENY
              Link: <a>; rel=preload
              Link: <b>; rel=preload
            /assets/*.js
            \tCache-Control: public, max-age=60
            """)
        #expect(parser.file.problems.isEmpty)
        #expect(parser.rules.count == 2)
        #expect(
            parser.rules[0].fields == [
                .init(name: "X-Frame-Options", value: "DENY"),
                .init(name: "Link", value: "<a>; rel=preload, <b>; rel=preload"),
            ])
        #expect(parser.rules[1].pattern.segments == [.text("assets"), .affixes("", ".js")])
    }

    @Test(
        arguments: [
            "  Content-Length: 5", "  Set-Cookie: a=b", "  transfer-encoding: chunked", "  Connection: close",
            "  X Y: z", "  no colon", "  : empty", "  X: a\u{7f}b", "  X: \u{1}", "  Location: /", "  X-\u{e9}: y",
            "bad-path", "/a/../b", "  Vary: *",
        ])
    func attack25RefusesWithTheLine(_ line: String) {
        #expect(HeadersParser.parse("/*\n\(line)\n").file.problems.map(\.line) == [2])
    }

    @Test func aHeaderBeforeAnyPathIsRefused() {
        #expect(HeadersParser.parse("  X: y\n/*\n  X: y").file.problems.map(\.line) == [1])
    }

    @Test func aCarriageReturnInsideALineIsRefused() {
        #expect(HeadersParser.parse("/*\n  X: a\rSet-Cookie: b\n").file.problems.map(\.line) == [2])
    }
}

struct HashedNameTests {
    @Test(
        arguments: [
            "app.3f2a91bc.js", "assets/index-BxT3a9Zk.js", "main.abcdef12.chunk.css", "img/logo-1a2b3c4d5e.png",
            "font_0f1e2d3c4b5a.woff2", "assets/vendor-D-x_9Qz1.css",
        ])
    func isHashed(_ path: String) { #expect(HashedName.isHashed(path)) }

    @Test(
        arguments: [
            "index.html", "jquery-3.7.1.min.js", "photo-20240101.jpg", "report-deadbeef.pdf", "my-Module12.js",
            "page.3f2a91bc.html", "data.3f2a91bc.json", "app.js", "3f2a91bc", "chapter-Summary2.js",
            "a/3f2a91bc/app.js",
            "bootstrap-reboot.min.css", "version-20240101120000.js",
        ])
    func isNotHashed(_ path: String) { #expect(!HashedName.isHashed(path)) }
}
