import Core
import Foundation
import NIOCore
import TestSupport
import Testing

@testable import Router

/// Rules that answer with what another server says.
@Suite struct OriginTests {
    private static func site() throws -> TestSite {
        var site = try TestSite(["index.html": "home"])
        site.site.redirects = [
            SiteRedirect(
                pattern: SitePattern(segments: [.text("api")], hasSplat: true),
                destination: "https://origin.example/v1/:splat", status: 200, isForced: false)
        ]
        return site
    }

    @Test func theAnswerComesFromThereOverTLS() async throws {
        let site = try Self.site()
        let certificates = try TestCertificates(["a": ["origin.example"]])
        let stub = try StubUpstream.answering { head, body in
            let text = "\(head.line)|\(head.all("host").joined(separator: ","))|\(body.count)"
            return "HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)"
        }
        defer { stub.close() }
        try await TestRouter.with(
            ["origin.example": stub.target],
            configure: { $0.secure = .init(host: "127.0.0.1", port: 0, certificates: certificates.path) }
        ) { origin async throws in
            let port = try #require(origin.service.securePort)
            try await TestRouter.with(
                ["app.localhost": site.target],
                configure: {
                    $0.resolveOrigin = { _, _ in try SocketAddress(ipAddress: "127.0.0.1", port: port) }
                    $0.originRoots = ["\(certificates.path)/a.crt"]
                }
            ) { router async throws in
                let texts = try await router.client { connection throws in
                    let first = try connection.get("/api/a/b?c=d").text
                    try connection.write(
                        "POST /api/x HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 5\r\n\r\nhello")
                    return [first, try connection.readResponse().text, try connection.get("/").text]
                }
                #expect(
                    texts == [
                        "GET /v1/a/b?c=d HTTP/1.1|origin.example|0", "POST /v1/x HTTP/1.1|origin.example|5", "home",
                    ])
            }
            // A certificate that nobody vouches for.
            try await TestRouter.with(
                ["app.localhost": site.target],
                configure: {
                    $0.resolveOrigin = { _, _ in try SocketAddress(ipAddress: "127.0.0.1", port: port) }
                }
            ) { router async throws in #expect(try await router.get("/api/a").status == 502) }
        }
    }

    /// Who answers for the name is a stranger.
    @Test func attack27ANameServerThatDoesNotAnswerHoldsNoFilesUp() async throws {
        let site = try Self.site()
        let (asked, answer) = (Shared(false), Gate())
        let isAnswered = Shared(false)
        try await TestRouter.with(
            ["app.localhost": site.target],
            configure: {
                $0.fileThreads = 1
                $0.resolveOrigin = { _, _ in
                    asked.update { $0 = true }
                    answer.wait()
                    isAnswered.update { $0 = true }
                    throw PublicAddresses.NotPublic()
                }
            }
        ) { router async throws in
            async let waiting = router.get("/api/a")
            try await eventually("the name is asked for") { asked.value }
            #expect(try await router.get("/").text == "home")
            #expect(!isAnswered.value)
            answer.open()
            #expect(try await waiting.status == 502)
        }
    }

    @Test func attack27ANameThatLeadsNowhereIsAskedForOnce() async throws {
        let site = try Self.site()
        let count = Shared(0)
        try await TestRouter.with(
            ["app.localhost": site.target],
            configure: {
                $0.resolveOrigin = { _, _ in
                    count.update { $0 += 1 }
                    throw PublicAddresses.NotPublic()
                }
            }
        ) { router async throws in
            let statuses = try await router.client { connection throws in
                let requests = (0..<200).map { "GET /api/\($0) HTTP/1.1\r\nHost: app.localhost\r\n\r\n" }
                try connection.write(requests.joined())
                return try requests.map { _ in try connection.readResponse().status }
            }
            #expect(statuses.allSatisfy { $0 == 502 })
        }
        #expect(count.value == 1)
    }

    @Test func attack25AnAddressInsideIsNotAskedFor() async throws {
        var site = try Self.site()
        site.site.redirects[0].destination = "https://localhost/:splat"
        try await TestRouter.with(["app.localhost": site.target]) { router async throws in
            #expect(try await router.get("/api/a").status == 502)
        }
    }
}
