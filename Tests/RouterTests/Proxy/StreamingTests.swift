import Core
import TestSupport
import Testing

@testable import Router

@Suite struct StreamingTests {
    @Test func everyChunkIsPassedOnAtOnce() async throws {
        let next = Gate()
        let upstream = try StubUpstream { connection in
            _ = try connection.readHead()
            try connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for index in 0..<5 {
                next.wait()
                try connection.write("2\r\n#\(index)\r\n")
            }
            try connection.write("0\r\n\r\n")
            _ = try connection.readSome()
        }
        defer { upstream.close() }
        try await TestRouter.with(["app.localhost": upstream.target]) { router async throws in
            try await router.client { connection throws in
                try connection.write("GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n")
                _ = try connection.readHead()
                for index in 0..<5 {
                    // The upstream writes the next chunk only when this one is here.
                    next.open()
                    let text = try connection.readText(7)
                    #expect(text == "2\r\n#\(index)\r\n")
                }
                let end = try connection.readText(5)
                #expect(end == "0\r\n\r\n")
            }
        }
    }

    @Test func aHeadWhoseBodyDoesNotComeIsPassedOn() async throws {
        let isRead = Gate()
        let upstream = try StubUpstream { connection in
            _ = try connection.readHead()
            try connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
            isRead.wait()
            try connection.write("o")
            isRead.wait()
            try connection.write("k")
            _ = try connection.readSome()
        }
        defer { upstream.close() }
        try await TestRouter.with(["app.localhost": upstream.target]) { router async throws in
            try await router.client { connection throws in
                try connection.write("GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n")
                #expect(try connection.readHead()["content-length"] == "2")
                isRead.open()
                #expect(try connection.readText(1) == "o")
                isRead.open()
                #expect(try connection.readText(1) == "k")
            }
        }
    }

    @Test func aHeadAndABodyOfTwoCallsReachTheClientAsOne() async throws {
        let upstream = try StubUpstream { connection in
            while true {
                _ = try connection.readHead()
                try connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
                pause(milliseconds: 2)
                try connection.write("ok")
            }
        }
        defer { upstream.close() }
        try await TestRouter.with(["app.localhost": upstream.target]) { router async throws in
            try await router.client { connection throws in
                var whole = 0
                // The machine may be so busy that a body is late; ten in a row are no accident.
                for _ in 0..<2000 where whole < 10 {
                    try connection.write("GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n")
                    var text = String(decoding: try connection.readSome(), as: UTF8.self)
                    whole = text.hasSuffix("ok") ? whole + 1 : 0
                    while !text.hasSuffix("ok") { text += String(decoding: try connection.readSome(), as: UTF8.self) }
                }
                #expect(whole == 10)
            }
        }
    }

    @Test func everyPieceOfAnUploadIsPassedOnAtOnce() async throws {
        let folder = try TemporaryDirectory("router-upload")
        let arrived = Gate()
        let upstream = try StubUpstream(path: folder.path("git.sock")) { connection in
            _ = try connection.readHead()
            for _ in 0..<5 {
                _ = try connection.read(3)
                arrived.open()
            }
            try connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        }
        defer { upstream.close() }
        try await TestRouter.with(["git.localhost": upstream.target]) { router async throws in
            try await router.client { connection throws in
                try connection.write("POST / HTTP/1.1\r\nHost: git.localhost\r\nContent-Length: 15\r\n\r\n")
                for _ in 0..<5 {
                    try connection.write("abc")
                    arrived.wait()
                }
                let text = try connection.readResponse().text
                #expect(text == "ok")
            }
        }
    }

