import Core
import Testing

@testable import Router

@Suite struct RetryTests {
    @Test func aRetryThatFailsAsWellIs502AfterTwoAttempts() async throws {
        let seen = Shared<[String]>([])
        let stub = try StubUpstream { connection in
            let first = try connection.readHead()
            seen.update { $0.append(first.line) }
            guard first.line.contains("/first") else { return }
            try connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            let second = try connection.readHead()
            seen.update { $0.append(second.line) }
        }
        defer { stub.close() }
        try await TestRouter.with(["app.localhost": stub.target]) { router async throws in
            let statuses = try await router.client { connection throws in
                try ["/first", "/second"].map { try connection.get($0).status }
            }
            #expect(statuses == [200, 502])
        }
        #expect(seen.value == ["GET /first HTTP/1.1", "GET /second HTTP/1.1", "GET /second HTTP/1.1"])
        #expect(stub.connections == 2)
    }

    /// The end of the connection is the end of such a body: a reset must not look like one.
    @Test func aResetInABodyThatEndsWithTheConnectionIsPassedOn() async throws {
        let isRead = Gate()
        let stub = try StubUpstream { connection in
            _ = try connection.readHead()
            try connection.write("HTTP/1.1 200 OK\r\n\r\npart")
            isRead.wait()
            connection.reset()
        }
        defer { stub.close() }
        try await TestRouter.with(["app.localhost": stub.target]) { router async throws in
            let isReset = try await router.client { connection throws in
                try connection.write("GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n")
                _ = try connection.readHead()
                _ = try connection.read(4)
                isRead.open()
                do {
                    _ = try connection.readToEnd()
                    return false
                } catch RawConnection.Failure.reset {
                    return true
                }
            }
            #expect(isReset)
        }
    }

    /// Nothing that an app answers is kept, whatever it says about caching.
    @Test func attack28NoAnswerOfAnAppIsEverStored() async throws {
        let count = Shared(0)
        let stub = try StubUpstream.answering { _, _ in
            count.update { $0 += 1 }
            let text = "\(count.value)"
            return "HTTP/1.1 200 OK\r\nCache-Control: public, max-age=3600\r\nETag: \"a\"\r\n"
                + "Content-Length: \(text.utf8.count)\r\n\r\n\(text)"
        }
        defer { stub.close() }
        try await TestRouter.with(["app.localhost": stub.target]) { router async throws in
            for extra in ["", "Authorization: x\r\n", "Cookie: a=b\r\n", "If-None-Match: \"a\"\r\n", ""] {
                let before = count.value
                let texts = try await router.client { connection throws in
                    try (0..<3).map { _ in try connection.get("/same", extra: extra).text }
                }
                #expect(texts == (1...3).map { "\(before + $0)" })
            }
        }
    }

    /// What is remembered of a head is what it means, not who sent it.
    @Test func attack28ARememberedHeadStaysWithItsHost() async throws {
        let (a, b) = (try TestSite(["index.html": "a"]), try TestSite(["index.html": "b"]))
        try await TestRouter.with(
            ["a.localhost": a.target, "b.localhost": b.target], configure: { $0.workers = 1 }
        ) { router async throws in
            for _ in 0..<5 {
                #expect(try await router.get(host: "a.localhost").text == "a")
                #expect(try await router.get(host: "b.localhost").text == "b")
            }
            router.routes.publish(b.target, at: "a.localhost")
            #expect(try await router.get(host: "a.localhost").text == "b")
            router.routes.withdraw("a.localhost")
            #expect(try await router.get(host: "a.localhost").status == 404)
        }
    }
}
