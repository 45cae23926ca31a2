import Core
import Git
import Logging
import ServiceLifecycle
import UnixSignals

/// Keeps the repositories quick: after many pushes, at an interval, and wholly on SIGUSR1 (`berthd gc`) and once a week.
struct MaintenanceService: Service {
    private static let week = 7 * 86_400

    let store: RepositoryStore
    let interval: Duration
    let logger: Logger

    func run() async throws {
        // A round that has begun is short, and leaves nothing half done.
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await serveRequests() }
                group.addTask { await lookOver() }
                group.addTask { await serveSignals() }
            }
        }
    }

    private func serveRequests() async {
        await withDiscardingTaskGroup { group in
            for await app in store.maintenanceRequests {
                if await maintain(app, .usual) { group.addTask { await removeReplaced(app) } }
            }
            group.cancelAll()
        }
    }

    private func lookOver() async {
        await withDiscardingTaskGroup { group in
            while (try? await Task.sleep(for: interval)) != nil {
                for app in await store.apps() {
                    guard !Task.isCancelled else { return }
                    let age = await store.age(ofFullMaintenance: app) ?? .max
                    let hasReplaced = await maintain(app, age > Self.week ? .full : .usual)
                    if hasReplaced { group.addTask { await removeReplaced(app) } }
                }
            }
        }
    }

    private func serveSignals() async {
        let signals = await UnixSignalsSequence(trapping: .sigusr1)
        await withDiscardingTaskGroup { group in
            for await _ in signals {
                logger.notice("maintenance of every repository begins")
                for app in await store.apps() {
                    guard !Task.isCancelled else { return }
                    if await maintain(app, .full) { group.addTask { await removeReplaced(app) } }
                }
                logger.notice("maintenance of every repository has ended")
            }
        }
    }

    /// What a round has replaced goes when nobody can be reading it any more.
    private func removeReplaced(_ app: ID<App>) async {
        let grace = store.configuration.maintenance.supersededGrace
        repeat {
            guard (try? await Task.sleep(for: .seconds(grace + 1))) != nil else { return }
        } while await maintain(app, .usual)
    }

    /// Whether packs were replaced.
    private func maintain(_ app: ID<App>, _ depth: MaintenanceDepth) async -> Bool {
        do throws(PlatformError) {
            let report = try await store.maintain(app, depth)
            if !report.isEmpty {
                logger.info("repository maintained", metadata: ["app": "\(app)", "done": "\(report)"])
            }
            return report.consolidatedPacks > 0
        } catch {
            logger.error("maintenance failed", metadata: ["app": "\(app)", "cause": "\(error.cause ?? error.message)"])
            return false
        }
    }
}
