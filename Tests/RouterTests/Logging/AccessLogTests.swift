import Core
import Foundation
import Logging
import TestSupport
import Testing

@testable import Router

@Suite struct AccessLogTests {
    private let folder: TemporaryDirectory
    private var path: String { folder.path("access.log") }

    init() throws { folder = try TemporaryDirectory("router-log") }

    private func lines(_ path: String? = nil) -> [String] {
        let text = (try? String(contentsOfFile: path ?? self.path, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map(String.init)
    }

    @Test func eachRequestHasOneLine() async throws {
        let site = try TestSite(["index.html": "hello"])
        let stub = try StubUpstream.answering { head, _ in
            let id = head["x-request-id"] ?? ""
            return "HTTP/1.1 201 Created\r\nContent-Length: \(id.utf8.count)\r\n\r\n\(id)"
        }
        defer { stub.close() }
        let path = path
        let made = try await TestRouter.with(
            ["site.localhost": site.target, "app.localhost": stub.target], configure: { $0.accessLog = path }
        ) { router async throws in
            try await router.client { connection throws in
                for _ in 0..<3 {
                    _ = try connection.get(
                        "/?q=1", host: "site.localhost", extra: "Referer: https://a/b\r\nUser-Agent: t 1\r\n")
                }
                let made = try connection.get("/made").text
                _ = try connection.get("/named", extra: "X-Request-Id: mine\r\n")
                _ = try connection.get(host: "nobody.localhost")
                try connection.write("NONSENSE\r\n\r\n")
                _ = try connection.readResponse()
                return made
            }
        }
        let lines = lines()
        let line = /(\S+) - - \[[^\]]+ \+0000\] "([^"]*)" (\d+) (\d+) "([^"]*)" "([^"]*)" (\S+) (\S+) (\d+\.\d+) (\S+)/
        let fields = try lines.map { try #require($0.wholeMatch(of: line), "\($0)") }
        try #require(fields.count == 7)
        #expect(fields.allSatisfy { $0.1 == "127.0.0.1" })
        #expect(
            fields.map { $0.2 } == Array(repeating: "GET /?q=1 HTTP/1.1", count: 3)
                + ["GET /made HTTP/1.1", "GET /named HTTP/1.1", "GET / HTTP/1.1", "NONSENSE"])
        #expect(fields.map { $0.3 } == ["200", "200", "200", "201", "201", "404", "400"])
        #expect(fields[0].5 == "https://a/b" && fields[0].6 == "t 1" && fields[3].6 == "-")
        #expect(
            fields.map { $0.7 } == Array(repeating: "site.localhost", count: 3)
                + ["app.localhost", "app.localhost", "nobody.localhost", "-"])
        #expect(fields.map { $0.8 } == ["-", "-", "-", "127.0.0.1:\(stub.port)", "127.0.0.1:\(stub.port)", "-", "-"])
        #expect((Int(fields[0].4) ?? 0) > 100)
        // The app was told the same id.
        #expect(fields[3].10 == made && fields[4].10 == "mine")
    }

    @Test func attack22ARequestThatIsRefusedHasALineAlsoBehindOneThatIsAnswered() async throws {
        let path = path
        try await TestRouter.with([:], configure: { $0.accessLog = path }) { router async throws in
            try await router.client { connection throws in
                let first = "GET /first HTTP/1.1\r\nHost: nobody.localhost\r\n\r\n"
                try connection.write(first + "GET /second HTTP/1.1\r\n\r\n")
                _ = try connection.readResponse()
                _ = try connection.readResponse()
            }
        }
        let lines = lines()
        try #require(lines.count == 2)
        #expect(lines[0].contains(#""GET /first HTTP/1.1" 404 "#))
        #expect(lines[1].contains(#""GET /second HTTP/1.1" 400 "#))
    }

    /// A client that writes the log's own syntax makes no line and no field of it.
    @Test func attack22NothingThatAClientSendsMakesALineOfItsOwn() async throws {
        let site = try TestSite(["index.html": "hello"])
        let path = path
        try await TestRouter.with(["app.localhost": site.target], configure: { $0.accessLog = path }) {
            router async throws in
            _ = try await router.get(
                "/\"%0a127.0.0.1\\", extra: "User-Agent: x\" 200 1 \\n \u{e9}\tend\r\nReferer: \"\r\n")
            _ = try await router.exchange("GET / HTTP/1.1\r\nHost: a\"\u{1}b\r\n\r\n")
            _ = try await router.exchange("GET /\u{7f}\"\u{1b}[2J HTTP/1.1\r\nHost: a\r\n\r\n")
        }
        let lines = lines()
        #expect(lines.count == 3)
        #expect(lines.allSatisfy { $0.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7f } })
        let first = lines.first ?? ""
        #expect(first.contains(#""GET /\x22%0a127.0.0.1\x5c HTTP/1.1" 404 "#))
        #expect(first.contains(#" "\x22" "x\x22 200 1 \x5cn \xc3\xa9\x09end" app.localhost "#))
        #expect(lines.allSatisfy { line in line.count { $0 == "\"" } == 6 })
    }

    @Test func streamsOfHTTP2AreRequestsAsWell() async throws {
        let site = try TestSite(["index.html": "hello"])
        let path = path
        let named = FrameConnection.get() + [("user-agent", "t 2"), ("x-request-id", "mine")]
        let status = try await HTTP2Tests.with(
            ["app.localhost": site.target], configure: { $0.accessLog = path }
        ) { client throws in
            var status: [Int] = []
            // The first few are read, what comes after them is known and its answer is ready.
            for stream in stride(from: 1, to: 40, by: 2) {
                try client.request(stream, FrameConnection.get() + [("user-agent", "t 1")])
                status.append(try client.response(stream).status)
            }
            for stream in stride(from: 41, to: 50, by: 2) {
                try client.request(stream, named)
                status.append(try client.response(stream).status)
            }
            return status
        }
        #expect(status == Array(repeating: 200, count: 25))
        let line =
            /127\.0\.0\.1 - - \[[^\]]+\] "GET \/ HTTP\/2\.0" 200 (\d+) "-" "(t \d)" app\.localhost - \d+\.\d{3} (\S+)/
        let fields = try lines().map { try #require($0.wholeMatch(of: line), "\($0)") }
        #expect(fields.map { $0.2 } == Array(repeating: "t 1", count: 20) + Array(repeating: "t 2", count: 5))
        #expect(Set(fields.map { $0.1 }).count == 1)
        #expect(Set(fields.prefix(20).map { $0.3 }).count == 20)
        #expect(fields.suffix(5).allSatisfy { $0.3 == "mine" })
    }

    @Test(arguments: [true, false])
    func aNewFileIsBegunWhenTheOldOneWasMovedAway(isTold: Bool) async throws {
        let site = try TestSite(["index.html": "hello"])
        let path = path
        try await TestRouter.with(["app.localhost": site.target], configure: { $0.accessLog = path }) {
            router async throws in
            _ = try await router.get("/?1")
            try await eventually("the first line is there") { lines().count == 1 }
            try FileManager.default.moveItem(atPath: path, toPath: path + ".1")
            if isTold { router.service.reopenAccessLog() }
            _ = try await router.get("/?2")
            try await eventually("the second line is there") { lines().count == 1 }
            #expect(lines().first?.contains("/?2") == true)
            #expect(lines(path + ".1").count == 1)
        }
    }

    @Test func aLogThatCannotBeOpenedIsSaidAtOnce() async throws {
        let path = folder.path("no/such/folder")
        await #expect(throws: PlatformError.self) {
            try await TestRouter.with([:], configure: { $0.accessLog = path }) { _ in }
        }
    }

    @Test func whatDoesNotFitIsDropped() async throws {
        let pipe = folder.path("pipe")
        mkfifo(pipe, 0o600)
        // Nobody reads it: after the pipe's own 64 KiB the writer waits, and lines pile up.
        let reader = open(pipe, O_RDONLY | O_NONBLOCK)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let log = try AccessLog(path: pipe, logger: logger)
        let line = [UInt8](repeating: 97, count: 1023) + [10]
        for _ in 0..<20_000 { log.append(line) }
        async let finished: Void = log.finish()
        let isDone = Shared(false)
        async let reading: Int = onThread {
            var count = 0
            var part = [UInt8](repeating: 0, count: 1 << 20)
            while true {
                let got = read(reader, &part, part.count)
                if got > 0 { count += got } else if isDone.value { break } else { pause(milliseconds: 1) }
            }
            return count
        }
        await finished
        isDone.update { $0 = true }
        let count = try await reading
        // What the pipe holds, what is being written, and what waits.
        #expect(count > 1 << 20 && count <= 65_536 + 2 * AccessLog.maximumWaiting)
        close(reader)
    }
}
