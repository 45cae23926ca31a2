import Core
import Foundation
import NIOPosix
import TestSupport
import Testing

@testable import Router

@Suite struct StaticSiteTests {
    private static let files = [
        "index.html": "<h1>home</h1>", "about.html": "about", "docs/index.html": "docs", "css/site.css": "body {}",
    ]

    @Test func servesAFileWithItsHeaders() async throws {
        let site = try TestSite(Self.files)
        try await TestRouter.with(["app.localhost": site.target]) { router async throws in
            for _ in 0..<2 {
                let response = try await router.get("/css/site.css")
                #expect(response.status == 200)
                #expect(response.text == "body {}")
                #expect(response["content-type"] == "text/css; charset=utf-8")
                #expect(response["content-length"] == "7")
                #expect(response["etag"] == "\"12-7\"")
                #expect(response["last-modified"] == "Sun, 06 Nov 1994 08:49:37 GMT")
                #expect(response["cache-control"] == "public, max-age=0, must-revalidate")
                #expect(response["x-content-type-options"] == "nosniff")
                #expect(response["date"] != nil)
            }
            #expect(router.routes.siteCache.count == 1)
        }
    }

    @Test func answersManyRequestsOnOneConnection() async throws {
        let site = try TestSite(Self.files)
        try await TestRouter.with(["app.localhost": site.target]) { router async throws in
            let texts = try await router.client { connection throws in
                try ["/", "/about", "/docs/", "/about"].map { try connection.get($0).text }
            }
            #expect(texts == ["<h1>home</h1>", "about", "docs", "about"])
        }
    }

    @Test func answersPipelinedRequestsInOrder() async throws {
        let site = try TestSite(Self.files)
        try await TestRouter.with(["app.localhost": site.target]) { router async throws in
            let texts = try await router.client { connection throws in
                let paths = (0..<60).map { ["/", "/about", "/docs/"][$0 % 3] }
                try connection.write(paths.map { "GET \($0) HTTP/1.1\r\nHost: app.localhost\r\n\r\n" }.joined())
                return try paths.map { _ in try connection.readResponse().text }
            }
            #expect(texts == (0..<60).map { ["<h1>home</h1>", "about", "docs"][$0 % 3] })
        }
    }

    @Test func answersHeadWithoutABody() async throws {
        let site = try TestSite(Self.files)
        try await TestRouter.with(["app.localhost": site.target]) { router async throws in
            let response = try await router.client { connection throws in
                try connection.write("HEAD / HTTP/1.1\r\nHost: app.localhost\r\n\r\n")
                let head = try connection.readResponse(toHead: true)
                #expect(try connection.get("/about").text == "about")
                return head
            }
            #expect(response.status == 200)
            #expect(response["content-length"] == "13")
        }
    }

    @Test func answers304ToAKnownTag() async throws {
        let site = try TestSite(Self.files)
        try await TestRouter.with(["app.localhost": site.target]) { router async throws in
            let response = try await router.get("/", extra: "If-None-Match: W/\"10-13\"\r\n")
            #expect(response.status == 304)
            #expect(response["etag"] == "\"10-13\"")
            #expect(response["content-length"] == nil)
            #expect(try await router.get("/", extra: "If-None-Match: \"x\"\r\n").status == 200)
        }
    }

    /// RFC 9110 section 13.2.2: before `If-None-Match` and `Range`, from memory as from the disk.
    @Test func answers412WhenTheFileIsNotTheOneThatIsWanted() async throws {
        let site = try TestSite(Self.files)
        try await TestRouter.with(["app.localhost": site.target]) { router async throws in
            let statuses = try await router.client { connection throws in
                try [
                    "", "If-Match: \"x\"\r\n", "If-Match: \"10-13\"\r\n",
                    "If-Match: \"x\"\r\nIf-None-Match: \"10-13\"\r\n", "If-Match: \"x\"\r\nRange: bytes=0-1\r\n",
                    "If-Match: \"10-13\"\r\nRange: bytes=0-1\r\n",
                    "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n", "",
                ].map { try connection.get("/", extra: $0).status }
            }
            #expect(statuses == [200, 412, 200, 412, 412, 206, 412, 200])
        }
    }

    @Test func refusesOtherMethods() async throws {
        let site = try TestSite(Self.files)
        try await TestRouter.with(["app.localhost": site.target]) { router async throws in
            let response = try await router.exchange(
                "POST / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 5\r\n\r\nhello")
            #expect(response.status == 405)
            #expect(response["allow"] == "GET, HEAD")
            #expect(response["connection"] == "close")
            #expect(try await router.exchange("DELETE / HTTP/1.1\r\nHost: app.localhost\r\n\r\n").status == 405)
        }
    }

    @Test func redirectsAFolderToItsSlash() async throws {
        let site = try TestSite(Self.files)
        try await TestRouter.with(["app.localhost": site.target]) { router async throws in
            let response = try await router.get("/docs?x=1")
            #expect(response.status == 301)
            #expect(response["location"] == "/docs/?x=1")
        }
    }

