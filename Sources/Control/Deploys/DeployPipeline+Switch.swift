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
            let old = release.plan.strategy == .stopFirst ? try await live(of: work.channel) : []
            let instance = Instance(
                channelID: work.channel.id, releaseID: release.id, createdAt: platform.now())
            work.turn.starts(instance.id)
            do throws(PlatformError) {
                if !old.isEmpty {
                    try await stop(old, work)
                    platform.pass(.formerStopped)
                }
                try await platform.recording(for: .start) { () async throws(PlatformError) in
                    try await platform.instances.insert(instance)
                }
                platform.pass(.instanceKept)
                try checkCancellation()
                let endpoint = try await start(instance, of: candidate, work)
                platform.pass(.instanceReady)
                try checkCancellation()
                try await makeLive(
                    candidate, instance: instance.id,
                    target: release.plan.kind == .worker ? .placeholder(.worker) : .instance(endpoint),
                    hasStopped: !old.isEmpty, work)
            } catch {
                guard !work.turn.isAbandoned else {
                    // The channel is somebody else's by now, who sees to what was stopped.
                    await discardUnlessLive(instance.id, of: work.channel.id)
                    throw error
                }
                // Requests that came to it meanwhile, if it was ever asked, may end.
                await InstanceStarter(platform: platform, sites: sites)
                    .discard(instance.id, drain: platform.configuration.failedDrainSeconds)
                if !old.isEmpty {
                    platform.pass(.bringingBack)
                    await bringBack(work)
                }
                throw error
            }
        }
    }

    /// Leads the channel's hostname elsewhere, unless the deploy was given up. Returns what it led to.
    @discardableResult
    private func publish(_ target: RouteTarget, _ work: Work) throws(PlatformError) -> RouteTarget? {
        try work.turn.unlessAbandoned { () throws(PlatformError) in try sites.publish(target, for: work.channel) }
    }

    private func start(
        _ instance: Instance, of candidate: Candidate, _ work: Work
    ) async throws(PlatformError) -> InstanceEndpoint {
        let release = candidate.release
        // The runner ends by itself when the app is not ready in its time.
        let limit = platform.configuration.startLimit(of: release.plan)
        return try await step(.start, of: work.turn, limit: limit) { () async throws(PlatformError) in
            let volumes = try await platform.volumes.prepare(release.plan, of: work.channel)
            try checkCancellation()
            return try await platform.runner.start(
                InstanceSpecification(
                    id: instance.id, channel: work.channel.id, release: release.id,
                    directory: platform.builder.filesDirectory(of: release.id), plan: release.plan,
                    environment: candidate.environment, account: work.channel.account,
                    limits: try platform.configuration.limits(of: release.plan), owner: work.app.ownerID,
                    volumes: volumes, fileSize: platform.configuration.fileSize(of: release.plan)),
                log: work.log)
        }
    }

    /// None of a channel that is asleep.
    private func live(of channel: Channel) async throws(PlatformError) -> [Instance] {
        try await platform.recording(for: .start) { () async throws(PlatformError) in
            try await platform.instances.instances(channel: channel.id).filter { $0.state == .live }
        }
    }

    /// For an app that must not run twice: requests wait from now on, and what serves is stopped when its own have ended. A
    /// crash in the gap starts it again.
    private func stop(_ old: [Instance], _ work: Work) async throws(PlatformError) {
        work.log.write("stopping the version before...")
        if case .instance? = sites.target(of: work.channel) { try publish(.placeholder(.switching), work) }
        let drain = platform.configuration.drainSeconds
        for instance in old {
            let plan = try await platform.recording(for: .start) { () async throws(PlatformError) in
                try await platform.releases.release(instance.releaseID)?.plan
            }
            let grace = plan?.graceSeconds ?? RunPlan.graceRange.upperBound
            let limit = platform.configuration.stopLimit(drain: drain, grace: grace)
            // A cancellation does not cut it short: it would stop what is brought back meanwhile.
            try await platform.within(limit, "stopping the version before", patience: limit) {
                () async throws(PlatformError) in
                _ = await platform.routes.drain(instance.id, seconds: drain, keepsLongLived: false)
                try checkCancellation()
                await platform.runner.stop(instance.id, grace: nil)
                try await platform.instances.setState(.stopped, of: instance.id)
            }
        }
    }

    /// The version before serves again. Without the task's cancellation: it is what remains of the deploy.
    private func bringBack(_ work: Work) async {
        let id = work.channel.id
        let starter = InstanceStarter(platform: platform, sites: sites, deploy: work.turn)
        let result = await Task { () -> PlatformError? in
            do throws(PlatformError) { try await starter.bringBack(id) } catch { return error }
            return nil
        }.value
        guard let result else { return work.log.write("the version before runs again") }
        // The reconciler goes on trying.
        platform.logger.error("instance not started again", metadata: ["channel": "\(id)", "error": "\(result)"])
        _ = try? publish(.placeholder(.starting), work)
    }

    /// The switch: durable first, then visible. After the first step a restart of the server comes up with the new
    /// version. A site that is being asked is looked at for a while: the deploy succeeds when the new version proves
    /// sound, else the old one, which is kept until then, serves again.
    ///
    /// Each thing that it waits for has a limit of its own: cut short as a whole, it could be at any of its points.
    /// - Parameter hasStopped: the version before was stopped, and is started again to go back to it.
    private func makeLive(
        _ candidate: Candidate, instance: ID<Instance>?, target: RouteTarget, hasStopped: Bool = false, _ work: Work
    ) async throws(PlatformError) {
        let step = work.turn.begin(.switch, at: platform.now())
        defer { work.turn.end(step: step) }
        let before = sites.takeFigures(of: work.channel)
        guard let former = try await former(of: work.channel, hasStopped: hasStopped), before.requests > 0,
            watchTime(candidate) > .zero
        else {
            try await succeed(candidate, instance, work)
            platform.pass(.switched)
            let replaced = try publish(target, work)
            platform.pass(.published)
            note(SwitchFigures(before: before, after: sites.takeFigures(of: work.channel)), work)
            await retirement.retire(replaced, channel: work.channel.id)
            await retirement.drainReplaced(of: work.channel.id)
            return
        }
        // What is gone back to must be there until then.
        let isReserved = reservations.reserve(former.release)
        defer { if isReserved { reservations.free(former.release) } }
        try await platform.recording { () async throws(PlatformError) in
            try await platform.deploys.switched(
                work.deploy.id, release: candidate.release.id, instance: instance, report: work.turn.reportSoFar)
        }
        platform.pass(.switched)
        let replaced = try publish(target, work)
        platform.pass(.published)
        let watch = SwitchWatch(before: before)
        let fault = await watch.run(for: watchTime(candidate), turn: work.turn) {
            sites.figures(of: work.channel)
        } fault: { () async -> String? in
            if let instance { await look(at: instance) } else { nil }
        }
        note(SwitchFigures(before: before, after: sites.figures(of: work.channel)), work)
        platform.pass(.watched)
        do throws(PlatformError) {
            if let fault { throw PlatformError(.buildFailed, fault) }
            try await succeed(candidate, instance, work)
        } catch {
            try await goBack(to: former, replaced, because: error, work)
            throw error
        }
        await retirement.retire(replaced, channel: work.channel.id)
    }

    private func succeed(
        _ candidate: Candidate, _ instance: ID<Instance>?, _ work: Work
    ) async throws(PlatformError) {
        try await platform.recording { () async throws(PlatformError) in
            try await platform.deploys.succeed(
                work.deploy.id, release: candidate.release.id, instance: instance, report: work.turn.reportSoFar,
                at: platform.now())
        }
    }

    /// What is wrong with an instance; `nil` for nothing. A look that does not end has found something.
    private func look(at instance: ID<Instance>) async -> String? {
        let limit = platform.configuration.lookLimit
        do throws(PlatformError) {
            return try await Deadline.run("a look at it", limit: limit, grace: .zero) {
                () async throws(PlatformError) in await platform.runner.fault(of: instance)
            }
        } catch {
            return error.code == .timeout ? error.message : nil
        }
    }

    /// What a channel can go back to.
    struct Former: Sendable {
        let release: ID<Release>
        /// `nil` for files, and for what was stopped.
        let instance: ID<Instance>?
        /// It serves again when it has been started.
        var wasStopped = false
    }

    /// `nil` when nothing serves now, nor did before it was stopped.
    private func former(of channel: Channel, hasStopped: Bool) async throws(PlatformError) -> Former? {
        let current = try await platform.recording { () async throws(PlatformError) in
            try await platform.channels.channel(channel.id)?.currentRelease
        }
        guard let release = current else { return nil }
        if hasStopped { return Former(release: release, instance: nil, wasStopped: true) }
        switch sites.target(of: channel) {
        case .instance(let endpoint)?: return Former(release: release, instance: endpoint.id)
        case .site?: return Former(release: release, instance: nil)
        case .service?, .placeholder?, nil: return nil
        }
    }

    /// As the switch: durable first, then visible. A store that does not answer does not keep requests from the old version;
    /// it is asked again, or the bad one would be what the channel should serve.
    private func goBack(
        to former: Former, _ replaced: RouteTarget?, because error: PlatformError, _ work: Work
    ) async throws(PlatformError) {
        let reason = logs.shown(work.turn.cancellation ?? error.message, in: work.deploy.id)
        let write = { @Sendable () async throws(PlatformError) -> Void in
            try await platform.deploys.goBack(
                work.deploy.id, to: former.release, instance: former.instance, reason: reason, at: platform.now())
            platform.pass(.goneBack)
        }
        var isWritten = true
        do throws(PlatformError) { try await platform.recording(write) } catch { isWritten = false }
        if let replaced { try publish(replaced, work) }
        if !isWritten {
            try await platform.insisting { () async throws(PlatformError) in try await platform.recording(write) }
        }
        if !former.wasStopped { work.log.write("the old version serves again") }
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
