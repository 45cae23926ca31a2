import Core
import Testing

@testable import Router

/// 413 (RFC 9110 section 15.5.14).
@Suite struct BodyLimitTests {
    private static func upstream() throws -> StubUpstream {
        try StubUpstream.answering { _, body in
            let text = "\(body.count)"
            return "HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)"
        }
    }

    private static func post(_ framing: String) -> String {
        "POST / HTTP/1.1\r\nHost: app.localhost\r\n\(framing)\r\n\r\n"
    }

    @Test func anAnnouncedBodyOverTheLimitIsRefusedUnread() async throws {
        let stub = try Self.upstream()
        defer { stub.close() }
        try await TestRouter.with(["app.localhost": stub.target], configure: { $0.maximumBody = 10 }) {
            router async throws in
            #expect(try await router.exchange(Self.post("Content-Length: 10") + "0123456789").text == "10")
            let refused = try await router.exchange(Self.post("Content-Length: 11"))
            #expect(refused.status == 413)
            #expect(refused["connection"] == "close")
            #expect(stub.connections == 1)
        }
    }

    /// Neither the framing nor what comes behind the body counts.
    @Test func theContentOfAChunkedBodyIsCounted() async throws {
        let stub = try Self.upstream()
        defer { stub.close() }
        let chunk = "1;extension=\(String(repeating: "x", count: 100))\r\nx\r\n"
        try await TestRouter.with(["app.localhost": stub.target], configure: { $0.maximumBody = 10 }) {
            router async throws in
            try await router.client { connection throws in
                let request =
                    Self.post("Transfer-Encoding: chunked") + String(repeating: chunk, count: 10) + "0\r\n\r\n"
                try connection.write(request + request)
                for _ in 0..<2 {
                    let text = try connection.readResponse().text
                    #expect(text == "10")
                }
                try connection.write(
                    Self.post("Transfer-Encoding: chunked") + String(repeating: chunk, count: 11) + "0\r\n\r\n")
                let status = try connection.readResponse().status
                #expect(status == 413)
            }
        }
    }

    @Test func theSameHoldsOverHTTP2() async throws {
        let stub = try Self.upstream()
        defer { stub.close() }
        try await HTTP2Tests.with(["app.localhost": stub.target], configure: { $0.maximumBody = 10 }) {
            client throws in
            let post = [(":method", "POST"), (":scheme", "http"), (":authority", "app.localhost"), (":path", "/")]
            func send(_ stream: Int, _ extra: [(String, String)], _ count: Int) throws -> FrameConnection.Response {
                try client.request(stream, post + extra, endsStream: false)
                try client.send(0, [UInt8](repeating: 1, count: count), flags: 1, stream: stream)
                return try client.response(stream)
            }
            #expect(try send(1, [("content-length", "10")], 10).text == "10")
            #expect(try send(3, [], 10).text == "10")
            #expect(try send(5, [("content-length", "11")], 11).status == 413)
            #expect(try send(7, [], 11).status == 413)
        }
    }
}
