import Core
import Foundation
import TestSupport
import Testing

@testable import Router

/// TLS as real clients see it: curl and openssl.
@Suite struct SecureListenerTests {
    private func with<Value>(
        _ routes: [String: RouteTarget], certificates: TestCertificates,
        configure: @escaping (inout RouterConfiguration) -> Void = { _ in },
        _ body: (TestRouter, Int) async throws -> Value
    ) async throws -> Value {
        try await TestRouter.with(
            routes,
            configure: {
                var listener = RouterConfiguration.SecureListener(
                    host: "127.0.0.1", port: 0, certificates: certificates.path)
                listener.reloadInterval = .milliseconds(50)
                $0.secure = listener
                configure(&$0)
            }
        ) { router in try await body(router, try #require(router.service.securePort)) }
    }

    private static func subject(_ port: Int, _ name: String) async throws -> String {
        let text = try await onThread {
            try Program.run(
                "/usr/bin/openssl", ["s_client", "-connect", "127.0.0.1:\(port)", "-servername", name], input: "")
        }
        return text.split(separator: "\n").first { $0.hasPrefix("subject=") }.map(String.init) ?? ""
    }

    @Test func theServerNamePicksTheCertificate() async throws {
        let certificates = try TestCertificates([
            "a": ["a.localhost"], "default": ["fallback.example"], "w": ["*.wild.example", "wild.example"],
        ])
        let site = try TestSite(["index.html": "x"])
        try await with(["a.localhost": site.target], certificates: certificates) { _, port async throws in
            #expect(try await Self.subject(port, "a.localhost") == "subject=CN = a.localhost")
            #expect(try await Self.subject(port, "A.LOCALHOST") == "subject=CN = a.localhost")
            #expect(try await Self.subject(port, "x.wild.example") == "subject=CN = *.wild.example")
            #expect(try await Self.subject(port, "x.y.wild.example") == "subject=CN = fallback.example")
            #expect(try await Self.subject(port, "other.example") == "subject=CN = fallback.example")
        }
    }

    @Test func bothProtocolsAreNegotiatedAndFilesOfAnySizeComeWhole() async throws {
        let certificates = try TestCertificates(["a": ["app.localhost"]])
        let large = String(repeating: "0123456789abcdef", count: 200_000)
        let site = try TestSite(["index.html": "hello", "large.bin": large])
        try await with(
            ["app.localhost": site.target], certificates: certificates,
            configure: { $0.strictTransportSeconds = 31_536_000 }
        ) { router, port async throws in
            for (option, version) in [("--http1.1", "1.1"), ("--http2", "2")] {
                let text = try await Program.curl(port, "app.localhost", "/", [option, "-i", "-w", "%{http_version}"])
                #expect(text.hasSuffix("hello\(version)"))
                #expect(text.lowercased().contains("strict-transport-security: max-age=31536000\r\n"))
                #expect(try await Program.curl(port, "app.localhost", "/large.bin", [option]) == large)
                let part = try await Program.curl(
                    port, "app.localhost", "/large.bin", [option, "-r", "3000000-3000009"])
                #expect(part == String(large.dropFirst(3_000_000).prefix(10)))
            }
            // Not over the plain port (RFC 6797 section 7.2).
            #expect(try await router.get()["strict-transport-security"] == nil)
        }
    }

    @Test func uploadsAndDownloadsGoThroughBothProtocols() async throws {
        let certificates = try TestCertificates(["a": ["app.localhost"]])
        let stub = try StubUpstream.answering { head, body in
            let text = "\(head.line)|\(head["x-forwarded-proto"] ?? "")|\(body.count)|"
            let rest = String(repeating: "x", count: 1_000_000)
            return "HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count + rest.utf8.count)\r\n\r\n\(text)\(rest)"
        }
        defer { stub.close() }
        let folder = try TemporaryDirectory("router-upload")
        try Data(repeating: 7, count: 3_000_000).write(to: URL(fileURLWithPath: folder.path("body")))
        try await with(["app.localhost": stub.target], certificates: certificates) { _, port async throws in
            for option in ["--http1.1", "--http2"] {
                let sized = try await Program.curl(
                    port, "app.localhost", "/up?x=1", [option, "--data-binary", "@\(folder.path("body"))"])
                #expect(sized.hasPrefix("POST /up?x=1 HTTP/1.1|https|3000000|x"))
                #expect(sized.utf8.count > 1_000_000)
                let chunked = try await Program.curl(
                    port, "app.localhost", "/up",
                    [option, "-H", "Transfer-Encoding: chunked", "-T", folder.path("body")])
                #expect(chunked.hasPrefix("PUT /up HTTP/1.1|https|3000000|x"))
            }
        }
    }

    @Test func sessionsAreResumed() async throws {
        let certificates = try TestCertificates(["a": ["app.localhost"]])
        let site = try TestSite(["index.html": "x"])
        try await with(["app.localhost": site.target], certificates: certificates) { _, port async throws in
            for version in ["-tls1_2", "-tls1_3"] {
                let session = certificates.folder.path("session\(version)")
                let arguments = ["s_client", "-connect", "127.0.0.1:\(port)", "-servername", "app.localhost", version]
                // The tickets of TLS 1.3 come with the first bytes of an answer.
                let request = "GET / HTTP/1.1\r\nHost: app.localhost\r\nConnection: close\r\n\r\n"
                let text = try await onThread {
                    try Program.run(
                        "/usr/bin/openssl", arguments + ["-sess_out", session, "-ign_eof"], input: request)
                    return try Program.run(
                        "/usr/bin/openssl", arguments + ["-sess_in", session, "-ign_eof"], input: request)
                }
                #expect(text.contains("Reused, TLSv1"))
            }
        }
    }

    @Test func oldVersionsAreRefused() async throws {
        let certificates = try TestCertificates(["a": ["app.localhost"]])
        try await with([:], certificates: certificates) { _, port async throws in
            await #expect(throws: Program.Failure.self) {
                try await Program.curl(port, "app.localhost", "/", ["--tlsv1.1", "--tls-max", "1.1"])
            }
            _ = try await Program.curl(port, "app.localhost", "/", ["--tls-max", "1.2"])
        }
    }

    @Test func changedFilesAreTakenUpAndOpenConnectionsStay() async throws {
        let certificates = try TestCertificates(["a": ["app.localhost", "old.localhost"]])
        let gate = Gate()
        let stub = try StubUpstream.answering { _, _ in
            gate.wait()
            return "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        }
        defer { stub.close() }
        try await with(["app.localhost": stub.target], certificates: certificates) { _, port async throws in
            async let open = Program.curl(port, "app.localhost", "/")
            try await eventually("the request is open") { stub.connections == 1 }
            // A broken pair changes nothing.
            try Data("broken".utf8).write(to: URL(fileURLWithPath: "\(certificates.path)/a.key"))
            #expect(try await Self.subject(port, "app.localhost") == "subject=CN = app.localhost")
            try certificates.make("a", ["new.localhost"])
            var subject = ""
            for _ in 0..<200 where subject != "subject=CN = new.localhost" {
                subject = try await Self.subject(port, "app.localhost")
            }
            #expect(subject == "subject=CN = new.localhost")
            gate.open()
            #expect(try await open == "ok")
        }
    }

    /// RFC 6797 section 7.1, for whoever made the answer.
    @Test func theTransportPolicyIsOnEveryAnswer() async throws {
        let certificates = try TestCertificates(["a": ["app.localhost"]])
        let stub = try StubUpstream.answering { head, _ in
            let own = head.line.contains("/own") ? "Strict-Transport-Security: max-age=7\r\n" : ""
            return "HTTP/1.1 200 OK\r\n\(own)Content-Length: 2\r\n\r\nok"
        }
        defer { stub.close() }
        try await with(
            ["app.localhost": stub.target], certificates: certificates, configure: { $0.strictTransportSeconds = 60 }
        ) { router, port async throws in
            func policies(_ options: [String], _ path: String = "/") async throws -> [Substring] {
                try await Program.curl(port, "app.localhost", path, options + ["-i"]).lowercased()
                    .split(separator: "\r\n").filter { $0.hasPrefix("strict-transport-security") }
            }
            for option in ["--http1.1", "--http2"] {
                #expect(try await policies([option]) == ["strict-transport-security: max-age=60"])
                // An app may have a policy of its own.
                #expect(try await policies([option], "/own") == ["strict-transport-security: max-age=7"])
            }
            let other = try await policies(["--http2", "-H", "Host: b.localhost"])
            #expect(other == ["strict-transport-security: max-age=60"])
            #expect(try await router.get()["strict-transport-security"] == nil)
        }
    }

    @Test func attack21AConnectionForOneNameAnswersNoOtherOverHTTP2() async throws {
        let certificates = try TestCertificates(["a": ["a.localhost", "b.localhost"]])
        let (a, b) = (try TestSite(["index.html": "a"]), try TestSite(["index.html": "b"]))
        try await with(["a.localhost": a.target, "b.localhost": b.target], certificates: certificates) {
            _, port async throws in
            let options = ["-H", "Host: b.localhost", "-w", "%{http_code}"]
            #expect(try await Program.curl(port, "a.localhost", "/", options + ["--http2"]).hasSuffix("421"))
            // Over HTTP/1.1 the Host decides, and leads to that very site.
            #expect(try await Program.curl(port, "a.localhost", "/", options + ["--http1.1"]) == "b200")
        }
    }

    @Test func aBodyThatBreaksOffNeverLooksWhole() async throws {
        let certificates = try TestCertificates(["a": ["app.localhost"]])
        let stub = try StubUpstream { connection in
            let head = try connection.readHead()
            let framing = head.line.contains("/sized") ? "Content-Length: 100" : "Transfer-Encoding: chunked"
            try connection.write("HTTP/1.1 200 OK\r\n\(framing)\r\n\r\n5\r\nhello\r\n")
        }
        defer { stub.close() }
        try await with(["app.localhost": stub.target], certificates: certificates) { _, port async throws in
            for option in ["--http1.0", "--http1.1", "--http2"] {
                for path in ["/sized", "/chunked"] {
                    await #expect(throws: Program.Failure.self, "\(option) \(path)") {
                        try await Program.curl(port, "app.localhost", path, [option])
                    }
                }
            }
        }
    }

    @Test func aFolderWithoutCertificatesIsRefused() async throws {
        let folder = try TemporaryDirectory("router-empty")
        await #expect(throws: PlatformError.self) {
            try await TestRouter.with(
                [:],
                configure: { $0.secure = .init(host: "127.0.0.1", port: 0, certificates: folder.path) }
            ) { _ in }
        }
    }
}
