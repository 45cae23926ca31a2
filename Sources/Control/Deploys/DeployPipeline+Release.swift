import Core
import Foundation

extension DeployPipeline {
    /// A release that is about to be brought live, reserved.
    struct Candidate: Sendable {
        let release: Release
        /// What its processes see.
        let environment: [String: String]
        /// What the router serves; `nil` unless it is static.
        let site: StaticSite?
        /// This deploy built it; else it was kept.
        let isNew: Bool
    }

    /// The release that was asked for, or a kept one that a build would make again, or what a build makes.
    func candidate(
        of commit: CommitID, _ work: Work, database: Ahead<[String: String]>?
    ) async throws(PlatformError) -> Candidate {
        if let wanted = work.deploy.release {
            guard let kept = try await kept(wanted, of: work.channel) else {
                throw PlatformError(.buildFailed, "the release is not kept any more: deploy its commit instead")
            }
            return reuse(
                kept, "back to the release of \(Timestamp.string(from: kept.release.createdAt)): no build", work)
        }
        let environment = try await environment(commit, work, database: database?.value() ?? [:])
        platform.pass(.databaseReady)
        if let kept = try await unchanged(commit, environment, work) {
            let date = Timestamp.string(from: kept.release.createdAt)
            return reuse(kept, "nothing has changed since the release of \(date): no build", work)
        }
        return try await build(commit, environment, work)
    }

    private func reuse(_ kept: Candidate, _ line: String, _ work: Work) -> Candidate {
        logs.hide(kept.environment, in: work.deploy.id)
        work.turn.noteReuse()
        work.log.write(line)
        return kept
    }

    /// A release with its files and its own variables, reserved; `nil` when any of it is gone.
    private func kept(_ id: ID<Release>, of channel: Channel) async throws(PlatformError) -> Candidate? {
        guard reservations.reserve(id) else { return nil }
        do throws(PlatformError) {
            guard let release = try await platform.releases.release(id), release.channelID == channel.id,
                await platform.builder.releasesOnDisk().contains(id)
            else {
                reservations.free(id)
                return nil
            }
            return Candidate(
                release: release, environment: try await platform.releases.environment(of: id),
                site: release.plan.kind == .static ? try await platform.builder.site(of: id) : nil, isNew: false)
        } catch {
            reservations.free(id)
            throw error
        }
    }

    /// The newest kept release of this commit that was built with the very same variables.
    private func unchanged(
        _ commit: CommitID, _ environment: [String: String], _ work: Work
    ) async throws(PlatformError) -> Candidate? {
        for release in try await platform.releases.releases(channel: work.channel.id) where release.commit == commit {
            guard let candidate = try await kept(release.id, of: work.channel) else { continue }
            if candidate.environment == environment { return candidate }
            reservations.free(release.id)
        }
        return nil
    }

    private func build(
        _ commit: CommitID, _ environment: [String: String], _ work: Work
    ) async throws(PlatformError) -> Candidate {
        let (deploy, app, channel) = (work.deploy, work.app, work.channel)
        logs.hide(environment, in: deploy.id)
        var previous: Release?
        if let current = channel.currentRelease { previous = try await platform.releases.release(current) }
        let request = BuildRequest(
            app: app, channel: channel, deploy: deploy.id, release: ID(), commit: commit, environment: environment,
            previous: previous, volumeBytes: await platform.volumes.size(of: channel.id),
            sibling: { [platform] (name) throws(PlatformError) in
                try await platform.apps.app(named: name, owner: app.ownerID)?.id
            })
        _ = reservations.reserve(request.release)
        do throws(PlatformError) {
            let built = try await inTurn(work) { () async throws(PlatformError) in
                try await platform.builder.build(request, log: work.log)
            }
            platform.pass(.releaseBuilt)
            do throws(PlatformError) {
                try checkCancellation()
                let release = Release(
                    id: request.release, appID: app.id, channelID: channel.id, deployID: deploy.id, commit: commit,
                    plan: built.plan, isPristine: built.isPristine, createdAt: platform.now())
                try await platform.releases.insert(release, environment: environment)
                platform.pass(.releaseKept)
                return Candidate(release: release, environment: environment, site: built.site, isNew: true)
            } catch {
                await discard(request.release)
                throw error
            }
        } catch {
            reservations.free(request.release)
            throw error
        }
    }

    /// The step is as long as the wait for its turn and the build, whose limit begins with the turn.
    private func inTurn(
        _ work: Work, _ build: @escaping @Sendable () async throws(PlatformError) -> BuildResult
    ) async throws(PlatformError) -> BuildResult {
        let number = work.turn.begin(.build, at: platform.now())
        defer { work.turn.end(step: number) }
        return try await slots.run(for: work.app.ownerID, limit: platform.configuration.buildTurnLimit) {
            work.log.write("waiting for a turn among the builds of this server...")
        } _: { () async throws(PlatformError) in
            try await within(.build, build)
        }
    }

    /// The app's values, what the platform tells every process, and the channel's database.
    private func environment(
        _ commit: CommitID, _ work: Work, database: [String: String]
    ) async throws(PlatformError) -> [String: String] {
        var environment = try await platform.environment.values(app: work.app.id)
        environment.merge(database) { $1 }
        environment["XHOST_USER"] = work.app.ownerName.rawValue
        environment["XHOST_SHA"] = commit.rawValue
        return environment
    }
}
