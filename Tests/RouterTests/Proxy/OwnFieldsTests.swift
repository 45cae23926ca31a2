import Core
import Testing

@testable import Router

/// What the router adds to an app's answers and to requests.
@Suite struct OwnFieldsTests {
    private static func upstream() throws -> StubUpstream {
        try StubUpstream.answering { head, _ in
            let own = head.line.contains("/own") ? "dAtE: Sun, 06 Nov 1994 08:49:37 GMT\r\n" : ""
            let text = head.all("via").joined(separator: "|")
            return "HTTP/1.1 200 OK\r\n\(own)Content-Length: \(text.utf8.count)\r\n\r\n\(text)"
        }
    }

    /// RFC 9110 section 6.6.1.
    @Test func anAnswerWithoutADateGetsOne() async throws {
        let stub = try Self.upstream()
        defer { stub.close() }
        try await TestRouter.with(["app.localhost": stub.target]) { router async throws in
            let response = try await router.get("/none")
            #expect(response.head.all("date").count == 1)
            #expect(response["date"]?.hasSuffix(" GMT") == true)
            #expect(try await router.get("/own").head.all("date") == ["Sun, 06 Nov 1994 08:49:37 GMT"])
        }
        try await HTTP2Tests.with(["app.localhost": stub.target]) { client throws in
            try client.request(1, FrameConnection.get("/none"))
            #expect(try client.response(1).headers["date"]?.hasSuffix(" GMT") == true)
            try client.request(3, FrameConnection.get("/own"))
            #expect(try client.response(3).headers["date"] == "Sun, 06 Nov 1994 08:49:37 GMT")
        }
    }

    /// RFC 9110 section 7.6.3: by the protocol in which the request came.
    @Test func appsAreToldByWhichWayARequestCame() async throws {
        let stub = try Self.upstream()
        defer { stub.close() }
        try await TestRouter.with(["app.localhost": stub.target]) { router async throws in
            #expect(try await router.get().text == "1.1 berth")
            #expect(try await router.get(extra: "Via: 1.1 outer\r\n").text == "1.1 outer|1.1 berth")
            let old = try await router.exchange("GET / HTTP/1.0\r\nHost: app.localhost\r\n\r\n")
            #expect(old.text == "1.0 berth")
        }
        try await HTTP2Tests.with(["app.localhost": stub.target]) { client throws in
            try client.request(1)
            #expect(try client.response(1).text == "2.0 berth")
        }
    }
}
