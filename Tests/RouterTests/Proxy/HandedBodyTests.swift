import Core
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Router

/// Bodies that a service leaves to the router.
@Suite struct HandedBodyTests {
    /// A file whose bytes tell their places.
    private final class Source: Sendable {
        static let size = 3_000_000
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        let descriptor: Int32

        init() throws {
            let path = "/tmp/berth-handed-\(UUID().uuidString)"
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            descriptor = open(path, O_RDONLY | O_CLOEXEC)
            unlink(path)
        }

        deinit { close(descriptor) }

        var body: HandedBody {
            HandedBody(
                descriptor: descriptor,
                parts: [.bytes([1, 2, 3]), .file(100..<2_000_000), .bytes([4]), .file(5..<6), .bytes([5, 6])],
                owner: self)
        }

        var expected: [UInt8] { [1, 2, 3] + bytes[100..<2_000_000] + [4] + bytes[5..<6] + [5, 6] }
    }

    private static func service(_ bodies: HandedBodies, _ body: HandedBody) throws -> StubUpstream {
        try StubUpstream.answering(path: "/tmp/berth-handed-\(UUID().uuidString.prefix(8)).sock") { head, _ in
            guard head.line.contains("/large") else { return "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" }
            return "HTTP/1.1 200 OK\r\nBerth-Body: \(bodies.leave(body))\r\nContent-Length: \(body.size)\r\n\r\n"
        }
    }

    @Test func theRouterSendsWhatAServiceLeaves() async throws {
        let (bodies, source) = (HandedBodies(), try Source())
        let stub = try Self.service(bodies, source.body)
        defer { stub.close() }
        try await TestRouter.with(["git.localhost": stub.target], configure: { $0.handedBodies = bodies }) {
            router async throws in
            try await router.client { connection throws in
                // The connection goes on, towards the client and towards the service.
                for path in ["/large", "/", "/large", "/large", "/"] {
                    let response = try connection.get(path, host: "git.localhost")
                    #expect(response.status == 200)
                    #expect(response["berth-body"] == nil)
                    #expect(response.body == (path == "/" ? Array("ok".utf8) : source.expected))
                }
            }
            #expect(stub.connections == 1)
        }
    }

    @Test func itGoesOverHTTP2AsWell() async throws {
        let (bodies, source) = (HandedBodies(), try Source())
        let stub = try Self.service(bodies, source.body)
        defer { stub.close() }
        let size = source.expected.count
        try await HTTP2Tests.with(["git.localhost": stub.target], configure: { $0.handedBodies = bodies }) {
            client throws in
            for stream in [1, 3] {
                try client.request(stream, FrameConnection.get("/large", host: "git.localhost"))
                let response = try client.response(stream)
                #expect(response.headers["content-length"] == "\(size)")
                #expect(response.body == source.expected)
            }
        }
    }

    @Test func anAppGetsNothingThatWasLeft() async throws {
        let (bodies, source) = (HandedBodies(), try Source())
        let key = bodies.leave(source.body)
        let stub = try StubUpstream.answering { _, _ in
            "HTTP/1.1 200 OK\r\nBerth-Body: \(key)\r\nContent-Length: 2\r\n\r\nok"
        }
        defer { stub.close() }
        try await TestRouter.with(["app.localhost": stub.target], configure: { $0.handedBodies = bodies }) {
            router async throws in
            let response = try await router.get()
            #expect(response.text == "ok")
            #expect(response["berth-body"] == nil)
        }
        #expect(bodies.take(try #require(UInt64(key))) != nil)
    }

    @Test func whatNobodyLeftIsAnError() async throws {
        let stub = try StubUpstream.answering(path: "/tmp/berth-handed-\(UUID().uuidString.prefix(8)).sock") { _, _ in
            "HTTP/1.1 200 OK\r\nBerth-Body: 7\r\nContent-Length: 2\r\n\r\n"
        }
        defer { stub.close() }
        try await TestRouter.with(
            ["git.localhost": stub.target], configure: { $0.handedBodies = HandedBodies() }
        ) { router async throws in
            #expect(try await router.get(host: "git.localhost").status == 502)
        }
    }

    @Test func oneThatIsStoppedIsCutAndLeavesNothing() async throws {
        let (bodies, stop) = (HandedBodies(), SendingStop())
        let count = Mutex(0)
        let path = "/tmp/berth-handed-\(UUID().uuidString)"
        // More than the kernel takes for a client that does not read.
        let size = 64 << 20
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        #expect(truncate(path, off_t(size)) == 0)
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        unlink(path)
        defer { close(descriptor) }
        let stub = try StubUpstream.answering(path: "/tmp/berth-handed-\(UUID().uuidString.prefix(8)).sock") { _, _ in
            let body = HandedBody(
                descriptor: descriptor, parts: [.file(0..<size)], owner: Held { count.withLock { $0 += 1 } }, stop: stop
            )
            return "HTTP/1.1 200 OK\r\nBerth-Body: \(bodies.leave(body))\r\nContent-Length: \(size)\r\n\r\n"
        }
        defer { stub.close() }
        try await TestRouter.with(["git.localhost": stub.target], configure: { $0.handedBodies = bodies }) {
            router async throws in
            try await router.client { connection throws in
                try connection.write("GET /large HTTP/1.1\r\nHost: git.localhost\r\n\r\n")
                _ = try connection.read(1000)
                #expect(count.withLock { $0 } == 0)
                stop.stop()
                #expect(connection.waitForReset())
            }
            try await eventually("the file is let go of") { count.withLock { $0 } == 1 }
        }
    }

    @Test func aClientThatLeavesLetsGoOfTheFile() async throws {
        let (bodies, source) = (HandedBodies(), try Source())
        let count = Mutex(0)
        let stub = try StubUpstream.answering(path: "/tmp/berth-handed-\(UUID().uuidString.prefix(8)).sock") { _, _ in
            let body = HandedBody(
                descriptor: source.descriptor, parts: source.body.parts, owner: Held { count.withLock { $0 += 1 } })
            return "HTTP/1.1 200 OK\r\nBerth-Body: \(bodies.leave(body))\r\nContent-Length: \(body.size)\r\n\r\n"
        }
        defer { stub.close() }
        try await TestRouter.with(["git.localhost": stub.target], configure: { $0.handedBodies = bodies }) {
            router async throws in
            try await router.client { connection throws in
                try connection.write("GET /large HTTP/1.1\r\nHost: git.localhost\r\n\r\n")
                _ = try connection.read(1000)
                connection.reset()
            }
            try await eventually("the file is let go of") { count.withLock { $0 } == 1 }
        }
    }

    private final class Held: Sendable {
        let end: @Sendable () -> Void
        init(_ end: @escaping @Sendable () -> Void) { self.end = end }
        deinit { end() }
    }
}
