import Core
import Foundation
import TestSupport
import Testing

@testable import Router

/// RFC 9113 from the client's side.
@Suite struct HTTP2Tests {
    static func with<Value: Sendable>(
        _ routes: [String: RouteTarget], configure: @escaping (inout RouterConfiguration) -> Void = { _ in },
        settings: [(UInt16, UInt32)] = [], _ body: @escaping @Sendable (FrameConnection) throws -> Value
    ) async throws -> Value {
        try await TestRouter.with(
            routes,
            configure: {
                $0.acceptsPlainHTTP2 = true
                configure(&$0)
            }
        ) { router async throws in
            let port = router.port
            return try await onThread { try body(FrameConnection(port: port, settings: settings)) }
        }
    }

    @Test func answersManyStreamsOnOneConnection() async throws {
        let site = try TestSite(["index.html": "home", "large.css": String(repeating: "x", count: 300_000)])
        let stub = try StubUpstream.answering { head, body in
            let text = "\(head.line)|\(head["host"] ?? "")|\(head["cookie"] ?? "")|\(body.count)"
            return "HTTP/1.1 200 OK\r\nConnection: x-hop\r\nX-Hop: 1\r\nX-Own: 2\r\nContent-Length: "
                + "\(text.utf8.count)\r\n\r\n\(text)"
        }
        defer { stub.close() }
        try await Self.with(["site.localhost": site.target, "app.localhost": stub.target]) { client in
            for stream in stride(from: 1, to: 41, by: 2) {
                try client.request(stream, FrameConnection.get(host: "site.localhost"))
            }
            var answered: Set<Int> = []
            while answered.count < 20 {
                let frame = try client.next()
                if frame.kind == 0, frame.endsStream { answered.insert(frame.stream) }
            }
            try client.request(41, FrameConnection.get("/large.css", host: "site.localhost"))
            #expect(try client.response(41).body.count == 300_000)
            try client.request(43, FrameConnection.get("/p?q") + [("cookie", "a=1"), ("cookie", "b=2")])
            let proxied = try client.response(43)
            #expect(proxied.text == "GET /p?q HTTP/1.1|app.localhost|a=1; b=2|0")
            #expect(proxied.headers["x-own"] == "2")
            #expect(proxied.headers["x-hop"] == nil)
            #expect(proxied.headers["connection"] == nil)
            try client.request(45, FrameConnection.get("/missing", host: "nobody.example"))
            #expect(try client.response(45).status == 404)
            let head = [(":method", "HEAD"), (":scheme", "http"), (":authority", "site.localhost"), (":path", "/")]
            try client.request(47, head)
            let empty = try client.response(47)
            #expect(empty.headers["content-length"] == "4")
            #expect(empty.body.isEmpty)
        }
    }

    /// A connection that becomes writable while it is written to.
    @Test func noFrameIsSentTwice() async throws {
        let site = try TestSite(["large.bin": String(repeating: "x", count: 200_000)])
        try await Self.with(
            ["site.localhost": site.target], configure: { $0.bufferedBytes = 64 * 1024 }, settings: [(4, 0x7fff_ffff)]
        ) { client in
            try client.window(0, 1_000_000)
            for stream in [1, 3, 5] {
                try client.request(stream, FrameConnection.get("/large.bin", host: "site.localhost"))
                #expect(try client.response(stream, opens: false).body.count == 200_000)
                try client.send(6, [UInt8](repeating: UInt8(stream), count: 8))
                let next = try client.next()
                #expect(next.kind == 6 && next.payload.first == UInt8(stream), "\(next.kind) on \(next.stream)")
            }
        }
    }

    @Test func bodiesAndTrailersGoBothWays() async throws {
        let stub = try StubUpstream { connection in
            while true {
                let head = try connection.readHead()
                let text = "\(head["transfer-encoding"] ?? head["content-length"] ?? "none")"
                let body = try connection.readBody(head)
                try connection.write(
                    "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                        + "4\r\nbody\r\n1;x\r\n|\r\n\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n"
                        + "0\r\nX-Sum: \(body.count)\r\n\r\n")
            }
        }
        defer { stub.close() }
        try await Self.with(["app.localhost": stub.target]) { client in
            let post = [(":method", "POST"), (":scheme", "http"), (":authority", "app.localhost"), (":path", "/")]
            try client.request(1, post, endsStream: false)
            try client.send(0, [UInt8](repeating: 1, count: 10_000), stream: 1)
            try client.send(0, [3] + [UInt8](repeating: 1, count: 7) + [0, 0, 0], flags: 8, stream: 1)
            try client.send(1, client.block([("x-trailer", "yes")]), flags: 5, stream: 1)
            let chunked = try client.response(1)
            #expect(chunked.text == "body|chunked")
            #expect(chunked.trailers == ["x-sum": "10007"])
            try client.request(3, post + [("content-length", "5")], endsStream: false)
            try client.send(0, Array("hello".utf8), flags: 1, stream: 3)
            let sized = try client.response(3)
            #expect(sized.text == "body|5")
            #expect(sized.trailers == ["x-sum": "5"])
        }
    }

