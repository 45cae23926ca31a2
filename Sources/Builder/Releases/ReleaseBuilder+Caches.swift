import Blocking
import Core
import Logging

/// What an app's builds leave to its later ones.
extension ReleaseBuilder {
    var cache: BuildCache { BuildCache(directory: configuration.caches) }

    /// Lends the plan's caches while `body` runs, and keeps them when it succeeds. What a build that failed leaves may be the
    /// reason, so that is dropped.
    func withCaches<Value: Sendable>(
        _ plan: BuildPlan, of request: BuildRequest, log: any DeployLogSink,
        _ body: (String?) async throws(PlatformError) -> Value
    ) async throws(PlatformError) -> Value {
        guard let caches = plan.caches else { return try await body(nil) }
        let (cache, app, build, account) = (cache, request.app.id, "\(request.release)", request.channel.account)
        let lease: BuildCache.Lease
        do {
            lease = try await pool.run { () throws(FileError) in
                try cache.lease(caches, app: app, build: build, account: account)
            }
        } catch {
            throw error.platformError("the folders for what builds keep could not be made")
        }
        for name in lease.filled { log.write("cache \(name): taken over from an earlier build") }
        do throws(PlatformError) {
            let value = try await body(lease.folder)
            await giveBack(lease, log: log)
            return value
        } catch {
            await drop(lease)
            throw error
        }
    }

    private func giveBack(_ lease: BuildCache.Lease, log: any DeployLogSink) async {
        let cache = cache
        do {
            let dropped = try await pool.run { () throws(FileError) in try cache.giveBack(lease) }
            for (plan, bytes) in dropped {
                log.write(
                    "cache \(plan.name): not kept, it has \(ByteCount.text(bytes)) and may have \(ByteCount.text(plan.bytes))"
                )
            }
        } catch {
            // The next build has an empty one; that is all.
            logger.warning("caches not kept", metadata: ["app": "\(lease.app)", "error": "\(error)"])
            await drop(lease)
        }
    }

    private func drop(_ lease: BuildCache.Lease) async {
        let cache = cache
        do {
            try await pool.run { () throws(FileError) in try cache.drop(lease) }
        } catch {
            logger.warning("caches not removed", metadata: ["app": "\(lease.app)", "error": "\(error)"])
        }
    }
}