    @Test func usesTheSitesOwn404Page() async throws {
        let site = try TestSite(Self.files.merging(["404.html": "gone fishing"]) { first, _ in first })
        try await TestRouter.with(["app.localhost": site.target]) { router async throws in
            for _ in 0..<2 {
                let response = try await router.get("/missing", extra: "If-None-Match: *\r\n")
                #expect(response.status == 404)
                #expect(response.text == "gone fishing")
            }
            // The page itself, asked for by name, is a page like any other.
            #expect(try await router.get("/404.html").status == 200)
        }
    }

    @Test func servesLargeFilesWhole() async throws {
        let content = String(repeating: "0123456789abcdef", count: 200_000)
        let site = try TestSite(["big.bin": content, "index.html": "x"])
        try await TestRouter.with(["app.localhost": site.target]) { router async throws in
            let (body, next) = try await router.client { connection throws in
                (try connection.get("/big.bin").body, try connection.get("/").text)
            }
            #expect(body == Array(content.utf8))
            #expect(next == "x")
            #expect(router.routes.siteCache.count == 1)
        }
    }

    @Test func aClientThatLeavesDuringALargeFileLeavesNoDescriptorBehind() async throws {
        let site = try TestSite(["big.bin": String(repeating: "x", count: 8_000_000)])
        let root = site.folder.path
        try await TestRouter.with(["app.localhost": site.target]) { router async throws in
            for _ in 0..<5 {
                try await router.client { connection throws in
                    try connection.write("GET /big.bin HTTP/1.1\r\nHost: app.localhost\r\n\r\n")
                    _ = try connection.readHead()
                    connection.reset()
                }
            }
            try await eventually("descriptors closed") {
                let links = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
                return !links.contains { link in
                    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(link)"))?
                        .hasPrefix(root) == true
                }
            }
        }
    }

    @Test func attack24ALinkInTheOutputIsNotFollowed() async throws {
        let site = try TestSite(["index.html": "x", "big.bin": "placeholder"])
        guard case .site(let release, var manifest) = site.target else { return }
        let secret = site.folder.path("secret")
        try Data(repeating: 7, count: 400_000).write(to: URL(fileURLWithPath: secret))
        for (name, size) in [("small-link", 11), ("big-link", 400_000)] {
            try FileManager.default.createSymbolicLink(
                atPath: site.folder.path("files/\(name)"), withDestinationPath: secret)
            manifest.files[.init(name)] = .init(
                path: name, mediaType: "text/plain", etag: "\"1\"", size: size, modified: 0)
        }
        try await TestRouter.with(["app.localhost": .site(release: release, manifest)]) { router async throws in
            #expect(try await router.get("/small-link").status == 404)
            #expect(try await router.get("/big-link").status == 404)
        }
    }

    @Test(arguments: [
        "/../secret", "/%2e%2e/secret", "/..%2fsecret", "/%252e%252e/secret", "/..\\secret", "/docs/..%5c..%5csecret",
        "/index.html%00", "/.git/config", "//etc/passwd", "/%c0%ae%c0%ae/secret",
    ])
    func attack24TraversalIsNotFound(_ path: String) async throws {
        let site = try TestSite(Self.files)
        try await TestRouter.with(["app.localhost": site.target]) { router async throws in
            #expect(try await router.get(path).status == 404)
        }
    }

    @Test(arguments: ["/", "/big.bin"])
    func aRequestWhoseReleaseIsRemovedIsAnsweredFromTheNext(_ path: String) async throws {
        let files = ["index.html": "x", "big.bin": String(repeating: "n", count: 400_000)]
        let new = try TestSite(files)
        guard case .site(_, let site) = new.target else { return }
        let gone = RouteTarget.site(release: ID(), StaticSite(root: "/nowhere", files: site.files))
        try await TestRouter.with(
            ["app.localhost": gone],
            configure: {
                $0.workers = 1
                $0.fileThreads = 1
            }
        ) { router async throws in
            #expect(try await router.get(path).status == 404)
            let gate = Gate()
            router.service.fileThreads?.submit { _ in gate.wait() }
            let response = try await router.client { connection throws in
                try connection.write("GET \(path) HTTP/1.1\r\nHost: app.localhost\r\n\r\n")
                // Answered by the same event loop, so the first request has claimed its release by now.
                #expect(try RawConnection(port: router.port).get(host: "nobody.example").status == 404)
                router.routes.publish(new.target, at: "app.localhost")
                gate.open()
                return try connection.readResponse()
            }
            #expect(response.status == 200)
            #expect(response.body.count == site.files[path == "/" ? "index.html" : "big.bin"]?.size)
        }
    }

    @Test func aNewReleaseIsServedAtOnce() async throws {
        let old = try TestSite(["index.html": "old"])
        let new = try TestSite(["index.html": "new"])
        try await TestRouter.with(["app.localhost": old.target]) { router async throws in
            let texts = try await router.client { connection throws in
                let first = try connection.get().text
                router.routes.publish(new.target, at: "app.localhost")
                return [first, try connection.get().text]
            }
            #expect(texts == ["old", "new"])
        }
    }
}
