import Core
import Logging

extension DeployPipeline {
    /// Brings a release up and lets the route lead to it. On an error nothing of it runs.
    func start(_ candidate: Candidate, _ work: Work) async throws(PlatformError) {
        let release = candidate.release
        switch release.plan.kind {
        case .static:
            guard let site = candidate.site else {
                throw PlatformError(.internal, "the build of a static site left no manifest")
            }
            try await makeLive(candidate, instance: nil, target: .site(release: release.id, site), work)
        case .web, .worker:
            let isStopFirst = release.plan.strategy == .stopFirst
            let hasStopped = isStopFirst ? try await stopOld(work) : false
            if hasStopped { platform.pass(.formerStopped) }
            let instance = Instance(
                channelID: work.channel.id, releaseID: release.id, createdAt: platform.now())
            try await platform.instances.insert(instance)
            platform.pass(.instanceKept)
            do throws(PlatformError) {
                let specification = InstanceSpecification(
                    id: instance.id, channel: work.channel.id, release: release.id,
                    directory: platform.builder.filesDirectory(of: release.id), plan: release.plan,
                    environment: candidate.environment, account: work.channel.account,
                    limits: try platform.configuration.limits(of: release.plan), owner: work.app.ownerID,
                    volumes: try await platform.volumes.prepare(release.plan, of: work.channel),
                    fileSize: platform.configuration.fileSize(of: release.plan))
                // The runner ends by itself when the app is not ready in its time.
                let limit = Duration.seconds(release.plan.readySeconds) + platform.configuration.startMargin
                let endpoint = try await step(.start, of: work.turn, limit: limit) { () async throws(PlatformError) in
                    try await platform.runner.start(specification, log: work.log)
                }
                platform.pass(.instanceReady)
                try checkCancellation()
                try await makeLive(
                    candidate, instance: instance.id,
                    target: release.plan.kind == .worker ? .placeholder(.worker) : .instance(endpoint), work)
            } catch {
                // Requests that came to it meanwhile, if it was ever asked, may end.
                _ = await platform.routes.drain(
                    instance.id, seconds: platform.configuration.failedDrainSeconds, keepsLongLived: false)
                await platform.runner.stop(instance.id, grace: 0)
                try? await platform.instances.setState(.stopped, of: instance.id)
                if hasStopped { await bringBack(work) }
                throw error
            }
        }
    }

    /// For an app that must not run twice: requests wait from now on, and what serves is stopped when its own have ended. A
    /// crash in the gap starts it again. False when nothing ran, as of a channel that is asleep.
    private func stopOld(_ work: Work) async throws(PlatformError) -> Bool {
        let old = try await platform.instances.instances(channel: work.channel.id).filter { $0.state == .live }
        guard !old.isEmpty else { return false }
        work.log.write("stopping the version before...")
        if case .instance? = sites.target(of: work.channel) {
            try sites.publish(.placeholder(.switching), for: work.channel)
        }
        for instance in old {
            _ = await platform.routes.drain(
                instance.id, seconds: platform.configuration.drainSeconds, keepsLongLived: false)
            await platform.runner.stop(instance.id, grace: nil)
            try await platform.instances.setState(.stopped, of: instance.id)
        }
        return true
    }

    /// The version that was stopped serves again. Without the task's cancellation: it is what remains of the deploy.
    private func bringBack(_ work: Work) async {
        let id = work.channel.id
        let starter = InstanceStarter(platform: platform, sites: sites)
        let result = await Task { () -> PlatformError? in
            do throws(PlatformError) { try await starter.startMissing(of: id) } catch { return error }
            return nil
        }.value
        guard let result else { return work.log.write("the version before runs again") }
        // The reconciler goes on trying.
        platform.logger.error("instance not started again", metadata: ["channel": "\(id)", "error": "\(result)"])
        _ = try? sites.publish(.placeholder(.starting), for: work.channel)
    }

