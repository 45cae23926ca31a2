import Core
import Testing

@testable import Router

/// Messages that two parsers could read differently: refused with the connection closed, and nothing of them reaches
/// the upstream, nor is anything behind them read as a request.
@Suite struct SmugglingTests {
    struct Attack: CustomTestStringConvertible {
        let name: String
        let bytes: String
        var testDescription: String { name }
    }

    private static let hidden = "GET /hidden HTTP/1.1\r\nHost: app.localhost\r\n\r\n"

    private static func post(_ name: String, _ lines: String, _ body: String = "0\r\n\r\n") -> Attack {
        Attack(name: name, bytes: "POST / HTTP/1.1\r\nHost: app.localhost\r\n\(lines)\r\n\r\n\(body)\(hidden)")
    }

    static let attacks: [Attack] = [
        post("length and chunked", "Content-Length: 5\r\nTransfer-Encoding: chunked"),
        post("chunked and length", "Transfer-Encoding: chunked\r\nContent-Length: 5"),
        post("two lengths", "Content-Length: 5\r\nContent-Length: 0", "12345"),
        post("equal lengths", "Content-Length: 5\r\nContent-Length: 5", "12345"),
        post("length list", "Content-Length: 5, 5", "12345"),
        post("signed length", "Content-Length: +5", "12345"),
        post("space before the colon", "Transfer-Encoding : chunked\r\nContent-Length: 5"),
        post("tab before the colon", "Content-Length\t: 5", "12345"),
        post("folded encoding", "Transfer-Encoding:\r\n chunked"),
        post("encoding with vertical tab", "Transfer-Encoding: \u{0b}chunked"),
        post("encoding with other coding", "Transfer-Encoding: chunked, identity"),
        post("unknown coding", "Transfer-Encoding: x"),
        post("encoding twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"),
        post("bare LF hides a field", "X: a\nTransfer-Encoding: chunked\r\nContent-Length: 5"),
        post("bare CR hides a field", "X: a\rTransfer-Encoding: chunked\r\nContent-Length: 5"),
        post("NUL in a field", "X: a\0b\r\nContent-Length: 5", "12345"),
        post("Connection drops the length", "Connection: Content-Length\r\nContent-Length: 5", "12345"),
        post("two hosts", "Host: b\r\nContent-Length: 0", ""),
        Attack(
            name: "bare LF lines", bytes: "GET / HTTP/1.1\nHost: app.localhost\n\n\(hidden)"),
        Attack(
            name: "absolute form and Host differ",
            bytes: "GET http://other.localhost/ HTTP/1.1\r\nHost: app.localhost\r\n\r\n\(hidden)"),
        Attack(
            name: "user info", bytes: "GET http://app.localhost@b/ HTTP/1.1\r\nHost: app.localhost\r\n\r\n\(hidden)"),
        Attack(
            name: "chunked in HTTP/1.0",
            bytes: "POST / HTTP/1.0\r\nHost: app.localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n\(hidden)"),
        Attack(name: "CONNECT", bytes: "CONNECT app.localhost:80 HTTP/1.1\r\nHost: app.localhost:80\r\n\r\n\(hidden)"),
        Attack(name: "TRACE", bytes: "TRACE / HTTP/1.1\r\nHost: app.localhost\r\n\r\n\(hidden)"),
        Attack(name: "HTTP/0.9", bytes: "GET /\r\n\(hidden)"),
        Attack(name: "HTTP/2 preface", bytes: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\(hidden)"),
    ]

    @Test(arguments: attacks)
    func regressionNothingOfItReachesTheUpstream(_ attack: Attack) async throws {
        let upstream = try StubUpstream.saying("reached")
        defer { upstream.close() }
        try await TestRouter.with(["app.localhost": upstream.target]) { router async throws in
            try await router.client { connection throws in
                try connection.write(attack.bytes)
                let response = try connection.readResponse()
                #expect([400, 405, 505].contains(response.status))
                #expect(response["connection"] == "close")
                let rest = try connection.readToEnd()
                #expect(rest.isEmpty)
            }
            #expect(upstream.connections == 0)
        }
    }

    @Test(arguments: [
        "5\nhello\r\n0\r\n\r\n", "0x5\r\nhello\r\n0\r\n\r\n", "5 \r\nhello\r\n0\r\n\r\n", "-1\r\n",
        "5\r\nhelloX0\r\n\r\n",
        "fffffffffffffffff\r\n", "5;a\nb\r\nhello\r\n0\r\n\r\n", "0\r\nContent-Length: 5\r\n\r\n", "\r\n",
    ])
    func attack22ABadChunkEndsBothConnections(_ body: String) async throws {
        let requests = Shared(0)
        let upstream = try StubUpstream { connection in
            let head = try connection.readHead()
            _ = try connection.readBody(head)
            requests.update { $0 += 1 }
            try connection.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        }
        defer { upstream.close() }
        try await TestRouter.with(["app.localhost": upstream.target]) { router async throws in
            try await router.client { connection throws in
                try connection.write(
                    "POST / HTTP/1.1\r\nHost: app.localhost\r\nTransfer-Encoding: chunked\r\n\r\n\(body)\(Self.hidden)")
                let response = try connection.readResponse()
                #expect(response.status == 400)
                let rest = try connection.readToEnd()
                #expect(rest.isEmpty)
            }
            try await eventually("upstream connection closed") { upstream.openConnections == 0 }
            #expect(requests.value == 0)
        }
    }

    @Test func limitsHaveTheirStatus() async throws {
        let upstream = try StubUpstream.saying("reached")
        defer { upstream.close() }
        try await TestRouter.with(["app.localhost": upstream.target]) { router async throws in
            let long = String(repeating: "a", count: 17_000)
            #expect(try await router.get("/\(long)").status == 414)
            let large = (0..<5).map { "X-\($0): \(long)\r\n" }.joined()
            #expect(try await router.get(extra: large).status == 431)
            let many = (0..<200).map { "X-\($0): a\r\n" }.joined()
            #expect(try await router.get(extra: many).status == 431)
            let expect = "Content-Length: 1\r\nExpect: pizza\r\n"
            #expect(try await router.get(extra: expect).status == 417)
            #expect(upstream.connections == 0)
        }
    }

    @Test func aHeadThatDoesNotComeInTimeIs408() async throws {
        try await TestRouter.with(configure: { $0.headerTimeout = .milliseconds(100) }) { router async throws in
            try await router.client { connection throws in
                try connection.write("GET / HTTP/1.1\r\nHost: a")
                let status = try connection.readResponse().status
                #expect(status == 408)
            }
        }
    }

    @Test func aBodyThatStopsComingIs408() async throws {
        let upstream = try StubUpstream { connection in _ = try connection.readToEnd() }
        defer { upstream.close() }
        try await TestRouter.with(
            ["app.localhost": upstream.target], configure: { $0.bodyIdleTimeout = .milliseconds(100) }
        ) { router async throws in
            try await router.client { connection throws in
                try connection.write("POST / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 9\r\n\r\nabc")
                let status = try connection.readResponse().status
                #expect(status == 408)
            }
            try await eventually("upstream connection closed") { upstream.openConnections == 0 }
        }
    }

    @Test func anIdleConnectionIsClosed() async throws {
        try await TestRouter.with(configure: { $0.keepAliveIdle = .milliseconds(100) }) { router async throws in
            let rest = try await router.client { try $0.readToEnd() }
            #expect(rest.isEmpty)
        }
    }
}
