import Core
import Testing

@testable import Router

/// Clients that send requests, or the end of them, ahead of the answers.
@Suite struct PipeliningTests {
    private static let unknown = "GET / HTTP/1.1\r\nHost: nobody.example\r\n\r\n"

    /// A client that is far ahead is read no further until it has been answered, and then is.
    @Test func aClientThatIsFarAheadIsReadOnWhenItHasBeenAnswered() async throws {
        let answer = Gate()
        let upstream = try StubUpstream { connection in
            _ = try connection.readHead()
            answer.wait()
            try connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            _ = try connection.readToEnd()
        }
        defer { upstream.close() }
        try await TestRouter.with(
            ["app.localhost": upstream.target], configure: { $0.bufferedBytes = 64 * 1024 * 1024 }
        ) { router async throws in
            let statuses = try await router.client { connection throws in
                try connection.write("GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n")
                let count = 3000
                try connection.write(String(repeating: Self.unknown, count: count))
                pause(milliseconds: 100)
                answer.open()
                return try (0...count).map { _ in try connection.readResponse().status }
            }
            #expect(statuses.first == 200)
            #expect(statuses.dropFirst().allSatisfy { $0 == 404 })
        }
    }

    /// A service whose socket is not there fails within the call that asks for it: however many requests came at once, they
    /// are answered one after the other and not one within the other.
    @Test func attack27ManyRequestsThatFailAtOnceAreAnsweredInTurn() async throws {
        let absent = RouteTarget.service(name: "stub", socketPath: "/nowhere/at.sock")
        try await TestRouter.with(
            ["git.localhost": absent], configure: { $0.bufferedBytes = 64 * 1024 * 1024 }
        ) { router async throws in
            let statuses = try await router.client { connection throws in
                let count = 9000
                try connection.write(String(repeating: "GET / HTTP/1.1\r\nHost: git.localhost\r\n\r\n", count: count))
                return try (0..<count).map { _ in try connection.readResponse().status }
            }
            #expect(statuses.allSatisfy { $0 == 502 })
        }
    }

    @Test func attack27AnEmptyLineThatDoesNotEndIs408() async throws {
        try await TestRouter.with(configure: { $0.headerTimeout = .milliseconds(100) }) { router async throws in
            let statuses = try await router.client { connection throws in
                try connection.write(Self.unknown + "\r")
                return [try connection.readResponse().status, try connection.readResponse().status]
            }
            #expect(statuses == [404, 408])
        }
    }

    @Test func aHalfClosedClientIsClosedWhenItHasTakenALargeFile() async throws {
        let size = 12 * 1024 * 1024
        let site = try TestSite(["large.bin": String(repeating: "x", count: size)])
        try await TestRouter.with(["app.localhost": site.target]) { router async throws in
            let port = router.port
            let count = try await onThread {
                let connection = try RawConnection(port: port, receiveBuffer: 64 * 1024)
                try connection.write("GET /large.bin HTTP/1.1\r\nHost: app.localhost\r\n\r\n")
                _ = try connection.readHead()
                // All of it waits in the router by now.
                pause(milliseconds: 100)
                connection.closeOutput()
                // Ends long before an idle connection would be closed.
                return try connection.readToEnd().count
            }
            #expect(count == size)
        }
    }
}
