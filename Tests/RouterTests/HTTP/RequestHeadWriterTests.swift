import NIOCore
import Testing

@testable import Router

@Suite struct RequestHeadWriterTests {
    private func rewrite(_ text: String, requestID: RequestID? = nil, passesExpectation: Bool = true) throws -> String {
        let bytes = Array(text.utf8)
        var parser = RequestHeadParser()
        #expect(bytes.withUnsafeBytes { parser.advance($0) } == .complete)
        let head = parser.take()
        var out = ByteBuffer()
        bytes.withUnsafeBytes {
            RequestHeadWriter.write(
                head, $0, forwarding: ForwardingFields(address: "192.0.2.7", isSecure: false), requestID: requestID,
                defaultHost: "example.org", passesExpectation: passesExpectation, into: &out)
        }
        return String(buffer: out)
    }

    static let ours =
        "Via: 1.1 berth\r\nX-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: http\r\nForwarded: for=192.0.2.7;proto=http\r\n"

    @Test func keepsTheBytesOfTheFields() throws {
        let fields = "hOsT:  a.b:81\r\nX-Odd:\tvalue \r\nCookie: a=b; c=d\r\n"
        #expect(
            try rewrite("GET /x%20y?z HTTP/1.1\r\n\(fields)\r\n")
                == "GET /x%20y?z HTTP/1.1\r\n\(fields)\(Self.ours)X-Forwarded-Host: a.b:81\r\n\r\n")
    }

    @Test func takesCutsOutAnywhere() throws {
        #expect(
            try rewrite(
                "GET / HTTP/1.1\r\nTE: x\r\nKeep-Alive: 1\r\nHost: a\r\nX-Real-IP: 1\r\nA: b\r\nConnection: close\r\n\r\n"
            )
                == "GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n\(Self.ours)X-Forwarded-Host: a\r\n\r\n")
    }

    @Test func speaksHTTP11ForOldClients() throws {
        #expect(
            try rewrite("GET / HTTP/1.0\r\n\r\n")
                == "GET / HTTP/1.1\r\nHost: example.org\r\nVia: 1.0 berth\r\n\(Self.ours.dropFirst(15))\r\n")
    }

    @Test func turnsAbsoluteFormIntoOriginForm() throws {
        let tail = "Host: a\r\n\(Self.ours)X-Forwarded-Host: a\r\n\r\n"
        #expect(try rewrite("GET http://a/p HTTP/1.1\r\nHost: a\r\n\r\n") == "GET /p HTTP/1.1\r\n\(tail)")
        #expect(try rewrite("GET http://a?q HTTP/1.1\r\nHost: a\r\n\r\n") == "GET /?q HTTP/1.1\r\n\(tail)")
        #expect(try rewrite("GET http://a HTTP/1.1\r\nHost: a\r\n\r\n") == "GET / HTTP/1.1\r\n\(tail)")
    }

    /// RFC 9112 section 3.2.4.
    @Test func keepsTheAsterisk() throws {
        let tail = "Host: a\r\n\(Self.ours)X-Forwarded-Host: a\r\n\r\n"
        #expect(try rewrite("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n") == "OPTIONS * HTTP/1.1\r\n\(tail)")
    }

    @Test func addsTheRequestID() throws {
        let text = try rewrite("GET / HTTP/1.1\r\nHost: a\r\n\r\n", requestID: RequestID(high: 0xab, low: 1))
        #expect(text.contains("X-Request-Id: 00000000000000ab0000000000000001\r\n"))
    }

    @Test func passesTheExpectationOnOnlyWhenAsked() throws {
        let text = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-Continue\r\n\r\n"
        #expect(try rewrite(text).contains("Expect: 100-continue\r\n"))
        #expect(try !rewrite(text, passesExpectation: false).contains("xpect"))
    }
}
