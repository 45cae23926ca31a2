import Core
import Glibc
import TestSupport
import Testing

@testable import Router

@Suite struct ProxyingTests {
    /// Tells what it got: request line, fields, body.
    private static func echo(path: String? = nil) throws -> StubUpstream {
        try .answering(path: path) { head, body in
            let lines = [head.line] + head.fields.map { "\($0.name): \($0.value)" }
            let text = lines.joined(separator: "\n") + "\n\n" + String(decoding: body, as: UTF8.self)
            let head = "HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count)\r\nConnection: keep-alive\r\n"
            return head + "Keep-Alive: timeout=5\r\nX-App: yes\r\n\r\n" + text
        }
    }

    private func withEcho(_ body: (TestRouter, StubUpstream) async throws -> Void) async throws {
        let upstream = try Self.echo()
        defer { upstream.close() }
        try await TestRouter.with(["app.localhost": upstream.target]) { try await body($0, upstream) }
    }

    @Test func passesAGetOn() async throws {
        try await withEcho { router, _ async throws in
            let response = try await router.get("/a?b", extra: "X-Mine: 1\r\n")
            #expect(response.status == 200)
            #expect(response.text.hasPrefix("GET /a?b HTTP/1.1\nHost: app.localhost\nX-Mine: 1\n"))
            #expect(response["x-app"] == "yes")
            #expect(response["keep-alive"] == nil)
            #expect(response["connection"] == nil)
        }
    }

    @Test func tellsTheUpstreamWhoAsks() async throws {
        try await withEcho { router, _ async throws in
            let text = try await router.get(extra: "X-Forwarded-For: 6.6.6.6\r\nX_Forwarded_Proto: https\r\n").text
            #expect(text.contains("X-Forwarded-For: 127.0.0.1\nX-Forwarded-Proto: http\n"))
            #expect(text.contains("X-Forwarded-Host: app.localhost\n"))
            #expect(text.contains("X-Request-Id: "))
            #expect(!text.contains("6.6.6.6") && !text.contains("https"))
            #expect(try await router.get(extra: "X-Request-Id: mine\r\n").text.contains("X-Request-Id: mine\n"))
        }
    }

