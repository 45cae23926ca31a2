import Core
import Logging

@testable import Router

/// A running router on a free port, and what it routes to.
struct TestRouter {
    let service: ProxyService
    let routes: RouteTableBox
    let port: Int

    @discardableResult
    static func with<Value>(
        _ routes: [String: RouteTarget] = [:], siteCacheBytes: Int = 1024 * 1024,
        longLivedDrain: Duration = .seconds(1),
        configure: (inout RouterConfiguration) -> Void = { _ in },
        _ body: (TestRouter) async throws -> Value
    ) async throws -> Value {
        var configuration = RouterConfiguration()
        configuration.port = 0
        configuration.workers = 2
        configuration.timerResolution = .milliseconds(20)
        configure(&configuration)
        let box = RouteTableBox(siteCacheBytes: siteCacheBytes, longLivedDrain: longLivedDrain)
        box.publish(routes)
        var logger = Logger(label: "test.router") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .critical
        let service = ProxyService(configuration: configuration, routes: box, logger: logger)
        try await service.start()
        let router = TestRouter(service: service, routes: box, port: service.port ?? 0)
        do {
            let value = try await body(router)
            await service.shutdown(within: .zero)
            return value
        } catch {
            await service.shutdown(within: .zero)
            throw error
        }
    }

    /// Sends raw bytes on a fresh connection and reads until the router closes or a whole response is there.
    func exchange(_ request: String) async throws -> RawResponse {
        try await client { connection throws in
            try connection.write(request)
            return try connection.readResponse()
        }
    }

    func get(_ path: String = "/", host: String = "app.localhost", extra: String = "") async throws -> RawResponse {
        try await client { try $0.get(path, host: host, extra: extra) }
    }

    /// Runs blocking client code on a fresh connection.
    func client<Value: Sendable>(_ body: @escaping @Sendable (RawConnection) throws -> Value) async throws -> Value {
        let port = port
        return try await onThread { try body(RawConnection(port: port)) }
    }
}