    /// How much of an endless response the router takes from the upstream while the client reads nothing.
    @Test func aSlowReaderHoldsTheUpstreamBack() async throws {
        let total = 512 * 1024 * 1024
        let sent = Shared(0)
        let upstream = try StubUpstream { connection in
            _ = try connection.readHead()
            try connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(total)\r\n\r\n")
            let part = [UInt8](repeating: 7, count: 64 * 1024)
            for _ in 0..<(total / part.count) {
                try connection.write(part)
                sent.update { $0 += part.count }
            }
        }
        defer { upstream.close() }
        try await TestRouter.with(["app.localhost": upstream.target]) { router async throws in
            let before = residentBytes()
            let port = router.port
            let received = try await onThread {
                let connection = try RawConnection(port: port, receiveBuffer: 64 * 1024)
                try connection.write("GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n")
                _ = try connection.readHead()
                // Nobody reads until the flow has come to a stop.
                var last = -1
                while sent.value != last {
                    last = sent.value
                    pause(milliseconds: 300)
                }
                #expect(last < total / 4)
                var received = 0
                while received < total {
                    let part = try connection.readSome(256 * 1024)
                    guard part.first == 7, part.last == 7 else { break }
                    received += part.count
                }
                return received
            }
            #expect(received == total)
            // Other tests of the process use memory as well, but not so much.
            #expect(residentBytes() - before < total)
        }
    }

    @Test func aSlowUpstreamHoldsTheUploadBack() async throws {
        // The kernel may keep as much as tcp_rmem says, 32 MiB on some machines, on each of two connections.
        let total = 256 * 1024 * 1024
        let sent = Shared(0)
        let upstream = try StubUpstream { connection in
            _ = try connection.readHead()
            var last = -1
            while sent.value != last {
                last = sent.value
                pause(milliseconds: 300)
            }
            var received = 0
            while received < total { received += try connection.readSome(256 * 1024).count }
            try connection.write("HTTP/1.1 200 OK\r\nContent-Length: \("\(last)".utf8.count)\r\n\r\n\(last)")
        }
        defer { upstream.close() }
        try await TestRouter.with(["app.localhost": upstream.target]) { router async throws in
            let stopped = try await router.client { connection throws in
                try connection.write("POST / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: \(total)\r\n\r\n")
                let part = [UInt8](repeating: 7, count: 64 * 1024)
                for _ in 0..<(total / part.count) {
                    try connection.write(part)
                    sent.update { $0 += part.count }
                }
                return try connection.readResponse().text
            }
            let bytes = Int(stopped) ?? 0
            #expect(bytes < total / 2)
        }
    }

    @Test func anEarlyAnswerArrivesBeforeTheBodyIsSent() async throws {
        let upstream = try StubUpstream { connection in
            _ = try connection.readHead()
            try connection.write("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig")
            _ = try? connection.readToEnd()
        }
        defer { upstream.close() }
        try await TestRouter.with(["app.localhost": upstream.target]) { router async throws in
            try await router.client { connection throws in
                try connection.write("POST / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 1000000\r\n\r\nabc")
                let response = try connection.readResponse()
                #expect(response.status == 413)
                #expect(response.text == "big")
                #expect(response["connection"] == "close")
                let rest = try connection.readToEnd()
                #expect(rest.isEmpty)
            }
        }
    }

    @Test func aClientThatStillSendsSeesTheEarlyAnswer() async throws {
        let upstream = try StubUpstream { connection in
            _ = try connection.readHead()
            try connection.write("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno")
        }
        defer { upstream.close() }
        try await TestRouter.with(["app.localhost": upstream.target]) { router async throws in
            try await router.client { connection throws in
                try connection.write("POST / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 2000000\r\n\r\n")
                for _ in 0..<20 { try? connection.write([UInt8](repeating: 1, count: 50_000)) }
                let status = try connection.readResponse().status
                // The upstream closed without reading: its answer, or that it failed, but an answer.
                #expect(status == 401 || status == 502)
            }
        }
    }

    @Test func aClientThatLeavesEndsTheUpstreamsWork() async throws {
        let upstream = try StubUpstream { connection in
            _ = try connection.readHead()
            try connection.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
            _ = try connection.readToEnd()
        }
        defer { upstream.close() }
        try await TestRouter.with(
            ["app.localhost": upstream.target], configure: { $0.halfCloseGrace = .milliseconds(100) }
        ) { router async throws in
            for isReset in [true, false] {
                try await router.client { connection throws in
                    try connection.write("GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n")
                    _ = try connection.readHead()
                    if isReset { connection.reset() } else { connection.close() }
                }
            }
            try await eventually("upstream connections closed") {
                upstream.connections == 2 && upstream.openConnections == 0
            }
        }
    }
}
