import Core
import Logging
import Runner
import ServiceLifecycle

/// Removes file systems of packages that nothing names any more: when the server has started, and once a day.
struct RootfsCollection: Service {
    private static let interval = Duration.seconds(86_400)

    let store: RootfsStore
    let releases: any ReleaseStore
    /// Keys of those that installed templates name.
    let templates: @Sendable () throws(PlatformError) -> Set<String>
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            repeat { await collect() } while (try? await Task.sleep(for: Self.interval)) != nil
        }
    }

    /// Whatever cannot be told keeps all of them.
    func collect() async {
        do throws(PlatformError) {
            var keys = try templates()
            for id in try await releases.allReleaseIDs() {
                if let key = try await releases.release(id)?.plan.rootfs { keys.insert(key) }
            }
            await store.collect(keeping: keys)
        } catch {
            logger.warning("packages not looked over", metadata: ["error": "\(error)"])
        }
    }
}
