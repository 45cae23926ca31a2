import Foundation
import Hummingbird
import Logging
import NIOPosix
import ServiceLifecycle

/// A Hummingbird application on a private Unix socket, for the router to reach: the API, git, the dashboard.
struct PrivateServer<Responder: HTTPResponder>: Service
where Responder.Context: InitializableFromSource<ApplicationRequestContextSource> {
    let socketPath: String
    let responder: Responder
    /// Told once the socket takes connections.
    let opened: AsyncStream<Void>.Continuation
    let logger: Logger

    func run() async throws {
        // A socket file that a killed process left keeps the address taken.
        try? FileManager.default.removeItem(atPath: socketPath)
        let application = Application(
            responder: responder,
            configuration: ApplicationConfiguration(address: .unixDomainSocket(path: socketPath), serverName: nil),
            onServerRunning: { _ in opened.yield() },
            eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton), logger: logger)
        try await application.run()
    }
}
