import Core
import Logging

/// Looks at what apps have written to their volumes. To one that has more than it may nothing is deployed; one that goes on
/// writing all the same, or that writes the most while the disk is down to the server's reserve, is stopped until there is
/// room: what it would write next would be missing to everybody.
actor VolumeWatch {
    /// Bytes. Whoever has written less is not what fills the disk.
    static let notableGrowth = 1 << 20
    /// Seconds that open requests get to end.
    private static let drainSeconds = 1
    /// Seconds that a process gets to end at most, whatever its plan says: it may go on writing.
    private static let graceSeconds = 10

    private let platform: Platform
    private let turns: ServingTurns
    private let sites: SiteRoutes
    private let events: EventService
    /// Channels that had too much at the last look.
    private var full: Set<ID<Channel>> = []
    /// What they had when the disk last had room, or when they were last stopped for it; `nil` before the first look.
    private var before: [ID<Channel>: Int]?
    /// The disk's at the last look.
    private var room: DiskRoom?
    private var isLooking = false

    init(platform: Platform, turns: ServingTurns, sites: SiteRoutes, events: EventService) {
        self.platform = platform
        self.turns = turns
        self.sites = sites
        self.events = events
    }

    /// Looks at all volumes.
    func look() async throws(PlatformError) {
        guard !isLooking else { return }
        isLooking = true
        defer { isLooking = false }
        let room = platform.volumeRoom()
        self.room = room
        var sizes: [ID<Channel>: Int] = [:]
        for id in await platform.volumes.channels() { sizes[id] = await platform.volumes.size(of: id) }
        full.formIntersection(sizes.filter { $0.value > limit }.keys)
        for (id, used) in sizes where used > limit {
            await guarded(id) { () async throws(PlatformError) in try await enforceLimit(on: id, used) }
        }
        if isLow(room), before != nil {
            await guarded(nil) { () async throws(PlatformError) in try await stopBiggestWriter(sizes) }
        } else {
            before = sizes
        }
        try await resume(sizes, room)
    }

    /// Looks at all volumes when the disk is down to the reserve, and has less than at the last look; costs nothing otherwise.
    func lookIfFilling() async {
        guard let now = platform.volumeRoom(), isLow(now) else { return }
        if let room, isLow(room), room.free - now.free < Self.notableGrowth { return }
        await guarded(nil) { () async throws(PlatformError) in try await look() }
    }

    private var limit: Int { platform.configuration.volumeBytes }

    private func isLow(_ room: DiskRoom?) -> Bool {
        room.map { platform.configuration.diskReserve.isReached(in: $0) } ?? false
    }

    // MARK: - Stopping

    /// One event when a channel's volumes have come to more than they may, or its instance is stopped for that.
    private func enforceLimit(on id: ID<Channel>, _ used: Int) async throws(PlatformError) {
        let use = VolumeUse.text(used)
        // An app may clean up behind itself: it has a tenth to do so in.
        if used > limit + limit / 10 {
            let reason =
                "its volumes have \(use), of \(limit >> 20) MiB that they may; it starts again when they have less"
            // Somebody else has the turn: the next look comes back to it.
            guard let isStopped = try await suspend(id, because: reason) else { return }
            if isStopped { full.insert(id) }
        }
        guard full.insert(id).inserted, let channel = try await platform.channels.channel(id) else { return }
        await events.note(
            .volumeFull, app: channel.appID, channel: id,
            "the volumes have \(use), of \(limit >> 20) MiB that they may: nothing is deployed until they have less")
    }

    /// One a look: the disk may have room then.
    private func stopBiggestWriter(_ sizes: [ID<Channel>: Int]) async throws(PlatformError) {
        let unnamed = try await unnamed()
        let written = sizes.filter { $0.value != .max }.map { id, used in
            (id, used - (before?[id] ?? 0) + (unnamed[id] ?? 0))
        }
        guard let most = written.max(by: { $0.1 < $1.1 }), most.1 >= Self.notableGrowth else { return }
        let reason =
            "the disk is down to what the server keeps for itself, and its volumes have grown the most, by "
            + "\(VolumeUse.text(most.1)); it starts again when there is room"
        guard try await suspend(most.0, because: reason) != nil else { return }
        before?[most.0] = sizes[most.0]
    }

    /// What channels' instances have written to files that have no name any more, which no size tells of. Whoever has too many
    /// files open to be looked at has written enough to be stopped, when nobody has written more.
    private func unnamed() async throws(PlatformError) -> [ID<Channel>: Int] {
        var unnamed: [ID<Channel>: Int] = [:]
        for instance in try await platform.instances.instances()
        where instance.state == .live || instance.state == .starting {
            let bytes = await platform.runner.unnamedBytes(of: instance.id)
            unnamed[instance.channelID, default: 0] += bytes == .max ? Self.notableGrowth : bytes
        }
        return unnamed
    }

    /// Stops what runs of a channel and may write to its volumes: durable first, then visible, as with everything. Returns
    /// whether there was such a thing; `nil` when the channel is somebody else's turn.
    private func suspend(_ id: ID<Channel>, because reason: String) async throws(PlatformError) -> Bool? {
        let isStopped = try await turns.runIfFree(on: id) { () async throws(PlatformError) -> Bool in
            guard let channel = try await platform.channels.channel(id),
                let live = try await platform.instances.instances(channel: id).first(where: { $0.state == .live }),
                let release = try await writingRelease(of: live)
            else { return false }
            try await platform.instances.suspend(live.id, because: reason)
            if release.plan.kind == .web { _ = try? sites.publish(.placeholder(.suspended), for: channel) }
            await events.note(
                .instanceSuspended, app: channel.appID, channel: id, "an instance was stopped: \(reason)")
            _ = await platform.routes.drain(live.id, seconds: Self.drainSeconds, keepsLongLived: false)
            await platform.runner.stop(
                live.id, grace: min(release.plan.graceSeconds, Self.graceSeconds), because: "stopped: \(reason)")
            return true
        }
        if isStopped == nil { try await endStart(on: id, because: reason) }
        return isStopped
    }

    /// Ends what is being started in somebody else's turn, which may take an hour to become ready and write all the time.
    /// Whoever starts it finds it ended.
    private func endStart(on id: ID<Channel>, because reason: String) async throws(PlatformError) {
        for instance in try await platform.instances.instances(channel: id)
        where instance.state == .starting || instance.state == .live {
            guard try await writingRelease(of: instance) != nil else { continue }
            await platform.runner.stop(instance.id, grace: Self.graceSeconds, because: "stopped: \(reason)")
        }
    }

    /// The release of an instance that may write to volumes; `nil` for another one.
    private func writingRelease(of instance: Instance) async throws(PlatformError) -> Release? {
        let release = try await platform.releases.release(instance.releaseID)
        return release?.plan.volumes?.isEmpty == false ? release : nil
    }

    // MARK: - Going on

    /// What may go on is missing from now on, as an instance that got lost is, and is started as such by the reconciler.
    private func resume(_ sizes: [ID<Channel>: Int], _ room: DiskRoom?) async throws(PlatformError) {
        let reserve = platform.configuration.diskReserve
        // A tenth more than the reserve, so that it does not come and go.
        if let room, reserve.isReached(in: room, adding: reserve.bytes / 10) { return }
        for instance in try await platform.instances.instances() where instance.state == .suspended {
            guard (sizes[instance.channelID] ?? 0) <= limit else { continue }
            try await platform.instances.setState(.stopped, of: instance.id)
            platform.logger.info("instance not suspended any more", metadata: ["instance": "\(instance.id)"])
        }
    }

    private func guarded(
        _ channel: ID<Channel>?, isolation: isolated (any Actor)? = #isolation,
        _ body: () async throws(PlatformError) -> Void
    ) async {
        do throws(PlatformError) { try await body() } catch {
            platform.logger.error(
                "volumes not looked at",
                metadata: ["channel": "\(channel.map { "\($0)" } ?? "all")", "error": "\(error)"])
        }
    }
}