    @Test func trailersThatComeAloneEndTheBody() async throws {
        let taken = Gate()
        let stub = try StubUpstream { connection in
            let head = try connection.readHead()
            _ = try connection.readLine()
            _ = try connection.read(5)
            taken.open()
            // The rest of the chunk, and the end.
            _ = try connection.readLine()
            _ = try connection.readChunks()
            let text = head["transfer-encoding"] ?? ""
            try connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)")
            _ = try connection.readSome()
        }
        defer { stub.close() }
        try await Self.with(["app.localhost": stub.target]) { client in
            let post = [(":method", "POST"), (":scheme", "http"), (":authority", "app.localhost"), (":path", "/")]
            try client.request(1, post, endsStream: false)
            try client.send(0, Array("hello".utf8), stream: 1)
            taken.wait()
            try client.send(1, client.block([("x-trailer", "yes")]), flags: 5, stream: 1)
            #expect(try client.response(1).text == "chunked")
        }
    }

    @Test func sendsNoMoreThanTheWindowsAllow() async throws {
        let site = try TestSite(["large.css": String(repeating: "x", count: 100_000)])
        try await Self.with(["app.localhost": site.target], settings: [(4, 1000)]) { client in
            try client.request(1, FrameConnection.get("/large.css"))
            var got = 0
            while got < 1000 { got += try client.next(0).payload.count }
            #expect(got == 1000)
            try client.window(1, 500)
            got = 0
            while got < 500 { got += try client.next(0).payload.count }
            #expect(got == 500)
            // A larger first window counts for streams that are open (section 6.9.2).
            try client.send(4, [0, 4, 0, 1, 0, 0])
            got = 0
            while got < 64_000 { got += try client.next(0).payload.count }
            #expect(got == 65_535 - 1500)
            try client.window(0, 1_000_000)
            try client.window(1, 1_000_000)
            #expect(try client.response(1, opens: false).body.count == 100_000 - 65_535)
        }
    }

    @Test func streamsShareTheWindowOfTheConnection() async throws {
        let site = try TestSite(["large.css": String(repeating: "x", count: 250_000)])
        try await Self.with(["app.localhost": site.target], settings: [(4, 0x7fff_ffff)]) { client throws in
            for stream in [1, 3, 5] { try client.request(stream, FrameConnection.get("/large.css")) }
            var received: [Int: Int] = [:]
            var total = 0
            func take(_ count: Int) throws {
                while total < count {
                    let frame = try client.next(0)
                    received[frame.stream, default: 0] += frame.payload.count
                    total += frame.payload.count
                }
            }
            try take(65_535)
            // One whose file is read late begins late; one after another the third would begin after 500,000.
            var window = 65_535
            while window < 600_000, received.count < 3 || received.values.contains(where: { $0 < 10_000 }) {
                try client.window(0, 10_000)
                window += 10_000
                try take(window)
            }
            #expect(received.count == 3 && received.values.allSatisfy { $0 >= 10_000 })
            #expect(total < 500_000)
        }
    }

    @Test func aSlowUpstreamHoldsTheClientBack() async throws {
        let gate = Gate()
        let stub = try StubUpstream { connection in
            let head = try connection.readHead()
            gate.wait()
            let body = try connection.readBody(head)
            try connection.write("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n\(body.count)")
        }
        defer { stub.close() }
        try await Self.with(["app.localhost": stub.target], configure: { $0.bufferedBytes = 64 * 1024 }) { client in
            let post = [
                (":method", "POST"), (":scheme", "http"), (":authority", "app.localhost"), (":path", "/"),
                ("content-length", "8000000"),
            ]
            try client.request(1, post, endsStream: false)
            var (window, sent) = (HTTP2Connection.streamWindow, 0)
            var total = HTTP2Connection.connectionWindow
            var isOpen = false
            while sent < 8_000_000 {
                let count = min(16_000, window, total, 8_000_000 - sent)
                if count > 0 {
                    sent += count
                    window -= count
                    total -= count
                    try client.send(
                        0, [UInt8](repeating: 1, count: count), flags: sent == 8_000_000 ? 1 : 0, stream: 1)
                    continue
                }
                // The sockets between us hold some megabytes; then nothing more is taken until the upstream reads.
                if !isOpen {
                    isOpen = true
                    gate.open()
                }
                let frame = try client.next(8)
                if frame.stream == 1 { window += frame.code() } else { total += frame.code() }
            }
            #expect(isOpen)
            #expect(try client.response(1).text == "8000000")
        }
    }

    @Test func webSocketsRunOverAStream() async throws {
        let stub = try StubUpstream { connection in
            let head = try connection.readHead()
            guard head["upgrade"] == "websocket", head["sec-websocket-key"]?.utf8.count == 24 else { return }
            try connection.write(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    + "Sec-WebSocket-Accept: x\r\nSec-WebSocket-Protocol: chat\r\n\r\nhi")
            try connection.write(connection.read(5).reversed())
            _ = try connection.readToEnd()
            try connection.write("bye")
        }
        defer { stub.close() }
        try await Self.with(["app.localhost": stub.target]) { client in
            let connect = [
                (":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"),
                (":authority", "app.localhost"),
                (":path", "/chat"), ("sec-websocket-version", "13"),
            ]
            try client.request(1, connect, endsStream: false)
            try client.send(0, Array("hello".utf8), stream: 1)
            var text = ""
            while text.utf8.count < 7 { text += String(decoding: try client.next(0).payload, as: UTF8.self) }
            #expect(text == "hiolleh")
            try client.send(0, [], flags: 1, stream: 1)
            let rest = try client.response(1)
            #expect(rest.text == "bye")
        }
    }

    /// What follows a CONNECT is the WebSocket's: no request, also when there is no WebSocket and the answer still waits.
    @Test func attack22BytesForARefusedWebSocketAreNoRequest() async throws {
        let seen = Shared<[String]>([])
        let stub = try StubUpstream.answering { head, _ in
            seen.update { $0.append(head.line) }
            return "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"
        }
        defer { stub.close() }
        try await Self.with(["app.localhost": stub.target], settings: [(4, 0)]) { client in
            let hidden = Array("GET /hidden HTTP/1.1\r\nHost: app.localhost\r\n\r\n".utf8)
            let connect = [
                (":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"),
                (":authority", "app.localhost"), (":path", "/chat"),
            ]
            try client.request(1, connect, endsStream: false)
            try client.send(0, hidden, stream: 1)
            #expect(try client.next(1).stream == 1)
            try client.send(0, hidden, stream: 1)
            try client.request(3)
            #expect(try client.next(1).stream == 3)
            try client.window(1, 100)
            #expect(try client.response(1, opens: false).text == "no")
        }
        #expect(seen.value == ["GET /chat HTTP/1.1", "GET / HTTP/1.1"])
    }

    @Test func anUpstreamThatBreaksOffResetsTheStream() async throws {
        let stub = try StubUpstream { connection in
            _ = try connection.readHead()
            try connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart")
        }
        defer { stub.close() }
        try await Self.with(["app.localhost": stub.target]) { client in
            try client.request(1)
            let response = try client.response(1)
            #expect(response.text == "part")
            #expect(response.reset == 2)
            try client.request(3, FrameConnection.get(host: "nobody.example"))
            #expect(try client.response(3).status == 404)
        }
    }

    @Test func aStreamThatIsResetEndsItsRequest() async throws {
        let stub = try StubUpstream { connection in
            _ = try connection.readHead()
            _ = try connection.readToEnd()
        }
        defer { stub.close() }
        try await TestRouter.with(
            ["app.localhost": stub.target], configure: { $0.acceptsPlainHTTP2 = true }
        ) { router async throws in
            let port = router.port
            let client = try await onThread {
                let client = try FrameConnection(port: port)
                try client.request(1)
                return Kept(client)
            }
            try await eventually("the request is open") { stub.openConnections == 1 }
            try await onThread { try client.value.send(3, [0, 0, 0, 8], stream: 1) }
            try await eventually("the request has ended") { stub.openConnections == 0 }
        }
    }

    /// Handed from one thread to the next, never used by two.
    private struct Kept: @unchecked Sendable {
        let value: FrameConnection
        init(_ value: FrameConnection) { self.value = value }
    }
}
