import Blocking
import Core
import Logging
import ServiceLifecycle
import Synchronization

/// Our own Postgres cluster below the data folder: made at the first start, run as an unprivileged user, watched, stopped
/// with the server. When the server is killed the cluster goes on, and the next start takes it over.
public final class PostgresCluster: Service {
    private enum State {
        case starting
        case ready(ClusterCredentials)
        case failed(PlatformError)
        case stopped
    }

    private let configuration: ClusterConfiguration
    private let logger: Logger
    private let starter: ClusterStarter
    private let state = Mutex(State.starting)

    public init(_ configuration: ClusterConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        starter = ClusterStarter(configuration, logger: logger)
    }

    /// Starts the cluster and keeps it running until graceful shutdown or cancellation, then stops it. A cluster that
    /// cannot be started is tried again, ever more slowly; that is logged and does not end the server.
    public func run() async throws {
        await cancelWhenGracefulShutdown { await self.supervise() }
    }

    /// Waits until the cluster accepts connections. Throws `.databaseUnavailable` when it could not be started, was
    /// stopped, or is not ready within `seconds`.
    public func waitUntilReady(seconds: Double = 60) async throws(PlatformError) {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < deadline {
            switch state.withLock({ $0 }) {
            case .ready: return
            case .failed(let error): throw error
            case .stopped: throw Self.unavailable
            case .starting: break
            }
            do { try await Task.sleep(for: .milliseconds(10)) } catch {
                throw PlatformError(.cancelled, "waiting for Postgres was cancelled")
            }
        }
        throw PlatformError(.databaseUnavailable, "Postgres is still starting; try again")
    }

    /// Where containers reach the cluster. Throws `.databaseUnavailable` while it is not ready.
    public func endpoint() throws(PlatformError) -> DatabaseEndpoint {
        DatabaseEndpoint(
            host: configuration.gatewayAddresses.first ?? ClusterSettings.loopback, port: try credentials().port)
    }

    /// Where the administrator connects.
    func target() throws(PlatformError) -> PostgresTarget {
        let credentials = try credentials()
        return PostgresTarget(
            host: ClusterSettings.loopback, port: credentials.port, user: ClusterSettings.superuser,
            password: credentials.password, database: "postgres")
    }

    private func credentials() throws(PlatformError) -> ClusterCredentials {
        guard case .ready(let credentials) = state.withLock({ $0 }) else { throw Self.unavailable }
        return credentials
    }

    private static var unavailable: PlatformError {
        PlatformError(.databaseUnavailable, "Postgres is not running")
    }

    // MARK: - Supervision

    private func supervise() async {
        var pause = Duration.milliseconds(50)
        while !Task.isCancelled {
            let start = ContinuousClock.now
            do {
                let running = try await starter.start()
                state.withLock { $0 = .ready(running.credentials) }
                logger.info(
                    "Postgres is ready",
                    metadata: [
                        "port": "\(running.credentials.port)", "pid": "\(running.postmaster.process.pid)",
                        "adopted": "\(running.isAdopted)", "took": "\(ContinuousClock.now - start)",
                    ])
                await Self.endOrCancellation(of: running.postmaster)
                if Task.isCancelled {
                    state.withLock { $0 = .stopped }
                    await running.postmaster.stop()
                    logger.info("Postgres has stopped")
                    return
                }
                state.withLock { $0 = .starting }
                logger.warning("Postgres ended by itself and is started again")
                pause = ContinuousClock.now - start > .seconds(30) ? .milliseconds(50) : min(pause * 2, .seconds(5))
            } catch  where Task.isCancelled {
                break
            } catch {
                let failure = error as? PlatformError ?? .internal("Postgres could not be started", cause: error)
                state.withLock { $0 = .failed(failure) }
                logger.error("Postgres could not be started", metadata: ["reason": "\(failure)"])
                pause = min(pause * 2, .seconds(30))
            }
            try? await Task.sleep(for: pause)
        }
        state.withLock { $0 = .stopped }
    }

    private static func endOrCancellation(of postmaster: Postmaster) async {
        let (ended, continuation) = AsyncStream<Never>.makeStream()
        let watcher = Task {
            await postmaster.exit.value
            continuation.finish()
        }
        // Ends when the stream is finished and when this task is cancelled.
        for await _ in ended {}
        watcher.cancel()
    }
}
