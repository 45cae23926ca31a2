import Core
import Logging

/// Stops instances that nobody asks for, where their plan says after what time, and starts them again with the next request.
///
/// A channel that sleeps has an instance in the store in the state `asleep`, of which nothing runs, and its hostname leads to
/// a placeholder at which requests wait. Both outlast a restart of the server.
actor Sleeping {
    /// An instance as it was when something was last asked of it.
    private struct Watched {
        var activity: InstanceActivity
        var since: ContinuousClock.Instant
    }

    private let platform: Platform
    private let queue: DeployQueue
    private let turns: ServingTurns
    private let starter: InstanceStarter
    private let retirement: Retirement
    private let sites: SiteRoutes
    /// Turns to be woken. Each user has their own: an app may take long to become ready, and nobody else's waits for it.
    private var starts: [ID<User>: BuildSlots] = [:]
    private var watched: [ID<Instance>: Watched] = [:]
    private var wakes: [ID<Channel>: Task<Void, Never>] = [:]
    /// Channels whose last wakes failed: how often, and when the next may be tried.
    private var failures: [ID<Channel>: (count: Int, until: ContinuousClock.Instant)] = [:]
    private var isClosed = false
    /// Channels that may sleep, as of `version` of the stores, with the seconds after which they do.
    private var candidates: [(channel: Channel, seconds: Int)] = []
    private var version: Int64?
    /// A release's plan never changes.
    private var seconds: [ID<Release>: Int?] = [:]

    init(
        platform: Platform, queue: DeployQueue, turns: ServingTurns, starter: InstanceStarter, retirement: Retirement,
        sites: SiteRoutes
    ) {
        self.platform = platform
        self.queue = queue
        self.turns = turns
        self.starter = starter
        self.retirement = retirement
        self.sites = sites
    }

    // MARK: - Falling asleep

    /// Looks at every instance that may sleep, and stops those whose time has come.
    func look(at now: ContinuousClock.Instant = .now) async {
        await guarded("list") { () async throws(PlatformError) in try await refresh() }
        var seen: [ID<Instance>: Watched] = [:]
        var tired: [(channel: Channel, instance: ID<Instance>, activity: InstanceActivity)] = []
        for (channel, seconds) in candidates {
            guard case .instance(let endpoint)? = sites.target(of: channel),
                let activity = platform.routes.activity(of: endpoint.id)
            else { continue }
            var watched = self.watched[endpoint.id] ?? Watched(activity: activity, since: now)
            if activity.open > 0 || watched.activity != activity { watched = Watched(activity: activity, since: now) }
            seen[endpoint.id] = watched
            if now - watched.since >= .seconds(seconds) { tired.append((channel, endpoint.id, activity)) }
        }
        watched = seen
        for (channel, instance, activity) in tired {
            await guarded("\(channel.id)") { () async throws(PlatformError) in
                try await stop(instance, of: channel, unless: activity)
            }
        }
    }

    private func refresh() async throws(PlatformError) {
        let current = platform.dataVersion()
        if let current, current == version { return }
        var candidates: [(channel: Channel, seconds: Int)] = []
        var known: [ID<Release>: Int?] = [:]
        for channel in try await platform.channels.allChannels() {
            guard let current = channel.currentRelease else { continue }
            var plan = seconds[current]
            if plan == nil { plan = .some(try await platform.releases.release(current)?.plan.sleepSeconds) }
            known[current] = plan
            if let plan, let seconds = plan { candidates.append((channel, seconds)) }
        }
        (self.candidates, seconds, version) = (candidates, known, current)
    }

    /// Durable first, then visible: after a crash the channel is awake or asleep, and a container that is left is a stray one.
    private func stop(
        _ id: ID<Instance>, of known: Channel, unless activity: InstanceActivity
    ) async throws(PlatformError) {
        // What a deploy is at work on is about to be asked for.
        guard await !queue.isBusy(known.id) else { return }
        try await turns.run(on: known.id) { () async throws(PlatformError) in
            guard let channel = try await platform.channels.channel(known.id),
                case .instance(let endpoint)? = sites.target(of: channel), endpoint.id == id,
                let live = try await platform.instances.instances(channel: channel.id).first(where: {
                    $0.id == id && $0.state == .live
                }), let release = try await platform.releases.release(live.releaseID)
            else { return }
            let asleep = Instance(
                channelID: channel.id, releaseID: live.releaseID, state: .asleep, createdAt: platform.now())
            try await platform.instances.insert(asleep)
            platform.pass(.sleepKept)
            do throws(PlatformError) {
                try sites.publish(.placeholder(.asleep(channel.id)), for: channel)
                // From here on no request can come to it; one that came before has it stay awake.
                guard platform.routes.activity(of: id) == activity else {
                    try sites.publish(.instance(endpoint), for: channel)
                    return try await platform.instances.delete(asleep.id)
                }
            } catch {
                try? await platform.instances.delete(asleep.id)
                throw error
            }
            platform.pass(.sleepShown)
            try await platform.instances.setState(.draining, of: live.id)
            platform.pass(.asleep)
            platform.logger.info("channel asleep", metadata: ["channel": "\(channel.id)", "instance": "\(id)"])
            await retirement.drain(id)
            // Two of it must not run at once: whoever wakes it waits for this.
            if release.plan.strategy == .stopFirst { await retirement.drained(id) }
            await retirement.prune(channel.id)
        }
        watched[id] = nil
    }

    // MARK: - Waking

    /// Starts what the channel should serve, unless that is being done or has just failed. Returns at once; whoever asks may
    /// go. Nobody waits for what is not being started: they are told.
    func wake(_ channel: ID<Channel>) {
        guard wakes[channel] == nil else { return }
        let isPaused = failures[channel].map { $0.until > .now } ?? false
        if isClosed || isPaused { return sites.refuseHeld(of: channel) }
        wakes[channel] = Task { await start(channel) }
    }

    private func start(_ id: ID<Channel>) async {
        let begun = ContinuousClock.now
        var failure: PlatformError?
        do throws(PlatformError) {
            try await turns.run(on: id) { () async throws(PlatformError) in try await bringUp(id) }
            platform.logger.info(
                "channel awake", metadata: ["channel": "\(id)", "took": "\(ContinuousClock.now - begun)"])
        } catch {
            failure = error
        }
        guard let failure else {
            failures[id] = nil
            wakes[id] = nil
            return
        }
        platform.logger.warning("channel not woken", metadata: ["channel": "\(id)", "error": "\(failure)"])
        // An app that fails each time must not be started with each request, nor fill the disk with what it printed.
        let count = (failures[id]?.count ?? 0) + 1
        await retirement.prune(id)
        // In one go, so that a request which comes from now on is told of what it sets off itself. Nothing is asked of the store:
        // it may be what failed, and those who wait must hear of it all the same.
        failures[id] = sites.has(id) ? (count, .now + platform.configuration.wakeRetry.pause(after: count)) : nil
        wakes[id] = nil
        sites.refuseHeld(of: id)
    }

    /// So many of a user's at a time: starts that come together are each as slow as all of them. In the channel's turn first:
    /// whoever waits for that holds up no other start.
    private nonisolated func bringUp(_ id: ID<Channel>) async throws(PlatformError) {
        guard let channel = try await platform.channels.channel(id),
            let owner = try await platform.apps.app(channel.appID)?.ownerID
        else { throw .notFound("channel") }
        try await slots(of: owner).run(for: owner, onWait: {}) { () async throws(PlatformError) in
            try await starter.wake(id)
        }
    }

    private func slots(of user: ID<User>) -> BuildSlots {
        if let known = starts[user] { return known }
        let slots = BuildSlots(platform.configuration.wakesPerUser)
        starts[user] = slots
        return slots
    }

    /// Ends the waking of a channel and waits until nothing of it runs; for a channel that is deleted.
    func end(_ channel: ID<Channel>) async {
        guard let wake = wakes[channel] else { return }
        wake.cancel()
        await wake.value
    }

    /// Ends what is being woken: it stays asleep.
    func close() async {
        isClosed = true
        let running = Array(wakes.values)
        for wake in running { wake.cancel() }
        for wake in running { await wake.value }
    }

    private func guarded(
        _ part: String, isolation: isolated (any Actor)? = #isolation,
        _ body: () async throws(PlatformError) -> Void
    ) async {
        do throws(PlatformError) { try await body() } catch {
            platform.logger.error("not put to sleep", metadata: ["part": "\(part)", "error": "\(error)"])
        }
    }
}