    /// The switch: durable first, then visible. After the first step a restart of the server comes up with the new
    /// version. A site that is being asked is looked at for a while: the deploy succeeds when the new version proves
    /// sound, else the old one, which is kept until then, serves again.
    private func makeLive(
        _ candidate: Candidate, instance: ID<Instance>?, target: RouteTarget, _ work: Work
    ) async throws(PlatformError) {
        let step = work.turn.begin(.switch, at: platform.now())
        defer { work.turn.end(step: step) }
        let before = sites.takeFigures(of: work.channel)
        guard let former = try await former(of: work.channel), before.requests > 0, watchTime(candidate) > .zero else {
            try await platform.deploys.succeed(
                work.deploy.id, release: candidate.release.id, instance: instance, at: platform.now())
            platform.pass(.switched)
            let replaced = try sites.publish(target, for: work.channel)
            platform.pass(.published)
            note(SwitchFigures(before: before, after: sites.takeFigures(of: work.channel)), work)
            await retirement.retire(replaced, channel: work.channel.id)
            await retirement.drainReplaced(of: work.channel.id)
            return
        }
        // What is gone back to must be there until then.
        let isReserved = reservations.reserve(former.release)
        defer { if isReserved { reservations.free(former.release) } }
        try await platform.deploys.switched(work.deploy.id, release: candidate.release.id, instance: instance)
        platform.pass(.switched)
        let replaced = try sites.publish(target, for: work.channel)
        platform.pass(.published)
        let watch = SwitchWatch(before: before)
        let fault = await watch.run(for: watchTime(candidate), turn: work.turn) {
            sites.figures(of: work.channel)
        } fault: { () async -> String? in
            if let instance { await platform.runner.fault(of: instance) } else { nil }
        }
        note(SwitchFigures(before: before, after: sites.figures(of: work.channel)), work)
        platform.pass(.watched)
        do throws(PlatformError) {
            if let fault { throw PlatformError(.buildFailed, fault) }
            try await platform.deploys.succeed(
                work.deploy.id, release: candidate.release.id, instance: instance, at: platform.now())
        } catch {
            try await goBack(to: former, replaced, because: error, work)
            throw error
        }
        await retirement.retire(replaced, channel: work.channel.id)
    }

    /// What a channel can go back to.
    struct Former: Sendable {
        let release: ID<Release>
        let instance: ID<Instance>?
    }

    /// `nil` when nothing serves now.
    private func former(of channel: Channel) async throws(PlatformError) -> Former? {
        guard let release = try await platform.channels.channel(channel.id)?.currentRelease else { return nil }
        switch sites.target(of: channel) {
        case .instance(let endpoint)?: return Former(release: release, instance: endpoint.id)
        case .site?: return Former(release: release, instance: nil)
        case .service?, .placeholder?, nil: return nil
        }
    }

    /// As the switch: durable first, then visible. A store that does not answer does not keep requests from the old version.
    private func goBack(
        to former: Former, _ replaced: RouteTarget?, because error: PlatformError, _ work: Work
    ) async throws(PlatformError) {
        let reason = work.turn.cancellation ?? error.message
        let written: Result<Void, PlatformError>
        do throws(PlatformError) {
            try await platform.deploys.goBack(
                work.deploy.id, to: former.release, instance: former.instance, reason: reason, at: platform.now())
            written = .success(())
        } catch {
            written = .failure(error)
        }
        if let replaced { try sites.publish(replaced, for: work.channel) }
        try written.get()
        work.log.write("the old version serves again")
        await events.note(
            .switchUndone, app: work.app.id, channel: work.channel.id, "deploy \(work.deploy.id) was undone: \(reason)")
    }

    /// How long a new version is looked at. Files do not wear: a moment shows whether they can be read.
    private func watchTime(_ candidate: Candidate) -> Duration {
        let time = platform.configuration.watchTime
        return candidate.release.plan.kind == .static ? min(time, .milliseconds(500)) : time
    }

    private func note(_ figures: SwitchFigures, _ work: Work) {
        work.turn.note(figures)
        work.log.write(figures.line)
    }
}
