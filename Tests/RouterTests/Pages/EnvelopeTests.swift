import Core
import Foundation
import Testing

@testable import Router

/// On the API's host the router's own answers have the shape of the API's errors.
@Suite struct EnvelopeTests {
    private static func check(_ response: RawResponse, _ status: Int, _ code: String) throws {
        #expect(response.status == status)
        #expect(response["content-type"] == "application/json")
        let json = try JSONSerialization.jsonObject(with: Data(response.body)) as? [String: [String: String]]
        let error = try #require(json?["error"])
        #expect(error["code"] == code)
        #expect(error["message"]?.hasSuffix(".") == true)
        #expect(error.count == 2 && response["x-request-id"]?.isEmpty == false)
    }

    private static func api(_ line: String, _ fields: String = "") -> String {
        "\(line)\r\nHost: API.localhost:8080\r\n\(fields)\r\n"
    }

    @Test(arguments: [
        (api("GET / HTTP/1.1", "Content-Length: x\r\n"), 400, "bad_request"),
        (api("GET / HTTP/1.1", "a : b\r\n"), 400, "bad_request"),
        (api("TRACE / HTTP/1.1"), 405, "method_not_allowed"),
        (api("POST / HTTP/1.1", "Content-Length: 11\r\n"), 413, "bad_request"),
        (api("GET /\(String(repeating: "x", count: 17_000)) HTTP/1.1"), 414, "bad_request"),
        (api("GET / HTTP/1.1", String(repeating: "a: b\r\n", count: 200)), 431, "bad_request"),
        (api("GET / HTTP/1.1"), 502, "bad_gateway"),
        (api("GET / HTTP/1.1", "Accept: text/html\r\n"), 502, "bad_gateway"),
    ])
    func refusalsAndFaultsAreErrorsOfTheAPI(_ request: String, _ status: Int, _ code: String) async throws {
        // An address that nobody listens at: a port that was let go may be somebody else's at once.
        let absent = RouteTarget.instance(InstanceEndpoint(id: ID(), host: "127.0.0.9", port: 9))
        try await TestRouter.with(["api.localhost": absent], configure: { $0.maximumBody = 10 }) {
            router async throws in try Self.check(try await router.exchange(request), status, code)
        }
    }

    @Test func soIsAnAPIThatDoesNotAnswer() async throws {
        let stub = try StubUpstream { connection in _ = try connection.readToEnd() }
        defer { stub.close() }
        try await TestRouter.with(
            ["api.localhost": stub.target], configure: { $0.instanceFirstByteTimeout = .milliseconds(50) }
        ) { router async throws in
            let response = try await router.get(host: "api.localhost", extra: "X-Request-Id: mine\r\n")
            try Self.check(response, 504, "timeout")
        }
    }

    @Test func soIsAHeadThatDoesNotCome() async throws {
        try await TestRouter.with(configure: { $0.headerTimeout = .milliseconds(50) }) { router async throws in
            let response = try await router.exchange("GET / HTTP/1.1\r\nHost: api.localhost\r\nA")
            try Self.check(response, 408, "request_timeout")
        }
    }

    @Test func otherHostsGetPages() async throws {
        try await TestRouter.with { router async throws in
            let response = try await router.exchange(
                "GET / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: x\r\n\r\n")
            #expect(response["content-type"] == "text/plain; charset=utf-8")
        }
    }
}