    @Test func regressionSpoofedIdentityHeadersAreDropped() async throws {
        let spoofs = [
            "X-Forwarded-For: 6.6.6.6", "X_Forwarded_For: 6.6.6.6", "X.Forwarded.For: 6.6.6.6",
            "x-forwarded-proto: https",
            "X-Forwarded-Host: evil.example", "X-Forwarded-Port: 443", "Forwarded: for=6.6.6.6", "X-Real-IP: 6.6.6.6",
            "X_Real_IP: 6.6.6.6", "Connection: X-Forwarded-For, X-Forwarded-Host, X-Request-Id",
        ]
        try await withEcho { router, _ async throws in
            let text = try await router.get(extra: spoofs.map { "\($0)\r\n" }.joined()).text.lowercased()
            for word in ["6.6.6.6", "evil.example", "https", "443", "_"] { #expect(!text.contains(word)) }
            #expect(text.contains("x-forwarded-for: 127.0.0.1\n"))
            #expect(text.contains("x-forwarded-host: app.localhost\n"))
            #expect(text.contains("x-request-id: "))
        }
    }

    @Test func theLastAnswerSurvivesBytesThatNobodyReads() async throws {
        try await withEcho { router, _ async throws in
            for _ in 0..<10 {
                let text = try await router.client { connection throws in
                    let last = "GET /last HTTP/1.1\r\nHost: app.localhost\r\nConnection: close\r\n\r\n"
                    try connection.write(last + String(repeating: "x", count: 5000))
                    return try connection.readResponse().text
                }
                #expect(text.hasPrefix("GET /last "))
            }
        }
    }

    @Test func ignoresEmptyLinesBeforeARequest() async throws {
        try await withEcho { router, _ async throws in
            let text = try await router.client { connection throws in
                for byte in "\r\n\r\nGET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n".utf8 {
                    try connection.write([byte])
                }
                return try connection.readResponse().text
            }
            #expect(text.hasPrefix("GET / "))
        }
    }

    @Test func passesBodiesOn() async throws {
        try await withEcho { router, _ async throws in
            let post = "POST / HTTP/1.1\r\nHost: app.localhost\r\n"
            #expect(try await router.exchange(post + "Content-Length: 5\r\n\r\nhello").text.hasSuffix("\n\nhello"))
            let chunked = post + "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nX-Sum: 1\r\n\r\n"
            #expect(try await router.exchange(chunked).text.hasSuffix("\n\nhello"))
        }
    }

    @Test func passesABodyOnThatComesInPieces() async throws {
        try await withEcho { router, _ async throws in
            let texts = try await router.client { connection throws in
                var texts: [String] = []
                for framing in ["Content-Length: 10\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n"] {
                    let isChunked = framing.hasPrefix("T")
                    let body = isChunked ? "5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n" : "helloworld"
                    for byte in "POST / HTTP/1.1\r\nHost: app.localhost\r\n\(framing)\(body)".utf8 {
                        try connection.write([byte])
                    }
                    texts.append(try connection.readResponse().text)
                }
                return texts
            }
            #expect(texts.allSatisfy { $0.hasSuffix("\n\nhelloworld") })
        }
    }

    @Test func keepsBothConnections() async throws {
        try await withEcho { router, upstream async throws in
            try await router.client { connection throws in
                for index in 0..<20 { #expect(try connection.get("/\(index)").text.hasPrefix("GET /\(index) ")) }
            }
            #expect(upstream.connections == 1)
        }
    }

    @Test func answersPipelinedRequestsInOrder() async throws {
        try await withEcho { router, _ async throws in
            try await router.client { connection throws in
                let requests = (0..<30).map { index in
                    index % 3 == 0
                        ? "POST /\(index) HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 3\r\n\r\nabc"
                        : "GET /\(index) HTTP/1.1\r\nHost: app.localhost\r\n\r\n"
                }
                try connection.write(requests.joined())
                for index in 0..<30 { #expect(try connection.readResponse().text.contains(" /\(index) HTTP/1.1\n")) }
            }
        }
    }

    @Test func answersHead() async throws {
        let upstream = try StubUpstream.answering { _, _ in "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" }
        defer { upstream.close() }
        try await TestRouter.with(["app.localhost": upstream.target]) { router async throws in
            try await router.client { connection throws in
                for _ in 0..<3 {
                    try connection.write("HEAD / HTTP/1.1\r\nHost: app.localhost\r\n\r\n")
                    #expect(try connection.readResponse(toHead: true)["content-length"] == "99")
                }
            }
            #expect(upstream.connections == 1)
        }
    }

    @Test func passesEmptyStatusesOn() async throws {
        let upstream = try StubUpstream.answering { head, _ in
            head.line.contains("/204")
                ? "HTTP/1.1 204 No Content\r\n\r\n" : "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n"
        }
        defer { upstream.close() }
        try await TestRouter.with(["app.localhost": upstream.target]) { router async throws in
            let statuses = try await router.client { connection throws in
                try ["/204", "/304", "/204"].map { try connection.get($0).status }
            }
            #expect(statuses == [204, 304, 204])
        }
    }

    @Test func passesChunksAndTrailersOn() async throws {
        let upstream = try StubUpstream.answering { _, _ in
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 42\r\n\r\n"
        }
        defer { upstream.close() }
        try await TestRouter.with(["app.localhost": upstream.target]) { router async throws in
            try await router.client { connection throws in
                try connection.write("GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n")
                #expect(try connection.readHead().all("transfer-encoding") == ["chunked"])
                #expect(try connection.readText(26) == "5\r\nhello\r\n0\r\nX-Sum: 42\r\n\r\n")
                #expect(try connection.get().text == "hello")
            }
        }
    }

    @Test func takesChunksApartForOldClients() async throws {
        let upstream = try StubUpstream.answering { _, _ in
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
        }
        defer { upstream.close() }
        try await TestRouter.with(["app.localhost": upstream.target]) { router async throws in
            let response = try await router.exchange(
                "GET / HTTP/1.0\r\nHost: app.localhost\r\nConnection: keep-alive\r\n\r\n")
            #expect(response.text == "hello world")
            #expect(response["transfer-encoding"] == nil)
            #expect(response["connection"] == "close")
        }
    }

    @Test func keepsTheConnectionOfAnOldClientThatAsksForIt() async throws {
        try await withEcho { router, _ async throws in
            try await router.client { connection throws in
                for _ in 0..<2 {
                    try connection.write("GET / HTTP/1.0\r\nHost: app.localhost\r\nConnection: keep-alive\r\n\r\n")
                    #expect(try connection.readResponse()["connection"] == "keep-alive")
                }
                try connection.write("GET / HTTP/1.0\r\nHost: app.localhost\r\n\r\n")
                #expect(try connection.readResponse()["connection"] == "close")
                #expect(try connection.readToEnd().isEmpty)
            }
        }
    }

    @Test func passesABodyOnThatEndsWithTheConnection() async throws {
        let upstream = try StubUpstream { connection in
            _ = try connection.readHead()
            try connection.write("HTTP/1.1 200 OK\r\n\r\nhello ")
            try connection.write("world")
        }
        defer { upstream.close() }
        try await TestRouter.with(["app.localhost": upstream.target]) { router async throws in
            let response = try await router.get()
            #expect(response.text == "hello world")
            #expect(response["connection"] == "close")
        }
    }

    @Test func passesTheExpectationToAnInstance() async throws {
        let upstream = try StubUpstream { connection in
            let head = try connection.readHead()
            guard head["expect"] == "100-continue" else { return }
            try connection.write("HTTP/1.1 100 Continue\r\n\r\n")
            let body = try connection.readText(5)
            try connection.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n\(body)")
        }
        defer { upstream.close() }
        try await TestRouter.with(["app.localhost": upstream.target]) { router async throws in
            try await router.client { connection throws in
                try connection.write(
                    "POST / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
                #expect(try connection.readHead().line == "HTTP/1.1 100 Continue")
                try connection.write("hello")
                #expect(try connection.readResponse().text == "hello")
            }
        }
    }

    @Test func answersTheExpectationForAService() async throws {
        let folder = try TemporaryDirectory("router-expect")
        let upstream = try Self.echo(path: folder.path("echo.sock"))
        defer { upstream.close() }
        try await TestRouter.with(["git.localhost": upstream.target]) { router async throws in
            try await router.client { connection throws in
                try connection.write(
                    "POST / HTTP/1.1\r\nHost: git.localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
                #expect(try connection.readHead().line == "HTTP/1.1 100 Continue")
                try connection.write("hello")
                let text = try connection.readResponse().text
                #expect(text.hasSuffix("\n\nhello"))
                #expect(!text.contains("Expect"))
            }
        }
    }

    @Test func passesEarlyHintsOn() async throws {
        let upstream = try StubUpstream.answering { _, _ in
            "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        }
        defer { upstream.close() }
        try await TestRouter.with(["app.localhost": upstream.target]) { router async throws in
            try await router.client { connection throws in
                try connection.write("GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n")
                #expect(try connection.readHead()["link"] == "</a>")
                #expect(try connection.readResponse().text == "ok")
            }
        }
    }

    @Test func dropsWhatAnUpstreamSendsForItsOwnConnection() async throws {
        let upstream = try StubUpstream.answering { _, _ in
            "HTTP/1.1 200 OK\r\nConnection: X-Hop\r\nX-Hop: 1\r\nProxy-Connection: x\r\nX-End: 2\r\nContent-Length: 0\r\n\r\n"
        }
        defer { upstream.close() }
        try await TestRouter.with(["app.localhost": upstream.target]) { router async throws in
            let response = try await router.get()
            #expect(response["x-hop"] == nil && response["proxy-connection"] == nil && response["connection"] == nil)
            #expect(response["x-end"] == "2")
        }
    }

    @Test func aHalfClosedClientStillGetsItsAnswer() async throws {
        try await withEcho { router, _ async throws in
            let text = try await router.client { connection throws in
                try connection.write("GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n")
                connection.closeOutput()
                let text = try connection.readResponse().text
                #expect(try connection.readToEnd().isEmpty)
                return text
            }
            #expect(text.hasPrefix("GET / "))
        }
    }
}
