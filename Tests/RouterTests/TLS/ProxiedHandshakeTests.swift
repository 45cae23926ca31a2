import Core
import Foundation
import Testing

@testable import Router

@Suite struct ProxiedHandshakeTests {
    /// Used by two threads, one for each direction.
    private struct Kept: @unchecked Sendable {
        let value: RawConnection
        init(_ value: RawConnection) { self.value = value }
    }

    /// A proxy that says whose connection it is and then passes the bytes of TLS on.
    private static func relay(to port: Int, _ header: [UInt8]) throws -> StubUpstream {
        try StubUpstream { client in
            let server = try RawConnection(port: port)
            try server.write(header)
            let (inner, outer) = (Kept(server), Kept(client))
            let thread = Thread {
                while let part = try? inner.value.readSome(), !part.isEmpty { try? outer.value.write(part) }
                outer.value.closeOutput()
            }
            thread.start()
            while true {
                let part = try client.readSome()
                guard !part.isEmpty else { return server.closeOutput() }
                try server.write(part)
            }
        }
    }

    @Test(arguments: [true, false])
    func theProxyHeaderGoesBeforeTLS(isText: Bool) async throws {
        let certificates = try TestCertificates(["a": ["app.localhost"]])
        let stub = try StubUpstream.answering { head, _ in
            let text = head["forwarded"] ?? ""
            return "HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)"
        }
        defer { stub.close() }
        let block = ProxyHeaderTests.signature + [0x21, 0x11, 0, 12, 192, 0, 2, 77, 198, 51, 100, 2, 0, 1, 0, 2]
        let header = isText ? Array("PROXY TCP4 192.0.2.77 198.51.100.1 5000 443\r\n".utf8) : block
        try await TestRouter.with(
            ["app.localhost": stub.target],
            configure: {
                $0.usesProxyProtocol = true
                $0.secure = .init(host: "127.0.0.1", port: 0, certificates: certificates.path)
            }
        ) { router async throws in
            let relay = try Self.relay(to: try #require(router.service.securePort), header)
            defer { relay.close() }
            for option in ["--http1.1", "--http2"] {
                let text = try await Program.curl(relay.port, "app.localhost", "/", [option])
                #expect(text == "for=192.0.2.77;proto=https")
            }
        }
    }

    /// Forward secret and authenticated only (RFC 9325 section 4.2).
    @Test func ciphersInCBCModeAreRefused() async throws {
        let certificates = try TestCertificates(["a": ["app.localhost"]])
        let site = try TestSite(["index.html": "x"])
        try await TestRouter.with(
            ["app.localhost": site.target],
            configure: { $0.secure = .init(host: "127.0.0.1", port: 0, certificates: certificates.path) }
        ) { router async throws in
            let port = try #require(router.service.securePort)
            func get(_ cipher: String) async throws -> String {
                try await Program.curl(port, "app.localhost", "/", ["--tls-max", "1.2", "--ciphers", cipher])
            }
            #expect(try await get("ECDHE-ECDSA-AES128-GCM-SHA256") == "x")
            for cipher in ["ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES256-SHA384"] {
                await #expect(throws: Program.Failure.self, "\(cipher)") { _ = try await get(cipher) }
            }
        }
    }
}
