import Core
import Foundation
import TestSupport
import Testing

@testable import Router

/// How connections are taken.
@Suite struct ListeningTests {
    @Test func theProxyHeaderSaysWhoTheClientIs() async throws {
        let stub = try StubUpstream.answering { head, _ in
            let text = "\(head["x-forwarded-for"] ?? "") \(head["forwarded"] ?? "")"
            return "HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)"
        }
        defer { stub.close() }
        try await TestRouter.with(["app.localhost": stub.target], configure: { $0.usesProxyProtocol = true }) {
            router async throws in
            let (first, second) = try await router.client { connection throws in
                try connection.write("PROXY TCP4 192.0.2.77 198.51.100.1 5000 80\r\n")
                return (try connection.get().text, try connection.get().text)
            }
            #expect(first == "192.0.2.77 for=192.0.2.77;proto=http")
            #expect(second == first)
            let v2 = ProxyHeaderTests.signature + [0x21, 0x11, 0, 12, 192, 0, 2, 9, 198, 51, 100, 2, 0, 1, 0, 2]
            let other = try await router.client { connection throws in
                for byte in v2 { try connection.write([byte]) }
                return try connection.get().text
            }
            #expect(other == "192.0.2.9 for=192.0.2.9;proto=http")
            let refused = try await router.client { connection throws in
                try connection.write("GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n")
                return (try? connection.readToEnd()) ?? []
            }
            #expect(refused.isEmpty)
        }
    }

    @Test func onlyTrustedProxiesMaySendAHeader() async throws {
        try await TestRouter.with(
            [:],
            configure: {
                $0.usesProxyProtocol = true
                $0.trustedProxies = [AddressBlock("192.0.2.0/24")].compactMap { $0 }
            }
        ) { router async throws in
            let bytes = try await router.client { connection throws in
                try? connection.write("PROXY TCP4 192.0.2.77 198.51.100.1 5000 80\r\n")
                return (try? connection.readToEnd()) ?? []
            }
            #expect(bytes.isEmpty)
        }
    }

