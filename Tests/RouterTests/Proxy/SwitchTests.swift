import Core
import Testing

@testable import Router

@Suite struct SwitchTests {
    struct Tally: Sendable {
        var answers = 0
        var failures: [String] = []
    }

    /// Clients that ask without pause until told to stop: on kept connections, on new ones, and with bodies.
    private static func hammer(_ port: Int, _ isRunning: Shared<Bool>, kind: Int) -> Tally {
        var tally = Tally()
        var kept: RawConnection?
        while isRunning.value {
            do {
                let connection = try kept ?? RawConnection(port: port)
                kept = kind == 0 ? nil : connection
                if kind == 2 {
                    try connection.write("POST / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 5\r\n\r\nhello")
                } else {
                    try connection.write("GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n")
                }
                let response = try connection.readResponse()
                if response.status == 200, response.text.hasPrefix("v") {
                    tally.answers += 1
                } else {
                    tally.failures.append("\(response.status) \(response.text)")
                }
            } catch {
                tally.failures.append("\(error)")
                kept = nil
            }
        }
        return tally
    }

    @Test func twentySwitchesUnderLoadLoseNoRequest() async throws {
        func version(_ number: Int) throws -> StubUpstream {
            try .answering { _, _ in
                if number % 3 == 0 { pause(milliseconds: 5) }
                let text = "v\(number)"
                return "HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)"
            }
        }
        var live = try version(0)
        try await TestRouter.with(["app.localhost": live.target]) { router async throws in
            let isRunning = Shared(true)
            let port = router.port
            let clients = (0..<9).map { index in
                Task { try await onThread { Self.hammer(port, isRunning, kind: index % 3) } }
            }
            for number in 1...20 {
                let next = try version(number)
                let old = live
                live = next
                router.routes.publish(next.target, at: "app.localhost")
                let report = await router.routes.drain(old.id, seconds: 20)
                #expect(report.cut == 0)
                old.close()
                let text = try await router.get().text
                #expect(text == "v\(number)")
            }
            isRunning.update { $0 = false }
            var answers = 0
            for client in clients {
                let tally = try await client.value
                #expect(tally.failures.isEmpty, "\(tally.failures.prefix(5))")
                answers += tally.answers
            }
            #expect(answers > 100)
            live.close()
        }
    }

    @Test func aRequestStaysWithTheVersionThatItBeganOn() async throws {
        let answer = Gate()
        let old = try StubUpstream { connection in
            _ = try connection.readHead()
            answer.wait()
            try connection.write("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nold")
            _ = try connection.readSome()
        }
        let new = try StubUpstream.saying("new")
        defer {
            old.close()
            new.close()
        }
        try await TestRouter.with(["app.localhost": old.target]) { router async throws in
            async let first = router.client { connection throws in
                [try connection.get().text, try connection.get().text]
            }
            try await eventually("the request is open") { old.connections == 1 }
            router.routes.publish(new.target, at: "app.localhost")
            #expect(try await router.get().text == "new")
            async let report = router.routes.drain(old.id, seconds: 20)
            answer.open()
            // The kept connection of the client outlives the switch.
            #expect(try await first == ["old", "new"])
            #expect(await report.cut == 0)
            try await eventually("kept connections to the old version closed") { old.openConnections == 0 }
        }
    }

    @Test func whatIsOpenAtTheDeadlineIsCut() async throws {
        let old = try StubUpstream { connection in
            let head = try connection.readHead()
            if head.line.contains("/begun") {
                try connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
            }
            if head["upgrade"] != nil {
                try connection.write(
                    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
            }
            _ = try connection.readToEnd()
        }
        let new = try StubUpstream.saying("new")
        defer {
            old.close()
            new.close()
        }
        try await TestRouter.with(["app.localhost": old.target]) { router async throws in
            async let waiting = router.get("/waiting")
            async let begun = try? router.get("/begun")
            async let socket = router.client { connection throws in
                try connection.write(
                    "GET / HTTP/1.1\r\nHost: app.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
                _ = try connection.readHead()
                return try connection.readToEnd()
            }
            try await eventually("the requests are open") { old.connections == 3 }
            router.routes.publish(new.target, at: "app.localhost")
            let report = await router.routes.drain(old.id, seconds: 1)
            #expect(report.cut == 3)
            #expect(try await waiting.status == 503)
            #expect(await begun == nil)
            // 1001, going away.
            #expect(try await socket == [0x88, 0x02, 0x03, 0xe9])
            try await eventually("connections to the old version closed") { old.openConnections == 0 }
        }
    }

    @Test func webSocketsAndEventStreamsOutliveTheDrain() async throws {
        let finish = Gate()
        let old = try StubUpstream { connection in
            let head = try connection.readHead()
            if head["upgrade"] != nil {
                try connection.write(
                    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
            } else {
                try connection.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
            }
            finish.wait()
            finish.open()
            try connection.write(head["upgrade"] != nil ? [0x81, 0x01, 0x61] : Array("data: 2\n\n".utf8))
        }
        let new = try StubUpstream.saying("new")
        defer {
            old.close()
            new.close()
        }
        try await TestRouter.with(["app.localhost": old.target], longLivedDrain: .seconds(20)) { router async throws in
            async let events = router.get("/events")
            async let socket = router.client { connection throws in
                try connection.write(
                    "GET / HTTP/1.1\r\nHost: app.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
                _ = try connection.readHead()
                return try connection.readToEnd()
            }
            try await eventually("the requests are open") { old.connections == 2 }
            router.routes.publish(new.target, at: "app.localhost")
            async let report = router.routes.drain(old.id, seconds: 1)
            // The drain's time is over when new requests have gone on for longer than it.
            let end = ContinuousClock.now + .seconds(2)
            while ContinuousClock.now < end { #expect(try await router.get().text == "new") }
            finish.open()
            #expect(try await events.text == "data: 1\n\ndata: 2\n\n")
            #expect(try await socket == [0x81, 0x01, 0x61])
            #expect(await report.cut == 0)
        }
    }
}
