import Core
import Testing

@testable import Router

@Suite struct WebSocketTests {
    private static let request =
        "GET /ws HTTP/1.1\r\nHost: app.localhost\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"

    /// Agrees to the upgrade, then sends everything back, and says goodbye when the client stops.
    private static func echo() throws -> StubUpstream {
        try StubUpstream { connection in
            let head = try connection.readHead()
            guard head["upgrade"] == "websocket", head["connection"] == "Upgrade", head["sec-websocket-key"] != nil
            else {
                try connection.write("HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n")
                return
            }
            try connection.write(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    + "Sec-WebSocket-Accept: x\r\n\r\nhello")
            while true {
                let part = try connection.readSome()
                if part.isEmpty { break }
                try connection.write(part)
            }
            try connection.write("bye")
        }
    }

    @Test func passesBytesBothWays() async throws {
        let upstream = try Self.echo()
        defer { upstream.close() }
        try await TestRouter.with(["app.localhost": upstream.target]) { router async throws in
            try await router.client { connection throws in
                try connection.write(Self.request + "early")
                let head = try connection.readHead()
                #expect(head.line == "HTTP/1.1 101 Switching Protocols")
                #expect(head["upgrade"] == "websocket" && head["connection"] == "Upgrade")
                #expect(head["sec-websocket-accept"] == "x")
                let early = try connection.readText(10)
                #expect(early == "helloearly")
                for size in [1, 1000, 300_000] {
                    let part = [UInt8](repeating: UInt8(size % 251), count: size)
                    try connection.write(part)
                    let back = try connection.read(size)
                    #expect(back == part)
                }
            }
        }
    }

    @Test func aSideThatStopsSendingStillHears() async throws {
        let upstream = try Self.echo()
        defer { upstream.close() }
        try await TestRouter.with(["app.localhost": upstream.target]) { router async throws in
            try await router.client { connection throws in
                try connection.write(Self.request)
                _ = try connection.readHead()
                connection.closeOutput()
                let rest = String(decoding: try connection.readToEnd(), as: UTF8.self)
                #expect(rest == "hellobye")
            }
            try await eventually("upstream closed") { upstream.openConnections == 0 }
        }
    }

    @Test func aClientThatLeavesClosesTheUpstream() async throws {
        let upstream = try Self.echo()
        defer { upstream.close() }
        try await TestRouter.with(["app.localhost": upstream.target]) { router async throws in
            try await router.client { connection throws in
                try connection.write(Self.request)
                _ = try connection.readHead()
                connection.reset()
            }
            try await eventually("upstream closed") { upstream.openConnections == 0 }
            let report = await router.routes.drain(upstream.id, seconds: 10)
            #expect(report.cut == 0)
        }
    }

    @Test func aRefusedUpgradeIsAnOrdinaryAnswer() async throws {
        let upstream = try StubUpstream.answering { _, _ in "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno" }
        defer { upstream.close() }
        try await TestRouter.with(["app.localhost": upstream.target]) { router async throws in
            try await router.client { connection throws in
                try connection.write(Self.request)
                let first = try connection.readResponse()
                #expect(first.status == 403)
                let second = try connection.get()
                #expect(second.status == 403)
            }
        }
    }

    @Test func regressionAnotherProtocolIsNotUpgradedTo() async throws {
        let upstream = try StubUpstream.answering { head, _ in
            let seen = head["upgrade"] ?? "none"
            return "HTTP/1.1 200 OK\r\nContent-Length: \(seen.utf8.count)\r\n\r\n\(seen)"
        }
        defer { upstream.close() }
        try await TestRouter.with(["app.localhost": upstream.target]) { router async throws in
            let extra = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
            #expect(try await router.get(extra: extra).text == "none")
        }
    }
}
