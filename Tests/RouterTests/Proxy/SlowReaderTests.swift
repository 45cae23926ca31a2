import Core
import Glibc
import Testing

@testable import Router

/// Clients that take what waits for them slowly, or not at all.
@Suite struct SlowReaderTests {
    private static let size = 12 * 1024 * 1024

    @Test func aFileThatTakesLongIsNotCutAsLongAsTheClientReads() async throws {
        let site = try TestSite(["large.bin": String(repeating: "x", count: Self.size)])
        try await TestRouter.with(
            ["app.localhost": site.target], configure: { $0.slowReaderTimeout = .milliseconds(700) }
        ) { router async throws in
            let port = router.port
            let count = try await onThread {
                let connection = try RawConnection(port: port, receiveBuffer: 64 * 1024)
                try connection.write("GET /large.bin HTTP/1.1\r\nHost: app.localhost\r\n\r\n")
                _ = try connection.readHead()
                var count = 0
                while count < Self.size {
                    count += try connection.read(min(256 * 1024, Self.size - count)).count
                    pause(milliseconds: 45)
                }
                return count
            }
            #expect(count == Self.size)
        }
    }

    @Test(arguments: [true, false])
    func attack27AClientThatTakesNothingIsCut(isFile: Bool) async throws {
        let site = try TestSite(["large.bin": String(repeating: "x", count: Self.size)])
        let stub = try StubUpstream { connection in
            _ = try connection.readHead()
            try connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(Self.size)\r\n\r\n")
            for _ in 0..<12 { try connection.write([UInt8](repeating: 7, count: 1024 * 1024)) }
        }
        defer { stub.close() }
        try await TestRouter.with(
            ["app.localhost": isFile ? site.target : stub.target],
            configure: { $0.slowReaderTimeout = .milliseconds(100) }
        ) { router async throws in
            let port = router.port
            let isCut = try await onThread {
                let connection = try RawConnection(port: port, receiveBuffer: 64 * 1024)
                try connection.write("GET /large.bin HTTP/1.1\r\nHost: app.localhost\r\n\r\n")
                return connection.waitForReset()
            }
            #expect(isCut)
            try await eventually("the upstream was let go") { stub.openConnections == 0 }
        }
    }

    @Test func anIdleConnectionIsKeptUntilTheLastByteIsTaken() async throws {
        let site = try TestSite(["part.css": String(repeating: "x", count: 250_000)])
        try await TestRouter.with(
            ["app.localhost": site.target],
            configure: {
                $0.keepAliveIdle = .milliseconds(100)
                $0.bufferedBytes = 64 * 1024 * 1024
            }
        ) { router async throws in
            let port = router.port
            let count = try await onThread {
                let connection = try RawConnection(port: port, receiveBuffer: 64 * 1024)
                let request = "GET /part.css HTTP/1.1\r\nHost: app.localhost\r\n\r\n"
                try connection.write(String(repeating: request, count: 40))
                pause(milliseconds: 700)
                return try (0..<40).reduce(0) { sum, _ in try sum + connection.readResponse().body.count }
            }
            #expect(count == 40 * 250_000)
        }
    }

    @Test func anHTTP2ConnectionClosesAfterItsLastByteWasTaken() async throws {
        let site = try TestSite(["part.css": String(repeating: "x", count: 250_000)])
        try await HTTP2Tests.with(
            ["app.localhost": site.target],
            configure: {
                $0.keepAliveIdle = .milliseconds(100)
                $0.bufferedBytes = 64 * 1024 * 1024
            }, settings: [(4, 0x7fff_ffff)]
        ) { client throws in
            try client.window(0, 0x7fff_0000 - 65_535)
            for stream in 0..<40 { try client.request(2 * stream + 1, FrameConnection.get("/part.css")) }
            pause(milliseconds: 700)
            var (count, isOver) = (0, false)
            while !isOver {
                let frame = try client.next()
                if frame.kind == 0 { count += frame.payload.count }
                isOver = frame.kind == 7
            }
            #expect(count == 40 * 250_000)
            let rest = try client.raw.readToEnd()
            #expect(rest.isEmpty)
        }
    }

    @Test(arguments: ["/part.css", "/app"])
    func attack27AStreamWhoseWindowStaysShutIsReset(_ path: String) async throws {
        let site = try TestSite(["part.css": String(repeating: "x", count: 250_000)])
        let stub = try StubUpstream { connection in
            _ = try connection.readHead()
            try connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
            while true { try connection.write([UInt8](repeating: 7, count: 65_536)) }
        }
        defer { stub.close() }
        try await HTTP2Tests.with(
            ["site.localhost": site.target, "app.localhost": stub.target],
            configure: { $0.slowReaderTimeout = .milliseconds(100) }, settings: [(4, 0)]
        ) { client throws in
            let host = path == "/app" ? "app.localhost" : "site.localhost"
            try client.request(1, FrameConnection.get(path, host: host))
            #expect(try client.response(1, opens: false).reset != nil)
            // The connection is fine.
            try client.send(6, [UInt8](repeating: 1, count: 8))
            #expect(try client.next(6).flags == 1)
        }
        try await eventually("the upstream was let go") { stub.openConnections == 0 }
    }

    @Test func attack27AnHTTP2ConnectionThatTakesNothingIsCut() async throws {
        let site = try TestSite(["part.css": String(repeating: "x", count: 250_000)])
        try await HTTP2Tests.with(
            ["app.localhost": site.target], configure: { $0.slowReaderTimeout = .milliseconds(100) },
            settings: [(4, 0x7fff_ffff)]
        ) { client throws in
            try client.window(0, 0x7fff_0000 - 65_535)
            for stream in 0..<100 { try client.request(2 * stream + 1, FrameConnection.get("/part.css")) }
            #expect(client.raw.waitForReset())
        }
    }
}
