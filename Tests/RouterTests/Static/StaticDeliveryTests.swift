import Core
import Foundation
import TestSupport
import Testing

@testable import Router

/// Twins, ranges and caching as clients see them.
@Suite struct StaticDeliveryTests {
    private static let large = String((0..<100_000).map { Character(UnicodeScalar(UInt8(0x61 + $0 % 26))) })

    @Test func sendsTheTwinThatTheClientPrefers() async throws {
        var site = try TestSite(["index.html": "plain text", "big.css": Self.large])
        try site.add("index.html", brotli: "BROTLI", gzip: "GZIP!")
        try site.add("big.css", gzip: Self.large)
        try await TestRouter.with(["app.localhost": site.target], configure: { $0.maximumCachedFile = 1000 }) {
            router async throws in
            for (accept, body, coding, tag) in [
                ("gzip, deflate, br", "BROTLI", "br", "\"10-10-br\""), ("gzip", "GZIP!", "gzip", "\"10-10-gz\""),
                ("br;q=0.1, gzip;q=0.2", "GZIP!", "gzip", "\"10-10-gz\""), ("identity", "plain text", nil, "\"10-10\""),
            ] {
                let response = try await router.get("/", extra: "Accept-Encoding: \(accept)\r\n")
                #expect(response.text == body)
                #expect(response["content-encoding"] == coding)
                #expect(response["etag"] == tag)
                #expect(response["vary"] == "Accept-Encoding")
                #expect(response["content-type"] == "text/html; charset=utf-8")
            }
            // A tag belongs to one coding.
            let known = "Accept-Encoding: br\r\nIf-None-Match: "
            let unchanged = try await router.get("/", extra: known + "\"10-10-br\"\r\n")
            #expect(unchanged.status == 304)
            #expect(unchanged["vary"] == "Accept-Encoding")
            #expect(try await router.get("/", extra: known + "\"10-10\"\r\n").status == 200)
            let large = try await router.get("/big.css", extra: "Accept-Encoding: gzip\r\n")
            #expect(large["content-encoding"] == "gzip")
            #expect(large.text == Self.large)
        }
    }

    /// From memory and from the file system.
    @Test(arguments: [1_000_000, 10])
    func sendsRanges(_ maximumCached: Int) async throws {
        let site = try TestSite(["a.bin": Self.large])
        let bytes = Array(Self.large.utf8)
        try await TestRouter.with(["app.localhost": site.target], configure: { $0.maximumCachedFile = maximumCached }) {
            router async throws in
            let one = try await router.get("/a.bin", extra: "Range: bytes=100-199\r\n")
            #expect(one.status == 206)
            #expect(one["content-range"] == "bytes 100-199/100000")
            #expect(one.body == Array(bytes[100..<200]))
            let tail = try await router.get("/a.bin", extra: "Range: bytes=-70000\r\nIf-Range: \"5-100000\"\r\n")
            #expect(tail.body == Array(bytes.suffix(70_000)))
            let stale = try await router.get("/a.bin", extra: "Range: bytes=0-1\r\nIf-Range: W/\"5-100000\"\r\n")
            #expect(stale.status == 200)
            #expect(stale.body == bytes)
            let none = try await router.get("/a.bin", extra: "Range: bytes=100000-\r\n")
            #expect(none.status == 416)
            #expect(none["content-range"] == "bytes */100000")
            // Two Range lines are no range.
            #expect(try await router.get("/a.bin", extra: "Range: bytes=0-1\r\nRange: bytes=2-3\r\n").status == 200)
            let head = try await router.client { connection throws in
                try connection.write("HEAD /a.bin HTTP/1.1\r\nHost: app.localhost\r\nRange: bytes=0-1\r\n\r\n")
                let head = try connection.readResponse(toHead: true)
                return (head.status, head["content-length"], head["accept-ranges"])
            }
            #expect(head == (200, "100000", "bytes"))
        }
    }

