import Core
import Testing

@testable import Router

/// What HTTP/2 clients must not do, and how it ends.
@Suite struct HTTP2StrictnessTests {
    private static func upstream(_ seen: Shared<[String]>) throws -> StubUpstream {
        try StubUpstream.answering { head, _ in
            seen.update { $0.append(head.line) }
            return "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        }
    }

    private static let base = [
        (":method", "GET"), (":scheme", "https"), (":authority", "app.localhost"), (":path", "/"),
    ]

    /// RFC 9113 sections 8.2 and 8.3; what would be two requests in HTTP/1.1 among them.
    @Test(arguments: [
        [("X-Upper", "1")], [("connection", "close")], [("transfer-encoding", "chunked")], [("upgrade", "h2c")],
        [("keep-alive", "1")], [("proxy-connection", "x")], [("te", "gzip")], [("a", "b\r\nX: y")], [("a", "b\0")],
        [("a", "b\nc")], [("a b", "c")], [("a:b", "c")], [("a\r\nb", "c")], [(":path", "/twice")], [(":status", "200")],
        [("host", "other.localhost")], [("content-length", "5")], [("content-length", "x")], [("a", " b")],
        [("a", "b\t")],
    ])
    func attack22MalformedHeadersAreRefused(_ extra: [(String, String)]) async throws {
        let seen = Shared<[String]>([])
        let stub = try Self.upstream(seen)
        defer { stub.close() }
        try await HTTP2Tests.with(["app.localhost": stub.target]) { client in
            try client.request(1, Self.base + extra)
            #expect(try client.response(1).reset == 1)
            // Only the stream: the connection goes on.
            try client.request(3, FrameConnection.get())
            #expect(try client.response(3).text == "ok")
        }
        #expect(seen.value == ["GET / HTTP/1.1"])
    }

    /// HTTP/1.1 passes such bytes on as they are; here they would arrive as others.
    @Test(arguments: [[0x61, 0xff], [0xc3, 0x28], [0xed, 0xa0, 0x80], [0x80]])
    func valuesThatAreNoUTF8AreRefused(_ value: [UInt8]) async throws {
        let seen = Shared<[String]>([])
        let stub = try Self.upstream(seen)
        defer { stub.close() }
        try await HTTP2Tests.with(["app.localhost": stub.target]) { client in
            let field: [UInt8] = [0x00, 0x01, 0x78, UInt8(value.count)] + value
            try client.send(1, client.block(Self.base) + field, flags: 5, stream: 1)
            #expect(try client.response(1).reset == 1)
            try client.request(3, Self.base + [("x", "naïve, 名前, \u{ff0d}")])
            #expect(try client.response(3).text == "ok")
        }
        #expect(seen.value.count == 1)
    }

    @Test func aHeadThatIsTooLargeIsToldSo() async throws {
        let seen = Shared<[String]>([])
        let stub = try Self.upstream(seen)
        defer { stub.close() }
        try await HTTP2Tests.with(["app.localhost": stub.target]) { client in
            // All but the first are references of a byte.
            let large = Array(repeating: ("x", String(repeating: "a", count: 3500)), count: 20)
            try client.request(1, Self.base + large)
            #expect(try client.response(1).status == 431)
            try client.request(3, Self.base)
            #expect(try client.response(3).text == "ok")
        }
        #expect(seen.value.count == 1)
    }

    @Test(arguments: [
        [(":scheme", "https"), (":authority", "app.localhost"), (":path", "/")],
        [(":method", "GET"), (":authority", "app.localhost"), (":path", "/")],
        [(":method", "GET"), (":scheme", "https"), (":authority", "app.localhost")],
        [(":method", "GET"), (":scheme", "https"), (":authority", "app.localhost"), (":path", "")],
        [(":method", "GET"), (":scheme", "https"), (":authority", "app.localhost"), (":path", "x")],
        [(":method", "GET"), (":scheme", "https"), (":authority", "app.localhost"), (":path", "/ HTTP/1.1\r\nX: y")],
        [(":method", "GET /x HTTP/1.1\r\n"), (":scheme", "https"), (":authority", "app.localhost"), (":path", "/")],
        [(":method", "GET"), (":scheme", "https"), (":authority", "a\r\nb"), (":path", "/")],
        [(":method", "GET"), ("a", "b"), (":scheme", "https"), (":authority", "app.localhost"), (":path", "/")],
        [(":method", "GET"), (":scheme", "ftp"), (":authority", "app.localhost"), (":path", "/")],
    ])
    func attack22MalformedPseudoHeadersAreRefused(_ headers: [(String, String)]) async throws {
        let seen = Shared<[String]>([])
        let stub = try Self.upstream(seen)
        defer { stub.close() }
        try await HTTP2Tests.with(["app.localhost": stub.target]) { client in
            try client.request(1, headers)
            #expect(try client.response(1).reset == 1)
        }
        #expect(seen.value.isEmpty)
    }

    /// RFC 9113 section 6.9.2.
    @Test func aSettingThatMakesAWindowTooLargeIsAFault() async throws {
        let stub = try StubUpstream { connection in _ = try connection.readToEnd() }
        defer { stub.close() }
        try await HTTP2Tests.with(["app.localhost": stub.target]) { client in
            try client.request(1)
            try client.window(1, 0x7fff_ffff - 65_535)
            try client.send(4, [0, 4, 0, 1, 0, 0])
            #expect(try client.next(7).code(at: 4) == 3)
        }
    }

    @Test(
        arguments: [
            ([(":method", "CONNECT"), (":authority", "app.localhost")], nil),
            ([(":method", "TRACE"), (":scheme", "https"), (":authority", "app.localhost"), (":path", "/")], 405),
            ([(":method", "GET"), (":scheme", "https"), (":path", "/")], 400),
            ([(":method", "GET"), (":scheme", "https"), (":authority", "u@app.localhost"), (":path", "/")], 400),
        ] as [([(String, String)], Int?)])
    func theRulesOfHTTP11HoldAsWell(_ headers: [(String, String)], _ status: Int?) async throws {
        let seen = Shared<[String]>([])
        let stub = try Self.upstream(seen)
        defer { stub.close() }
        try await HTTP2Tests.with(["app.localhost": stub.target]) { client in
            try client.request(1, headers)
            let response = try client.response(1)
            if let status { #expect(response.status == status) } else { #expect(response.reset == 1) }
        }
        #expect(seen.value.isEmpty)
    }

    /// Frames that end the connection, with the code of the GOAWAY.
    @Test(
        arguments: [
            (0, [1] as [UInt8], 0, 0, 1), (0, [1], 0, 9, 1), (1, [0x82], 4, 2, 1),
            (1, [0xff, 0xff, 0xff, 0xff], 4, 1, 9),
            (4, [0, 4, 0xff, 0xff, 0xff, 0xff], 0, 0, 3), (4, [0, 5, 0, 0, 0, 1], 0, 0, 1), (4, [1], 0, 0, 6),
            (4, [0, 2, 0, 0, 0, 2], 0, 0, 1), (5, [0, 0, 0, 2], 4, 1, 1), (6, [1], 0, 0, 6),
            (8, [0, 0, 0, 0], 0, 0, 1),
            (8, [0x7f, 0xff, 0xff, 0xff], 0, 0, 3), (3, [0, 0, 0, 0], 0, 9, 1), (9, [0x82], 4, 1, 1), (2, [1], 0, 1, 6),
            (1, [5, 0x82], 0x0c, 1, 1),
        ] as [(UInt8, [UInt8], UInt8, Int, Int)])
    func brokenFramesEndTheConnection(
        _ kind: UInt8, _ payload: [UInt8], _ flags: UInt8, _ stream: Int, _ code: Int
    ) async throws {
        try await HTTP2Tests.with([:]) { client in
            try client.send(kind, payload, flags: flags, stream: stream)
            #expect(try client.next(7).code(at: 4) == code)
        }
    }

    @Test func framesThatAreTooLongEndTheConnection() async throws {
        try await HTTP2Tests.with([:]) { client in
            try client.raw.write([0, 0x40, 1, 0, 0, 0, 0, 0, 1])
            #expect(try client.next(7).code(at: 4) == 6)
        }
    }

    @Test func headersMustComeInOnePiece() async throws {
        try await HTTP2Tests.with([:]) { client in
            try client.send(1, client.block(Self.base), flags: 1, stream: 1)
            try client.send(6, [UInt8](repeating: 0, count: 8))
            #expect(try client.next(7).code(at: 4) == 1)
        }
    }

    // MARK: - Floods (each is known from an attack on a real server)

    @Test func attack27RapidResetsAreCutShort() async throws {
        let seen = Shared<[String]>([])
        let stub = try StubUpstream { connection in
            _ = try connection.readHead()
            seen.update { $0.append("") }
            _ = try connection.readToEnd()
        }
        defer { stub.close() }
        try await HTTP2Tests.with(["app.localhost": stub.target]) { client in
            var stream = 1
            do {
                for _ in 0..<5000 {
                    try client.request(stream)
                    try client.send(3, [0, 0, 0, 8], stream: stream)
                    stream += 2
                }
            } catch {}
            let end = try? client.next(7)
            #expect(end == nil || end?.code(at: 4) == 11)
        }
        #expect(seen.value.count <= HTTP2Budget.initial)
    }

    /// CVE-2025-8671: a client that makes the server reset its streams has as many begun as one that does it itself.
    @Test(arguments: [(8, [0, 0, 0, 0]), (8, [0x7f, 0xff, 0xff, 0xff]), (0, [1]), (1, [0x82])] as [(UInt8, [UInt8])])
    func attack27FaultsThatMakeUsResetAreCutShort(_ kind: UInt8, _ payload: [UInt8]) async throws {
        let stub = try StubUpstream { connection in _ = try connection.readToEnd() }
        defer { stub.close() }
        try await HTTP2Tests.with(["app.localhost": stub.target]) { client in
            do {
                for stream in stride(from: 1, to: 2 * HTTP2Budget.initial, by: 2) {
                    try client.request(stream)
                    try client.send(kind, payload, flags: kind == 1 ? 4 : 0, stream: stream)
                }
            } catch {}
            var isCut = false
            do {
                while !isCut { isCut = try client.next().kind == 7 }
            } catch RawConnection.Failure.timedOut {
                // Still open.
            } catch {
                isCut = true
            }
            #expect(isCut)
        }
    }

    @Test(arguments: [(6, 8, 0), (4, 0, 0), (0xbe, 10, 0)] as [(UInt8, Int, UInt8)])
    func attack27FloodsOfSmallFramesAreCutShort(_ kind: UInt8, _ length: Int, _ flags: UInt8) async throws {
        try await HTTP2Tests.with([:]) { client in
            do {
                for _ in 0..<20_000 { try client.send(kind, [UInt8](repeating: 0, count: length), flags: flags) }
            } catch {}
            let end = try? client.next(7)
            #expect(end == nil || end?.code(at: 4) == 11)
        }
    }

    @Test func attack27WhatWaitsForAllStreamsIsBounded() {
        #expect(HTTP2Stream.queueLimit(shared: 0) == HTTP2Stream.maximumQueued)
        #expect(HTTP2Stream.queueLimit(shared: HTTP2Stream.maximumShared - 1) == HTTP2Stream.maximumQueued)
        let least = HTTP2Stream.queueLimit(shared: HTTP2Stream.maximumShared)
        #expect(least * HTTP2Connection.maximumStreams <= 2 * HTTP2Stream.maximumShared)
    }

    @Test func streamsThatWaitTogetherAllComeWhole() async throws {
        let body = String(repeating: "x", count: 200_000)
        let stub = try StubUpstream.answering { _, _ in
            "HTTP/1.1 200 OK\r\nContent-Length: \(body.count)\r\n\r\n\(body)"
        }
        defer { stub.close() }
        let settings = [(HTTP2Frame.Setting.initialWindow, UInt32(0))]
        try await HTTP2Tests.with(["app.localhost": stub.target], settings: settings) { client in
            // Together they are more than may wait for one connection.
            let streams = Array(stride(from: 1, to: 81, by: 2))
            for stream in streams { try client.request(stream) }
            for stream in streams {
                try client.window(stream, 50_000)
                #expect(try client.response(stream).body.count == body.count)
            }
        }
    }

    @Test func attack27EndlessHeadersAreCutShort() async throws {
        try await HTTP2Tests.with([:]) { client in
            try client.send(1, [0x82], flags: 0, stream: 1)
            do { for _ in 0..<1000 { try client.send(9, [0x82], stream: 1) } } catch {}
            let end = try? client.next(7)
            #expect(end == nil || end?.code(at: 4) == 11)
        }
    }

    @Test func headersThatUnpackToMuchEndTheConnection() async throws {
        try await HTTP2Tests.with([:]) { client in
            // One large field in the table, then a reference to it, again and again.
            let value = [UInt8](repeating: 0x61, count: 3000)
            let field: [UInt8] = [0x40, 1, 0x78, 0x7f, 0xb9, 0x16] + value
            try client.send(1, field + [UInt8](repeating: 0xbe, count: 2000), flags: 5, stream: 1)
            #expect(try client.next(7).code(at: 4) == 9)
        }
    }

    @Test func moreStreamsThanAllowedAreRefused() async throws {
        let stub = try StubUpstream { connection in _ = try connection.readToEnd() }
        defer { stub.close() }
        try await HTTP2Tests.with(["app.localhost": stub.target]) { client in
            for index in 0..<HTTP2Connection.maximumStreams { try client.request(2 * index + 1) }
            let extra = 2 * HTTP2Connection.maximumStreams + 1
            try client.request(extra)
            let end = try client.next(3)
            #expect(end.stream == extra)
            #expect(end.code() == 7)
        }
    }
}
