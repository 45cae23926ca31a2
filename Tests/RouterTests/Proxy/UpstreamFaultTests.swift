import Core
import Testing

@testable import Router

@Suite struct UpstreamFaultTests {
    private static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    @Test func aRefusedConnectionIs502() async throws {
        // An address that nobody listens at: a port that was let go may be somebody else's at once.
        let absent = RouteTarget.instance(InstanceEndpoint(id: ID(), host: "127.0.0.9", port: 9))
        try await TestRouter.with(["app.localhost": absent]) { router async throws in
            try await router.client { connection throws in
                for _ in 0..<2 {
                    let response = try connection.get(extra: "Accept: application/json\r\n")
                    #expect(response.status == 502)
                    #expect(response.text.contains("\"error\":\"bad_gateway\""))
                    #expect(!response.text.contains("127.0.0."))
                }
            }
        }
    }

    @Test func anAddressThatIsNoneIs502() async throws {
        let target = RouteTarget.instance(InstanceEndpoint(id: ID(), host: "nowhere", port: 1))
        try await TestRouter.with(["app.localhost": target]) { router async throws in
            #expect(try await router.get().status == 502)
        }
    }

    @Test(arguments: [
        "nonsense\r\n\r\n", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: 1", "",
    ])
    func anInvalidResponseIs502(_ text: String) async throws {
        let upstream = try StubUpstream { connection in
            _ = try connection.readHead()
            try connection.write(text)
        }
        defer { upstream.close() }
        try await TestRouter.with(["app.localhost": upstream.target]) { router async throws in
            #expect(try await router.get().status == 502)
        }
    }

    @Test func noAnswerInTimeIs504() async throws {
        let upstream = try StubUpstream { connection in _ = try connection.readToEnd() }
        defer { upstream.close() }
        try await TestRouter.with(
            ["app.localhost": upstream.target], configure: { $0.instanceFirstByteTimeout = .milliseconds(100) }
        ) { router async throws in
            #expect(try await router.get().status == 504)
            try await eventually("upstream connection closed") { upstream.openConnections == 0 }
        }
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloXX",
    ])
    func aTruncatedResponseIsSeenAsTruncated(_ text: String) async throws {
        let upstream = try StubUpstream { connection in
            _ = try connection.readHead()
            try connection.write(text)
        }
        defer { upstream.close() }
        try await TestRouter.with(["app.localhost": upstream.target]) { router async throws in
            await #expect(throws: RawConnection.Failure.self) { _ = try await router.get() }
        }
    }

    @Test func aTruncatedResponseToAnOldClientEndsWithAReset() async throws {
        let upstream = try StubUpstream { connection in
            _ = try connection.readHead()
            try connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
            pause(milliseconds: 50)
        }
        defer { upstream.close() }
        try await TestRouter.with(["app.localhost": upstream.target]) { router async throws in
            await #expect(throws: RawConnection.Failure.self) {
                _ = try await router.exchange("GET / HTTP/1.0\r\nHost: app.localhost\r\n\r\n")
            }
        }
    }

    /// Serves one request a connection and closes it without saying so, when the next request arrives.
    private static func forgetful(_ seen: Shared<[String]>) throws -> StubUpstream {
        try StubUpstream { connection in
            let head = try connection.readHead()
            _ = try connection.readBody(head)
            seen.update { $0.append(head.line) }
            try connection.write(ok)
            _ = try connection.readHead()
        }
    }

    @Test func aDeadKeptConnectionIsRetriedOnce() async throws {
        let seen = Shared<[String]>([])
        let upstream = try Self.forgetful(seen)
        defer { upstream.close() }
        try await TestRouter.with(["app.localhost": upstream.target]) { router async throws in
            let statuses = try await router.client { connection throws in
                var statuses = try ["/1", "/2", "/3"].map { try connection.get($0).status }
                try connection.write("PUT /4 HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 5\r\n\r\nhello")
                statuses.append(try connection.readResponse().status)
                return statuses
            }
            #expect(statuses == [200, 200, 200, 200])
            #expect(seen.value.count == 4)
        }
    }

    @Test func aRequestThatMustNotBeRepeatedIsNot() async throws {
        let seen = Shared<[String]>([])
        let upstream = try Self.forgetful(seen)
        defer { upstream.close() }
        try await TestRouter.with(["app.localhost": upstream.target]) { router async throws in
            let statuses = try await router.client { connection throws in
                let first = try connection.get().status
                try connection.write("POST / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 5\r\n\r\nhello")
                return [first, try connection.readResponse().status]
            }
            #expect(statuses == [200, 502])
            #expect(seen.value.count == 1)
        }
    }

    @Test func aRequestThatMustNotBeRepeatedGetsAFreshConnectionAfterAPause() async throws {
        let seen = Shared<[String]>([])
        let upstream = try Self.forgetful(seen)
        defer { upstream.close() }
        try await TestRouter.with(
            ["app.localhost": upstream.target], configure: { $0.upstreamFreshness = .milliseconds(20) }
        ) { router async throws in
            let statuses = try await router.client { connection throws in
                let first = try connection.get().status
                pause(milliseconds: 400)
                try connection.write("POST / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 5\r\n\r\nhello")
                return [first, try connection.readResponse().status]
            }
            #expect(statuses == [200, 200])
        }
    }

    @Test func aConnectionThatTheUpstreamClosedIsNotUsed() async throws {
        let upstream = try StubUpstream { connection in
            _ = try connection.readHead()
            try connection.write(Self.ok)
            // Not known as open any more only when its end has been sent.
            connection.closeOutput()
        }
        defer { upstream.close() }
        try await TestRouter.with(["app.localhost": upstream.target]) { router async throws in
            try await router.client { connection throws in
                for index in 0..<10 {
                    let isPost = index % 2 == 1
                    if isPost {
                        // A request that is not repeated: only when the end has been sent.
                        for _ in 0..<500 where upstream.openConnections > 0 { pause(milliseconds: 1) }
                    }
                    try connection.write(
                        isPost
                            ? "POST / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 1\r\n\r\nx"
                            : "GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n")
                    let status = try connection.readResponse().status
                    #expect(status == 200)
                }
            }
        }
    }

    @Test func unusedConnectionsAreClosedInTime() async throws {
        let upstream = try StubUpstream.saying("x")
        defer { upstream.close() }
        try await TestRouter.with(
            ["app.localhost": upstream.target], configure: { $0.upstreamIdle = .milliseconds(100) }
        ) { router async throws in
            _ = try await router.get()
            #expect(upstream.connections == 1)
            try await eventually("unused connection closed") { upstream.openConnections == 0 }
        }
    }

    @Test func aConnectionIsNotKeptLongerThanTheUpstreamSays() async throws {
        let upstream = try StubUpstream.answering { _, _ in
            "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 0\r\n\r\n"
        }
        defer { upstream.close() }
        try await TestRouter.with(["app.localhost": upstream.target]) { router async throws in
            _ = try await router.get()
            try await eventually("connection closed") { upstream.openConnections == 0 }
        }
    }

    @Test func bytesBehindAResponseNeverReachTheNextClient() async throws {
        let upstream = try StubUpstream.answering { _, _ in
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
        }
        defer { upstream.close() }
        try await TestRouter.with(["app.localhost": upstream.target]) { router async throws in
            try await router.client { connection throws in
                for _ in 0..<5 {
                    let text = try connection.get().text
                    #expect(text == "ok")
                }
            }
        }
    }
}
