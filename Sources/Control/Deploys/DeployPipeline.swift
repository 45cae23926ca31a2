import Core
import Foundation
import Logging

/// Takes one deploy from its commit to live: resolve, database, build, start, switch, and the drain of what it replaced.
///
/// The order is fixed. Until the switch nothing that serves is touched; a failure leaves the old version as it was and
/// removes everything that the deploy made.
struct DeployPipeline: Sendable {
    let platform: Platform
    let databases: DatabaseService
    let logs: DeployLogs
    let retirement: Retirement
    let sites: SiteRoutes

    /// Runs a deploy that is in state `running`. Afterwards it has ended; on cancellation of the task it throws and
    /// the deploy stays `running`, for whoever cancelled to decide.
    func run(_ deploy: Deploy) async throws(CancellationError) {
        let log = DeployLogWriter(logs: logs, deploy: deploy.id)
        do throws(PlatformError) {
            try await bringLive(deploy, log: log)
            logs.end(deploy.id, lastLines: DeployEnding.success, failure: nil)
            platform.logger.info("deploy succeeded", metadata: metadata(deploy))
        } catch {
            if Task.isCancelled { throw CancellationError() }
            await fail(deploy, because: error)
        }
    }

    /// Ends a deploy as failed, in the store first, then in its log. Nobody goes back to its commit, so that is not kept.
    func fail(_ deploy: Deploy, because error: PlatformError) async {
        let reason = error.code == .internal ? "internal error: \(error.message)" : error.message
        var facts = metadata(deploy)
        facts["reason"] = "\(error)"
        do throws(PlatformError) {
            try await platform.deploys.fail(deploy.id, reason: reason, at: platform.now())
            platform.logger.info("deploy failed", metadata: facts)
        } catch {
            facts["error"] = "\(error)"
            platform.logger.error("failure of a deploy not recorded", metadata: facts)
        }
        logs.end(deploy.id, lastLines: DeployEnding.failure(reason), failure: reason)
        // Left pinned, it is unpinned when the deploy is forgotten.
        try? await platform.repository.unpin(deploy.id, app: deploy.appID)
        await retirement.prune(deploy.channelID)
    }

    // MARK: - Steps

    private func bringLive(_ deploy: Deploy, log: some DeployLogSink) async throws(PlatformError) {
        guard let app = try await platform.apps.app(deploy.appID),
            let channel = try await platform.channels.channel(deploy.channelID)
        else { throw PlatformError(.cancelled, "the channel was deleted") }

        if let room = platform.diskRoom() { try platform.configuration.diskReserve.check(room) }
        let commit = try await resolve(deploy, channel: channel, log: log)
        try await platform.repository.pin(commit, deploy: deploy.id, app: app.id)
        let environment = try await environment(app: app, channel: channel, commit: commit)
        logs.hide(environment, in: deploy.id)
        var previous: Release?
        if let current = channel.currentRelease { previous = try await platform.releases.release(current) }

        let request = BuildRequest(
            app: app, channel: channel, deploy: deploy.id, release: ID(), commit: commit, environment: environment,
            previous: previous,
            sibling: { [platform] (name) throws(PlatformError) in
                try await platform.apps.app(named: name, owner: app.ownerID)?.id
            })
        let built = try await platform.builder.build(request, log: log)
        do throws(PlatformError) {
            try checkCancellation()
            try await platform.releases.insert(
                Release(
                    id: request.release, appID: app.id, channelID: channel.id, deployID: deploy.id, commit: commit,
                    plan: built.plan, isPristine: built.isPristine, createdAt: platform.now()),
                environment: environment)
            try await start(built, request: request, log: log)
        } catch {
            await platform.builder.remove(request.release)
            try? await platform.releases.delete(request.release)
            throw error
        }
    }

    private func resolve(
        _ deploy: Deploy, channel: Channel, log: some DeployLogSink
    ) async throws(PlatformError) -> CommitID {
        let branch = deploy.ref.flatMap { BranchName(ref: $0) }
        var commit = deploy.commit
        if commit == nil, let branch {
            commit = try await platform.repository.resolve(.branch(branch), app: deploy.appID)
        } else if let known = commit {
            commit = try await platform.repository.resolve(.commit(known), app: deploy.appID)
        }
        guard let commit else {
            throw PlatformError(.buildFailed, "\(deploy.requested) is not in the repository: push it first")
        }
        if deploy.commit == nil { try await platform.deploys.resolved(deploy.id, commit: commit) }
        log.write("git-sync: resolved \(branch?.rawValue ?? deploy.requested) -> \(commit.short)")
        return commit
    }

    /// The app's values, what the platform tells every process, and the channel's database.
    private func environment(
        app: App, channel: Channel, commit: CommitID
    ) async throws(PlatformError) -> [String: String] {
        var environment = try await platform.environment.values(app: app.id)
        environment.merge(try await databases.variables(of: channel.id)) { $1 }
        environment["XHOST_USER"] = app.ownerName.rawValue
        environment["XHOST_SHA"] = commit.rawValue
        return environment
    }

    private func start(
        _ built: BuildResult, request: BuildRequest, log: some DeployLogSink
    ) async throws(PlatformError) {
        switch built.plan.kind {
        case .static:
            guard let site = built.site else {
                throw PlatformError(.internal, "the build of a static site left no manifest")
            }
            try await makeLive(request, instance: nil, target: .site(release: request.release, site))
        case .web:
            let instance = Instance(
                channelID: request.channel.id, releaseID: request.release, createdAt: platform.now())
            try await platform.instances.insert(instance)
            do throws(PlatformError) {
                let endpoint = try await platform.runner.start(
                    InstanceSpecification(
                        id: instance.id, channel: request.channel.id, release: request.release,
                        directory: platform.builder.filesDirectory(of: request.release), plan: built.plan,
                        environment: request.environment, account: request.channel.account,
                        limits: try platform.configuration.limits(of: built.plan), owner: request.app.ownerID),
                    log: log)
                try checkCancellation()
                try await makeLive(request, instance: instance.id, target: .instance(endpoint))
            } catch {
                await platform.runner.stop(instance.id, grace: 0)
                try? await platform.instances.delete(instance.id)
                throw error
            }
        }
    }

    /// The switch: durable first, then visible. After the first step a restart of the server comes up with the new
    /// version; the second fails only when the channel was deleted in between.
    private func makeLive(
        _ request: BuildRequest, instance: ID<Instance>?, target: RouteTarget
    ) async throws(PlatformError) {
        try await platform.deploys.succeed(
            request.deploy, release: request.release, instance: instance, at: platform.now())
        let replaced = try sites.publish(target, for: request.channel)
        await retirement.retire(replaced, channel: request.channel.id)
    }

    private func checkCancellation() throws(PlatformError) {
        if Task.isCancelled { throw PlatformError(.cancelled, "cancelled") }
    }

    private func metadata(_ deploy: Deploy) -> Logger.Metadata {
        ["deploy": "\(deploy.id)", "channel": "\(deploy.channelID)", "commit": "\(deploy.commit?.short ?? "-")"]
    }
}