    @Test(arguments: [1_000_000, 10])
    func sendsSeveralRangesAsParts(_ maximumCached: Int) async throws {
        let site = try TestSite(["a.bin": Self.large])
        let bytes = Array(Self.large.utf8)
        try await TestRouter.with(["app.localhost": site.target], configure: { $0.maximumCachedFile = maximumCached }) {
            router async throws in
            let responses = try await router.client { connection throws in
                [
                    try connection.get("/a.bin", extra: "Range: bytes=5-9, 50000-69999\r\n"),
                    try connection.get("/a.bin", extra: "Range: bytes=0-0\r\n"),
                ]
            }
            let type = try #require(responses[0]["content-type"])
            #expect(responses[0].status == 206)
            #expect(type.hasPrefix("multipart/byteranges; boundary="))
            let boundary = type.dropFirst("multipart/byteranges; boundary=".count)
            func part(_ range: Range<Int>) -> String {
                "\r\n--\(boundary)\r\nContent-Type: text/html; charset=utf-8\r\nContent-Range: bytes "
                    + "\(range.lowerBound)-\(range.upperBound - 1)/100000\r\n\r\n"
                    + String(decoding: bytes[range], as: UTF8.self)
            }
            #expect(responses[0].text == part(5..<10) + part(50_000..<70_000) + "\r\n--\(boundary)--\r\n")
            // The connection goes on in order.
            #expect(responses[1].body == [bytes[0]])
        }
    }

    @Test func hashedNamesAreKeptForAYear() async throws {
        var site = try TestSite(["app.3f2a91bc.js": "x", "index.html": "y"])
        site.site.files["app.3f2a91bc.js"]?.isImmutable = true
        try await TestRouter.with(["app.localhost": site.target]) { router async throws in
            let hashed = try await router.get("/app.3f2a91bc.js")
            #expect(hashed["cache-control"] == "public, max-age=31536000, immutable")
            #expect(try await router.get("/")["cache-control"] == "public, max-age=0, must-revalidate")
        }
    }

    @Test func hashedFilesOfTheReplacedReleaseAreStillAnswered() async throws {
        var old = try TestSite(["old.3f2a91bc.js": "old", "old.txt": "old", "index.html": "1"])
        old.site.files["old.3f2a91bc.js"]?.isImmutable = true
        let new = try TestSite(["index.html": "2", "200.html": "app"])
        try await TestRouter.with(["app.localhost": old.target]) { router async throws in
            router.routes.publish(new.target, at: "app.localhost")
            #expect(try await router.get("/old.3f2a91bc.js").text == "old")
            #expect(try await router.get("/").text == "2")
            #expect(try await router.get("/old.txt").text == "app")
        }
    }

    @Test func hashedFilesOfTheReplacedReleaseAreForgottenInTime() throws {
        var old = try TestSite(["old.3f2a91bc.js": "old"])
        old.site.files["old.3f2a91bc.js"]?.isImmutable = true
        let first = PublishedSite(release: ID(), site: old.site)
        let now = ContinuousClock.now
        let next = StaticSite(root: "/", files: [:])
        let former = PublishedSite.former(after: first, by: next, now: now, keep: .seconds(3600))
        let second = PublishedSite(release: ID(), site: next, former: former)
        func isThere(_ time: ContinuousClock.Instant) -> Bool {
            let answer = Array("/old.3f2a91bc.js".utf8).withUnsafeBytes {
                SiteResolver.resolve($0, in: second, now: time)
            }
            if case .file = answer { return true }
            return false
        }
        #expect(isThere(now + .seconds(3599)))
        #expect(!isThere(now + .seconds(3601)))
        let later = now + .seconds(3601)
        #expect(PublishedSite.former(after: second, by: next, now: later, keep: .seconds(3600)).isEmpty)
    }

    @Test func namesThatDifferInUnicodeFormOnlyAreTwoFiles() async throws {
        var site = try TestSite(["caf\u{e9}.txt": "composed"])
        try site.add("cafe\u{301}.txt", "decomposed!")
        try await TestRouter.with(["app.localhost": site.target]) { router async throws in
            #expect(try await router.get("/caf%C3%A9.txt").text == "composed")
            #expect(try await router.get("/cafe%CC%81.txt").text == "decomposed!")
        }
    }
}
