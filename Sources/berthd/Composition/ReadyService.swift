import Control
import Core
import Foundation
import Logging
import Router
import ServiceLifecycle

/// Says when the server is ready, takes up what a stop or a crash interrupted, and at shutdown lets deploys end.
struct ReadyService: Service {
    let control: ControlPlane
    let router: ProxyService
    let provisioner: (any DatabaseProvisioner)?
    let settings: Settings
    let firstUser: (name: String, token: String)?
    let started: ContinuousClock.Instant
    let logger: Logger

    func run() async throws {
        _ = try await router.waitUntilListening()
        let banner = Banner(address: try settings.address, firstUser: firstUser, took: started.duration(to: .now))
        FileHandle.standardOutput.write(Data(banner.text.utf8))
        // Instances that were found running get through to the database again as soon as it is there.
        if let provisioner { Task { _ = try? await provisioner.endpoint() } }
        await control.resume()
        try? await gracefulShutdown()
        await control.close(grace: .seconds(settings.shutdownSeconds / 2))
    }
}
