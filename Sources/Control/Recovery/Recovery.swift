import Core
import Logging

/// What a stop or a crash left behind, found before anything new was made.
public struct Leftovers: Sendable {
    /// Folders that no record knows.
    let releases: [ID<Release>]
    /// Records without a folder: their removal was cut short.
    let lost: Set<ID<Release>>
    /// Channels with deploys that wait.
    let channels: Set<ID<Channel>>
    /// What was missing of instances that could not be taken over, for people.
    let losses: [ID<Channel>: String]
}

/// Brings a restarted server back to where it was: what ran is found again or started anew, every hostname leads where
/// it should, interrupted deploys go on, and what a crash left behind is removed.
///
/// Everything that reads unfinished work as interrupted happens in `restore`, when no new work can exist yet.
struct Recovery: Sendable {
    let platform: Platform
    let databases: DatabaseService
    let pipeline: DeployPipeline
    let queue: DeployQueue
    let logs: DeployLogs
    let held: HeldDeploys
    let removal: Removal
    let sites: SiteRoutes
    let starter: InstanceStarter
    let work: ServingWork
    let events: EventService

    /// Everything that must be done before the first request is let in.
    func restore() async throws(PlatformError) -> Leftovers {
        await makeMissingRepositories()
        await guarded("held deploys") { () async throws(PlatformError) in try await settleHeldDeploys() }
        let unfinished = try await settleInterruptedDeploys()
        await guarded("deploy logs") { () async throws(PlatformError) in try await endLogs() }
        // Nothing is being built, so every release folder that no record knows is a left-over.
        let known = try await platform.releases.allReleaseIDs()
        let onDisk = await platform.builder.releasesOnDisk()
        return Leftovers(
            releases: onDisk.filter { !known.contains($0) }, lost: known.subtracting(onDisk),
            channels: unfinished.channels, losses: try await restoreRoutes(unfinished.interrupted))
    }

    /// What may go on while requests are served already.
    /// - Parameter reconcile: sees to what else is not as it should be, once each missing instance was tried.
    func resume(_ leftovers: Leftovers, reconcile: @escaping @Sendable () async -> Void) async {
        // What served is started beside: it does not wait for their builds.
        for channel in leftovers.channels { await queue.wake(channel) }
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                var failed: [ID<Channel>] = []
                await guarded("instances") { () async throws(PlatformError) in
                    failed = try await startMissingInstances(leftovers.losses)
                }
                await reconcile()
                await keepStarting(failed, leftovers.losses)
            }
            group.addTask { await cleanUp(leftovers) }
            group.addTask { await databases.watch() }
        }
    }

    private func cleanUp(_ leftovers: Leftovers) async {
        await guarded("removals") { () async throws(PlatformError) in try await finishRemovals() }
        for release in leftovers.releases { await platform.builder.remove(release) }
        await guarded("lost releases") { () async throws(PlatformError) in
            for id in leftovers.lost {
                guard let release = try await platform.releases.release(id) else { continue }
                await pipeline.retirement.prune(release.channelID)
            }
        }
    }

    private func finishRemovals() async throws(PlatformError) {
        let deleted = try await platform.channels.deletedChannels()
        let apps = try await platform.apps.deletedApps()
        for app in apps { await removal.remove(app, channels: deleted.filter { $0.appID == app.id }) }
        for channel in deleted where !apps.contains(where: { $0.id == channel.appID }) {
            await removal.remove(channel)
        }
    }

    /// An app whose making a crash cut short has none yet.
    private func makeMissingRepositories() async {
        await guarded("repositories") { () async throws(PlatformError) in
            for app in try await platform.apps.allApps() where !(await platform.repository.exists(app.id)) {
                await guarded("repository of \(app.id)") { () async throws(PlatformError) in
                    try await platform.repository.create(app.id, head: .master)
                }
            }
        }
    }

    /// What fails for one must not keep the others from being restored.
    func guarded(_ part: String, _ body: () async throws(PlatformError) -> Void) async {
        do throws(PlatformError) { try await body() } catch {
            platform.logger.error("not restored", metadata: ["part": "\(part)", "error": "\(error)"])
        }
    }
}
