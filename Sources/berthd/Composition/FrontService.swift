import Control
import Core
import Foundation
import Logging
import Router
import ServiceLifecycle
import UnixSignals

/// Opens the listener once everything behind it takes connections, says so, and takes up what a stop interrupted.
struct FrontService: Service {
    let control: ControlPlane
    let leftovers: Leftovers
    let router: ProxyService
    /// One element for each private server that is open.
    let opened: AsyncStream<Void>
    let privateServers: Int
    let banner: @Sendable () async throws -> String
    let logger: Logger

    func run() async throws {
        var waiting = privateServers
        for await _ in opened {
            waiting -= 1
            if waiting == 0 { break }
        }
        do throws(PlatformError) { try await router.start() } catch {
            // Said before the other parts have stopped, which takes its time.
            logger.critical(
                "the server cannot start",
                metadata: ["reason": "\(error.message)", "cause": "\(error.cause ?? "none")"])
            throw error
        }
        FileHandle.standardOutput.write(Data(try await banner().utf8))
        await withTaskGroup(of: Void.self) { group in
            // What it has not come to is left for the next start.
            group.addTask { await cancelWhenGracefulShutdown { await control.resume(leftovers) } }
            // Without a log SIGHUP keeps its meaning: the terminal has gone.
            if router.keepsAccessLog { group.addTask { await reopenLogOnHangUp() } }
            group.addTask { try? await router.run() }
        }
    }
}

extension FrontService {
    /// SIGHUP: who rotates logs has moved the access log away.
    private func reopenLogOnHangUp() async {
        let signals = await UnixSignalsSequence(trapping: .sighup)
        await cancelWhenGracefulShutdown { for await _ in signals { router.reopenAccessLog() } }
    }
}

/// At shutdown, before the router closes: running deploys may end, and their pushes hear of it.
struct ControlService: Service {
    let control: ControlPlane
    let grace: Duration

    func run() async throws {
        await cancelWhenGracefulShutdown { await control.keepUp() }
        await control.close(grace: grace)
    }
}
