import Core
import Logging

/// Removes what belonged to a deleted app or channel: deploys, containers, files, then schema and role, then the rows.
/// Each step may be repeated, so that a start of the server finishes what a crash left.
struct Removal: Sendable {
    let platform: Platform
    let databases: DatabaseService
    let queue: DeployQueue
    let retirement: Retirement
    let sites: SiteRoutes
    let sleeping: Sleeping
    let work: ServingWork
    /// What goes on after `remove` has returned.
    let unfinished = BackgroundTasks()

    /// On return nothing of the app runs and its files are gone. Its schemas and roles go in the background: dropping a
    /// database makes Postgres write a checkpoint, which may take seconds.
    func remove(_ app: App, channels: [Channel]) async {
        await attempt("app", "\(app.id)") { () async throws(PlatformError) in
            for channel in channels { try await clear(channel) }
            await platform.builder.forget(app.id)
            try await platform.repository.delete(app.id)
            platform.pass(.deletionCleared)
            finish("app", "\(app.id)") { () async throws(PlatformError) in
                for channel in channels { try await databases.drop(channel.id) }
                try await platform.apps.purge(app.id)
            }
        }
    }

    /// As for an app.
    func remove(_ channel: Channel) async {
        await attempt("channel", "\(channel.id)") { () async throws(PlatformError) in
            try await clear(channel)
            platform.pass(.deletionCleared)
            finish("channel", "\(channel.id)") { () async throws(PlatformError) in
                try await databases.drop(channel.id)
                try await platform.channels.purge(channel.id)
            }
        }
    }

    private func clear(_ channel: Channel) async throws(PlatformError) {
        sites.withdraw(channel)
        await queue.cancel(channel.id, reason: "the channel was deleted")
        await sleeping.end(channel.id)
        await work.end(channel.id)
        try await retirement.stopAll(of: channel.id)
        try await platform.volumes.remove(channel.id)
        for release in try await platform.releases.releases(channel: channel.id) {
            await platform.builder.remove(release.id)
            try await platform.releases.delete(release.id)
        }
        let deploys = try await platform.deploys.deploys(channel: channel.id, limit: .max)
        await platform.deployLogs.delete(deploys.map(\.id))
        if await platform.repository.exists(channel.appID) {
            for deploy in deploys where deploy.commit != nil {
                try await platform.repository.unpin(deploy.id, app: channel.appID)
            }
        }
    }

    /// Tries again, ever more slowly, until it is done or the server ends: Postgres may be away for a while.
    private func finish(
        _ kind: String, _ id: String, _ body: @escaping @Sendable () async throws(PlatformError) -> Void
    ) {
        unfinished.add {
            var attempts = 0
            while !(await attempt(kind, id, body)) {
                // Nothing comes back as long as this server runs without Postgres.
                guard platform.provisioner != nil else { return }
                attempts += 1
                let pause = platform.configuration.databaseRetry.pause(after: attempts)
                guard (try? await Task.sleep(for: pause)) != nil else { return }
            }
        }
    }

    /// False when it failed, which is logged.
    @discardableResult
    private func attempt(
        _ kind: String, _ id: String, _ body: () async throws(PlatformError) -> Void
    ) async -> Bool {
        do throws(PlatformError) {
            try await body()
            return true
        } catch {
            platform.logger.error(
                "removal not finished; it is taken up again",
                metadata: ["kind": "\(kind)", "id": "\(id)", "error": "\(error)"])
            return false
        }
    }
}
