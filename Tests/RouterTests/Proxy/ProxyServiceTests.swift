import Core
import Logging
import ServiceLifecycle
import Testing

@testable import Router

@Suite struct ProxyServiceTests {
    @Test func finishesOpenRequestsWhenItStops() async throws {
        let answer = Gate()
        let upstream = try StubUpstream { connection in
            _ = try connection.readHead()
            answer.wait()
            try connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        }
        defer { upstream.close() }
        // One worker: when it has closed the idle connection, it also knows that the open one is its last.
        try await TestRouter.with(["app.localhost": upstream.target], configure: { $0.workers = 1 }) {
            router async throws in
            let (isIdle, isIdleClosed) = (Shared(false), Shared(false))
            async let idle: Void = router.client { connection throws in
                #expect(try connection.get(host: "nobody.localhost").status == 404)
                isIdle.update { $0 = true }
                let rest = try connection.readToEnd()
                isIdleClosed.update { $0 = rest.isEmpty }
            }
            async let open = router.get()
            try await eventually("the request is open") { upstream.connections == 1 && isIdle.value }
            async let stopped: Void = router.service.shutdown(within: .seconds(20))
            try await idle
            #expect(isIdleClosed.value)
            answer.open()
            let response = try await open
            #expect(response.text == "ok")
            #expect(response["connection"] == "close")
            await stopped
            #expect(router.service.port == nil)
        }
    }

    @Test func cutsWhatIsOpenAtTheDeadline() async throws {
        let upstream = try StubUpstream { connection in _ = try connection.readToEnd() }
        defer { upstream.close() }
        try await TestRouter.with(["app.localhost": upstream.target]) { router async throws in
            async let open = router.get()
            try await eventually("the request is open") { upstream.connections == 1 }
            await router.service.shutdown(within: .milliseconds(50))
            #expect(try await open.status == 503)
        }
    }

    @Test func stopsOnGracefulShutdown() async throws {
        var configuration = RouterConfiguration()
        configuration.port = 0
        configuration.workers = 1
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let service = ProxyService(configuration: configuration, routes: RouteTableBox(), logger: logger)
        let group = ServiceGroup(services: [service], logger: logger)
        async let running: Void = group.run()
        try await eventually("the router listens") { service.port != nil }
        await group.triggerGracefulShutdown()
        try await running
        #expect(service.port == nil)
    }

    @Test func anAddressInUseIsAnError() async throws {
        try await TestRouter.with { router async throws in
            var configuration = RouterConfiguration()
            configuration.port = router.port
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let second = ProxyService(configuration: configuration, routes: RouteTableBox(), logger: logger)
            await #expect(throws: PlatformError.self) { try await second.start() }
            configuration.host = "localhost"
            let third = ProxyService(configuration: configuration, routes: RouteTableBox(), logger: logger)
            await #expect(throws: PlatformError.self) { try await third.start() }
        }
    }
}
