import Core
import TestSupport
import Testing

@testable import Router

/// Streams in the gap between a version that was stopped and the next one.
@Suite struct HTTP2HoldingTests {
    private static let host = "app.localhost"
    private static let post = [
        (":method", "POST"), (":scheme", "http"), (":authority", host), (":path", "/"),
    ]

    /// A client of a router at which `host` leads to `target`.
    private static func with(
        _ target: RouteTarget, configure: (inout RouterConfiguration) -> Void = { _ in },
        _ body: @escaping @Sendable (FrameConnection, RouteTableBox) throws -> Void
    ) async throws {
        try await TestRouter.with([host: target]) {
            $0.acceptsPlainHTTP2 = true
            configure(&$0)
        } _: { router async throws in
            let (port, routes) = (router.port, router.routes)
            try await onThread { try body(FrameConnection(port: port), routes) }
        }
    }

    /// Waits until so many requests wait; false when that does not come.
    private static func isHeld(_ count: Int, _ routes: RouteTableBox) -> Bool {
        for _ in 0..<5000 where routes.held.count(at: host) != count { pause(milliseconds: 2) }
        return routes.held.count(at: host) == count
    }

    /// Answers with the method and the length of the body.
    private static func app() throws -> StubUpstream {
        try StubUpstream.answering { head, body in
            let text = "\(head.line.prefix { $0 != " " }) \(body.count)"
            return "HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)"
        }
    }

    @Test func aStreamWaitsAndTheOthersDoNot() async throws {
        let app = try Self.app()
        defer { app.close() }
        let target = app.target
        try await Self.with(.placeholder(.switching)) { client, routes in
            try client.request(1)
            #expect(Self.isHeld(1, routes))
            try client.request(3, FrameConnection.get(host: "other.localhost"))
            #expect(try client.response(3).status == 404)
            routes.publish(target, at: Self.host)
            let answer = try client.response(1)
            #expect(answer.status == 200 && answer.text == "GET 0")
            #expect(Self.isHeld(0, routes))
        }
    }

    @Test(arguments: [true, false])
    func aBodyComesWholeWhateverPartOfItCameInTheGap(isSized: Bool) async throws {
        let app = try Self.app()
        defer { app.close() }
        let target = app.target
        try await Self.with(.placeholder(.switching)) { client, routes in
            let length = isSized ? [("content-length", "40000")] : []
            try client.request(1, Self.post + length, endsStream: false)
            try client.send(0, [UInt8](repeating: 1, count: 10_000), stream: 1)
            #expect(Self.isHeld(1, routes))
            try client.send(0, [UInt8](repeating: 2, count: 14_000), stream: 1)
            routes.publish(target, at: Self.host)
            try client.send(0, [UInt8](repeating: 3, count: 16_000), flags: 1, stream: 1)
            let answer = try client.response(1)
            #expect(answer.status == 200 && answer.text == "POST 40000")
        }
    }

    @Test func manyStreamsOfOneConnectionWaitAndAllAreAnswered() async throws {
        let app = try Self.app()
        defer { app.close() }
        let target = app.target
        try await Self.with(.placeholder(.asleep(ID()))) { client, routes in
            let streams = Array(stride(from: 1, to: 41, by: 2))
            for stream in streams { try client.request(stream) }
            #expect(Self.isHeld(streams.count, routes))
            routes.publish(target, at: Self.host)
            var answered: Set<Int> = []
            while answered.count < streams.count {
                let frame = try client.next(0)
                #expect(String(decoding: frame.payload, as: UTF8.self) == "GET 0" || frame.payload.isEmpty)
                if frame.endsStream { answered.insert(frame.stream) }
            }
            #expect(answered == Set(streams))
        }
    }

    @Test func aStreamThatWaitsForTooLongIsToldAndTheConnectionGoesOn() async throws {
        let app = try Self.app()
        defer { app.close() }
        let target = app.target
        try await Self.with(.placeholder(.switching)) {
            $0.switchTimeout = .milliseconds(50)
        } _: { client, routes in
            for stream in [1, 3] {
                try client.request(stream)
                let answer = try client.response(stream)
                #expect(answer.status == 503 && answer.headers["retry-after"] == "2")
            }
            routes.publish(target, at: Self.host)
            try client.request(5)
            #expect(try client.response(5).text == "GET 0")
        }
    }

    @Test func attack27AStreamThatIsResetKeepsNoPlace() async throws {
        let app = try Self.app()
        defer { app.close() }
        let target = app.target
        try await Self.with(.placeholder(.switching)) { client, routes in
            try client.request(1)
            try client.request(3, Self.post, endsStream: false)
            #expect(Self.isHeld(2, routes))
            for stream in [1, 3] { try client.send(3, [0, 0, 0, 8], stream: stream) }
            #expect(Self.isHeld(0, routes))
            routes.publish(target, at: Self.host)
            try client.request(5)
            #expect(try client.response(5).text == "GET 0")
        }
    }

    @Test func aConnectionThatGoesGivesAllItsPlacesBack() async throws {
        try await Self.with(.placeholder(.switching)) { client, routes in
            for stream in [1, 3, 5] { try client.request(stream) }
            #expect(Self.isHeld(3, routes))
            client.raw.reset()
            #expect(Self.isHeld(0, routes))
        }
    }
}
