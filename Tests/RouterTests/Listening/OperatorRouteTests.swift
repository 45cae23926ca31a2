import Core
import Foundation
import NIOCore
import TestSupport
import Testing

@testable import Router

/// Services beside the server are treated as apps are, never as parts of it.
@Suite struct OperatorRouteTests {
    private static func route(_ stub: StubUpstream) throws -> OperatorRoute {
        try OperatorRoute(host: "beside.example", upstream: "http://127.0.0.1:\(stub.port)", domain: "localhost")
    }

    @Test func oneThatDoesNotAnswerIs504() async throws {
        let stub = try StubUpstream { connection in _ = try connection.readToEnd() }
        defer { stub.close() }
        let route = try Self.route(stub)
        try await TestRouter.with(
            configure: {
                $0.routes = [route]
                $0.instanceFirstByteTimeout = .milliseconds(100)
            }
        ) { router async throws in #expect(try await router.get(host: "beside.example").status == 504) }
    }

    @Test func theExpectationIsPassedOn() async throws {
        let stub = try StubUpstream { connection in
            let head = try connection.readHead()
            try connection.write("HTTP/1.1 100 Continue\r\n\r\n")
            _ = try connection.readBody(head)
            let text = head["expect"] ?? "none"
            try connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)")
        }
        defer { stub.close() }
        let route = try Self.route(stub)
        try await TestRouter.with(configure: { $0.routes = [route] }) { router async throws in
            try await router.client { connection throws in
                try connection.write(
                    "POST / HTTP/1.1\r\nHost: beside.example\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n")
                let interim = try connection.readHead().line
                #expect(interim.contains(" 100 "))
                try connection.write("x")
                let text = try connection.readResponse().text
                #expect(text == "100-continue")
            }
        }
    }

    @Test func attack23NoneMayHaveABodySentThatAServiceLeft() async throws {
        let bodies = HandedBodies()
        let path = "/tmp/berth-beside-\(UUID().uuidString)"
        try Data("secret".utf8).write(to: URL(fileURLWithPath: path))
        let descriptor = open(path, O_RDONLY)
        unlink(path)
        defer { close(descriptor) }
        let key = bodies.leave(HandedBody(descriptor: descriptor, parts: [.file(0..<6)], owner: 0))
        let answer = "HTTP/1.1 200 OK\r\nBerth-Body: \(key)\r\nContent-Length: 6\r\n\r\npublic"
        let stub = try StubUpstream.answering { _, _ in answer }
        defer { stub.close() }
        let route = try Self.route(stub)
        try await TestRouter.with(
            ["app.localhost": stub.target],
            configure: {
                $0.routes = [route]
                $0.handedBodies = bodies
            }
        ) { router async throws in
            for host in ["beside.example", "app.localhost"] {
                let response = try await router.get(host: host)
                #expect(response.text == "public")
                #expect(response["berth-body"] == nil)
            }
        }
    }

    @Test func anAddressThatChangesIsFollowed() async throws {
        let (first, second) = (try StubUpstream.saying("first"), try StubUpstream.saying("second"))
        defer {
            first.close()
            second.close()
        }
        let route = try Self.route(first)
        try await TestRouter.with(configure: { $0.routes = [route] }) { router async throws in
            #expect(try await router.get(host: "beside.example").text == "first")
            let address = try SocketAddress(ipAddress: "127.0.0.1", port: second.port)
            router.routes.updateOperatorRoutes(["beside.example": address, "unknown.example": address])
            #expect(try await router.get(host: "beside.example").text == "second")
            #expect(try await router.get(host: "unknown.example").status == 404)
        }
    }

    @Test func namesAreLookedUpAgainAndAddressesAreNot() throws {
        func isNamed(_ upstream: String) throws -> Bool {
            try OperatorRoute(host: "a.example", upstream: upstream, domain: "localhost").isNamed
        }
        #expect(try isNamed("http://grafana:3000"))
        #expect(try !isNamed("http://127.0.0.1:3000"))
        #expect(try !isNamed("http://[::1]:3000"))
        #expect(try !isNamed("unix:/run/x.sock"))
    }
}