    @Test func attack23AStrangersForwardingHeadersAreDroppedAndAProxysKept() async throws {
        let stub = try StubUpstream.answering { head, _ in
            let text = head.fields.filter { $0.name.lowercased().contains("orward") }.map { "\($0.name)=\($0.value)" }
                .joined(separator: "|")
            return "HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)"
        }
        defer { stub.close() }
        let sent =
            "X-Forwarded-For: 203.0.113.5\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: outside\r\n"
            + "X_Forwarded_For: evil\r\n"
        try await TestRouter.with(["app.localhost": stub.target]) { router async throws in
            let text = try await router.get(extra: sent).text
            #expect(
                text == "X-Forwarded-For=127.0.0.1|X-Forwarded-Proto=http|Forwarded=for=127.0.0.1;proto=http|"
                    + "X-Forwarded-Host=app.localhost")
        }
        try await TestRouter.with(
            ["app.localhost": stub.target],
            configure: { $0.trustedProxies = [AddressBlock("127.0.0.0/8")].compactMap { $0 } }
        ) { router async throws in
            let text = try await router.get(extra: sent).text
            #expect(
                text == "X-Forwarded-For=203.0.113.5|X-Forwarded-Proto=https|X-Forwarded-Host=outside|"
                    + "X-Forwarded-For=127.0.0.1|Forwarded=for=127.0.0.1;proto=http")
        }
    }

    /// A proxy that speaks the PROXY protocol passes bytes through: what they say is the client's word.
    @Test func attack23AClientThatAProxyNamesIsNotTrustedAsTheProxyIs() async throws {
        let stub = try StubUpstream.answering { head, _ in
            let text = head.all("x-forwarded-for").joined(separator: ", ")
            return "HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)"
        }
        defer { stub.close() }
        try await TestRouter.with(
            ["app.localhost": stub.target],
            configure: {
                $0.usesProxyProtocol = true
                $0.trustedProxies = ["127.0.0.0/8", "192.0.2.200"].compactMap { AddressBlock($0) }
            }
        ) { router async throws in
            for (line, expected) in [
                ("TCP4 192.0.2.77 198.51.100.1 5000 80", "192.0.2.77"),
                ("TCP4 192.0.2.200 198.51.100.1 5000 80", "203.0.113.5, 192.0.2.200"), ("UNKNOWN", "127.0.0.1"),
            ] {
                let text = try await router.client { connection throws in
                    try connection.write("PROXY \(line)\r\n")
                    return try connection.get(extra: "X-Forwarded-For: 203.0.113.5\r\n").text
                }
                #expect(text == expected)
            }
        }
    }

    @Test func attack27AnAddressMayHaveSoManyConnections() async throws {
        let site = try TestSite(["index.html": "x"])
        try await TestRouter.with(
            ["app.localhost": site.target],
            configure: {
                $0.maximumConnectionsPerAddress = 5
                $0.countsLoopback = true
            }
        ) { router async throws in
            let port = router.port
            let (served, refused) = try await onThread {
                let kept = try (0..<5).map { _ in try RawConnection(port: port) }
                for connection in kept { _ = try connection.get() }
                let more = try RawConnection(port: port)
                let refused = (try? more.get()) == nil
                return (kept.count, refused)
            }
            #expect(served == 5)
            #expect(refused)
            // Places are free again when connections end.
            var isFree = false
            for _ in 0..<200 where !isFree {
                isFree = (try? await router.get().status) == 200
            }
            #expect(isFree)
        }
    }

    @Test func anUpstreamMayHaveSoManyOpenRequests() async throws {
        let gate = Gate()
        let stub = try StubUpstream.answering { _, _ in
            gate.wait()
            return "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        }
        defer { stub.close() }
        try await TestRouter.with(
            ["app.localhost": stub.target], configure: { $0.maximumRequestsPerUpstream = 1 }
        ) { router async throws in
            async let first = router.get()
            try await eventually("the first request is open") { stub.connections == 1 }
            let second = try await router.get()
            #expect(second.status == 503)
            #expect(second["retry-after"] == "1")
            gate.open()
            #expect(try await first.status == 200)
        }
    }

    @Test func theOperatorsRoutesLeadBesideTheServer() async throws {
        let stub = try StubUpstream.saying("beside")
        defer { stub.close() }
        let wildcard = try StubUpstream.saying("any")
        defer { wildcard.close() }
        let site = try TestSite(["index.html": "site"])
        let routes = [
            try OperatorRoute(host: "Grafana.example", upstream: "http://127.0.0.1:\(stub.port)", domain: "localhost"),
            try OperatorRoute(host: "*.example", upstream: "http://127.0.0.1:\(wildcard.port)/", domain: "localhost"),
        ]
        try await TestRouter.with(
            ["own.example": site.target], configure: { $0.routes = routes }
        ) { router async throws in
            #expect(try await router.get(host: "grafana.example").text == "beside")
            #expect(try await router.get(host: "own.example").text == "site")
            #expect(try await router.get(host: "other.EXAMPLE.:80").text == "any")
            #expect(try await router.get(host: "two.levels.example").status == 404)
            #expect(try await router.get(host: "example").status == 404)
        }
    }

    @Test(arguments: [
        ("localhost", "http://127.0.0.1:1"), ("api.localhost", "http://127.0.0.1:1"),
        ("GIT.localhost", "http://127.0.0.1:1"), ("*.localhost", "http://127.0.0.1:1"), ("a b", "http://127.0.0.1:1"),
        ("a.example:80", "http://127.0.0.1:1"), ("a.example", "https://x"), ("a.example", "http://x/path"),
        ("a.example", "http://u@x"), ("a.example", "http://x:0"), ("a.example", "http://"), ("a.example", "x"),
        ("*.*.example", "http://127.0.0.1:1"),
    ])
    func theServersOwnNamesCannotBeLedElsewhere(_ host: String, _ upstream: String) {
        #expect(throws: PlatformError.self) {
            try OperatorRoute(host: host, upstream: upstream, domain: "localhost")
        }
    }

    @Test func thePlainPortSendsToTLS() async throws {
        let site = try TestSite(["index.html": "x"])
        try await TestRouter.with(["app.localhost": site.target], configure: { $0.redirectsToHTTPS = true }) {
            router async throws in
            let response = try await router.get("/a/b?c=d", host: "APP.localhost:8080")
            #expect(response.status == 308)
            #expect(response["location"] == "https://app.localhost/a/b?c=d")
            #expect(try await router.get(host: "nobody.example").status == 404)
        }
    }
}
