import Core
import Glibc
import Testing

@testable import Router

/// Each time-out with a small value; the tests wait for what it does.
@Suite struct TimeoutTests {
    private static let upgrade =
        "GET / HTTP/1.1\r\nHost: app.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"

    /// A listener that takes no more connections: the kernel leaves further ones without an answer.
    private final class FullListener {
        private var descriptors: [Int32] = []
        private(set) var port = 0

        init() {
            let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            descriptors.append(listener)
            var (address, length) = (loopback(port: 0), socklen_t(MemoryLayout<sockaddr_in>.size))
            withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                    _ = bind(listener, pointer, length)
                    _ = listen(listener, 0)
                    _ = getsockname(listener, pointer, &length)
                    for _ in 0..<4 {
                        let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
                        _ = connect(client, pointer, length)
                        descriptors.append(client)
                    }
                }
            }
            port = Int(in_port_t(bigEndian: address.sin_port))
        }

        deinit { for descriptor in descriptors { close(descriptor) } }
    }

    @Test func anAppThatTakesNoConnectionIs504() async throws {
        let listener = FullListener()
        let target = RouteTarget.instance(InstanceEndpoint(id: ID(), host: "127.0.0.1", port: listener.port))
        try await TestRouter.with(
            ["app.localhost": target], configure: { $0.upstreamConnectTimeout = .milliseconds(100) }
        ) { router async throws in
            #expect(try await router.get().status == 504)
        }
        withExtendedLifetime(listener) {}
    }

    @Test func anAppThatTakesNothingOfABodyIs504() async throws {
        let isDone = Gate()
        let stub = try StubUpstream { connection in
            _ = try connection.readHead()
            isDone.wait()
        }
        defer { stub.close() }
        try await TestRouter.with(
            ["app.localhost": stub.target], configure: { $0.bodyIdleTimeout = .milliseconds(100) }
        ) { router async throws in
            let status = try await router.client { connection throws in
                let total = 64 * 1024 * 1024
                try connection.write("POST / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: \(total)\r\n\r\n")
                let part = [UInt8](repeating: 7, count: 64 * 1024)
                // The rest is thrown away when the answer is written.
                for _ in 0..<(total / part.count) { try? connection.write(part) }
                return try connection.readResponse().status
            }
            isDone.open()
            #expect(status == 504)
        }
    }

    @Test func aRequestMayTakeSoLongAltogether() async throws {
        let stub = try StubUpstream { connection in
            let head = try connection.readHead()
            if head.line.contains("/begun") {
                try connection.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart")
                _ = try connection.readToEnd()
                return
            }
            // Something comes all the time: no other limit is reached.
            while true {
                try connection.write("HTTP/1.1 102 Processing\r\n\r\n")
                pause(milliseconds: 5)
            }
        }
        defer { stub.close() }
        try await TestRouter.with(
            ["app.localhost": stub.target], configure: { $0.requestTimeout = .milliseconds(150) }
        ) { router async throws in
            let status = try await router.client { connection throws in
                try connection.write("GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n")
                var head = try connection.readHead()
                while head.line.contains(" 102 ") { head = try connection.readHead() }
                return head.line
            }
            #expect(status.contains(" 504 "))
            await #expect(throws: RawConnection.Failure.self) { _ = try await router.get("/begun") }
        }
        try await eventually("the upstream was let go") { stub.openConnections == 0 }
    }

    @Test func aSilentWebSocketIsTakenLeaveOf() async throws {
        let stub = try StubUpstream { connection in
            _ = try connection.readHead()
            try connection.write(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
            _ = try connection.readToEnd()
        }
        defer { stub.close() }
        try await TestRouter.with(
            ["app.localhost": stub.target], configure: { $0.webSocketIdle = .milliseconds(100) }
        ) { router async throws in
            let bytes = try await router.client { connection throws in
                try connection.write(Self.upgrade)
                _ = try connection.readHead()
                return try connection.readToEnd()
            }
            #expect(bytes == [0x88, 0x02, 0x03, 0xe9])
        }
        try await eventually("the upstream was let go") { stub.openConnections == 0 }
    }

    @Test func anAnswerThatComesToAStopIsCut() async throws {
        let stub = try StubUpstream { connection in
            _ = try connection.readHead()
            try connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart")
            _ = try connection.readToEnd()
        }
        defer { stub.close() }
        try await TestRouter.with(
            ["app.localhost": stub.target], configure: { $0.responseIdleTimeout = .milliseconds(100) }
        ) { router async throws in
            await #expect(throws: RawConnection.Failure.self) { _ = try await router.get() }
        }
        try await eventually("the upstream was let go") { stub.openConnections == 0 }
    }

    @Test func aTLSHandshakeThatDoesNotComeIsGivenUp() async throws {
        let certificates = try TestCertificates(["a": ["app.localhost"]])
        try await TestRouter.with(
            [:],
            configure: {
                $0.secure = .init(host: "127.0.0.1", port: 0, certificates: certificates.path)
                $0.headerTimeout = .milliseconds(100)
            }
        ) { router async throws in
            let port = try #require(router.service.securePort)
            for bytes in [[], [0x16, 0x03, 0x01]] as [[UInt8]] {
                let rest = try await onThread {
                    let connection = try RawConnection(port: port)
                    try connection.write(bytes)
                    return try connection.readToEnd()
                }
                #expect(rest.isEmpty)
            }
        }
    }

    @Test func aPROXYHeaderThatDoesNotComeIsGivenUp() async throws {
        try await TestRouter.with(
            configure: {
                $0.usesProxyProtocol = true
                $0.headerTimeout = .milliseconds(100)
            }
        ) { router async throws in
            let rest = try await router.client { connection throws in
                try connection.write("PROXY TCP4 192")
                return try connection.readToEnd()
            }
            #expect(rest.isEmpty)
        }
    }

    @Test func anIdleHTTP2ConnectionIsToldAndClosed() async throws {
        try await HTTP2Tests.with([:], configure: { $0.keepAliveIdle = .milliseconds(100) }) { client throws in
            #expect(try client.next(7).code(at: 4) == 0)
            let rest = try client.raw.readToEnd()
            #expect(rest.isEmpty)
        }
    }

    @Test func aWebSocketOverHTTP2IsTakenLeaveOfWhenItsAppIsReplaced() async throws {
        let stub = try StubUpstream { connection in
            _ = try connection.readHead()
            try connection.write(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
            _ = try connection.readToEnd()
        }
        let new = try StubUpstream.saying("new")
        defer {
            stub.close()
            new.close()
        }
        try await TestRouter.with(["app.localhost": stub.target], configure: { $0.acceptsPlainHTTP2 = true }) {
            router async throws in
            let port = router.port
            async let farewell: [UInt8] = onThread {
                let client = try FrameConnection(port: port)
                try client.request(
                    1,
                    [
                        (":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"),
                        (":authority", "app.localhost"), (":path", "/"),
                    ], endsStream: false)
                return try client.next(0).payload
            }
            try await eventually("the socket is open") { stub.openConnections == 1 }
            router.routes.publish(new.target, at: "app.localhost")
            let report = await router.routes.drain(stub.id, seconds: 0)
            #expect(report.cut == 1)
            #expect(try await farewell == [0x88, 0x02, 0x03, 0xe9])
        }
    }
}
