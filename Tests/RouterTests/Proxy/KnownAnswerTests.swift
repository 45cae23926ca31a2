import Core
import Foundation
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import Router

/// Answers that the router gives for a service.
@Suite struct KnownAnswerTests {
    private static let large = String(repeating: "x", count: 100_000)

    /// A service that says "asked", and what is known of it.
    private static func service() throws -> StubUpstream {
        try StubUpstream.answering(path: "/tmp/berth-known-\(UUID().uuidString.prefix(8)).sock") { _, _ in
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nasked"
        }
    }

    private static func know(_ configuration: inout RouterConfiguration) {
        configuration.knownAnswer = { service, path, credential in
            guard service == "stub", credential == "Bearer alice" else { return nil }
            switch path {
            case "/small": return ByteBuffer(string: "known")
            case "/large": return ByteBuffer(string: large)
            default: return nil
            }
        }
    }

    @Test func itIsWholeAndTheConnectionGoesOn() async throws {
        let stub = try Self.service()
        defer { stub.close() }
        try await TestRouter.with(["api.localhost": stub.target], configure: Self.know) { router async throws in
            try await router.client { connection throws in
                for (path, text) in [
                    ("/small", "known"), ("/large", Self.large), ("/other", "asked"), ("/small", "known"),
                ] {
                    let answer = try connection.get(
                        path, host: "api.localhost", extra: "Authorization: Bearer alice\r\nX-Request-Id: mine\r\n")
                    #expect(answer.status == 200 && answer.text == text)
                    guard text != "asked" else { continue }
                    #expect(answer["content-type"] == "application/json" && answer["x-request-id"] == "mine")
                    #expect(answer["date"] != nil)
                }
                let made = try connection.get("/small", host: "api.localhost", extra: "Authorization: Bearer alice\r\n")
                #expect(made["x-request-id"]?.utf8.count == 32)
            }
        }
    }

    @Test func itGoesOverHTTP2AsWell() async throws {
        let stub = try Self.service()
        defer { stub.close() }
        try await HTTP2Tests.with(["api.localhost": stub.target], configure: Self.know) { client throws in
            for (stream, path, text) in [(1, "/small", "known"), (3, "/large", Self.large)] {
                let fields = FrameConnection.get(path, host: "api.localhost") + [("authorization", "Bearer alice")]
                try client.request(stream, fields)
                let answer = try client.response(stream)
                #expect(answer.headers["content-type"] == "application/json" && answer.text == text)
            }
        }
    }

    @Test(
        "whatever is not exactly the same request is the service's",
        arguments: [
            "GET /small HTTP/1.1\r\nHost: api.localhost\r\n\r\n",
            "GET /small HTTP/1.1\r\nHost: api.localhost\r\nAuthorization: Bearer bob\r\n\r\n",
            "GET /small HTTP/1.1\r\nHost: api.localhost\r\nAuthorization: Bearer alice\r\nAuthorization: Bearer bob\r\n\r\n",
            "GET /small?a HTTP/1.1\r\nHost: api.localhost\r\nAuthorization: Bearer alice\r\n\r\n",
            "POST /small HTTP/1.1\r\nHost: api.localhost\r\nAuthorization: Bearer alice\r\nContent-Length: 0\r\n\r\n",
            "GET /small HTTP/1.1\r\nHost: api.localhost\r\nAuthorization: Bearer alice\r\nContent-Length: 1\r\n\r\nx",
            "GET /small HTTP/1.0\r\nHost: api.localhost\r\nAuthorization: Bearer alice\r\n\r\n",
            "GET /small HTTP/1.1\r\nHost: api.localhost\r\nAuthorization: Bearer alice\r\nConnection: close\r\n\r\n",
        ])
    func others(request: String) async throws {
        let stub = try Self.service()
        defer { stub.close() }
        try await TestRouter.with(["api.localhost": stub.target], configure: Self.know) { router async throws in
            #expect(try await router.exchange(request).text == "asked")
        }
    }

    @Test func attack23AnAppIsNeverAnsweredFor() async throws {
        let stub = try StubUpstream.saying("app")
        defer { stub.close() }
        try await TestRouter.with(
            ["app.localhost": stub.target], configure: { $0.knownAnswer = { _, _, _ in ByteBuffer(string: "known") } }
        ) { router async throws in
            #expect(try await router.get("/small", extra: "Authorization: Bearer alice\r\n").text == "app")
        }
    }
}
