import Core
import TestSupport
import Testing

@testable import Router

/// Requests in the gap between a version that was stopped and the next one.
@Suite struct HoldingTests {
    private static let host = "app.localhost"

    @Test func requestsWaitUntilTheNextVersionIsThere() async throws {
        let app = try StubUpstream.answering { head, body in
            let text = head.line.hasPrefix("POST") ? String(decoding: body, as: UTF8.self) : "new"
            return "HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)"
        }
        try await TestRouter.with([Self.host: .placeholder(.switching)]) { router async throws in
            let get = Task { try await router.get() }
            let post = Task {
                try await router.exchange("POST / HTTP/1.1\r\nHost: \(Self.host)\r\nContent-Length: 4\r\n\r\nbody")
            }
            // Another name is answered meanwhile.
            #expect(try await router.get(host: "other.localhost").status == 404)
            router.routes.publish(app.target, at: Self.host)
            #expect(try await get.value.text == "new")
            #expect(try await post.value.text == "body")
        }
        app.close()
    }

    @Test func aRequestThatWaitsForTooLongIsTold() async throws {
        try await TestRouter.with([Self.host: .placeholder(.switching)]) {
            $0.holdTimeout = .milliseconds(50)
        } _: { router async throws in
            for _ in 0..<2 {
                let answer = try await router.get()
                #expect(answer.status == 503 && answer["retry-after"] == "2")
            }
        }
    }

    @Test func aWorkerHasAPlainPage() async throws {
        try await TestRouter.with([Self.host: .placeholder(.worker)]) { router async throws in
            let answer = try await router.get()
            #expect(answer.status == 200 && answer.text.contains("answers no requests"))
        }
    }
}
