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
    let group: MultiThreadedEventLoopGroup
    let logger: Logger

    func run() async throws {
        // A socket file that a killed process left keeps the address taken.
        try? FileManager.default.removeItem(atPath: socketPath)
        let application = Application(
            responder: responder,
            configuration: ApplicationConfiguration(address: .unixDomainSocket(path: socketPath), serverName: nil),
            eventLoopGroupProvider: .shared(group), logger: logger)
        try await application.run()
    }
}
