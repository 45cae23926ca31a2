import Core
import Logging

/// The use cases, wired to one another: what the API, the git server and the dashboard are given.
public struct ControlPlane: Sendable {
    public let tokens: TokenService
    public let users: UserService
    public let invites: InviteService
    public let apps: AppService
    public let channels: ChannelService
    public let deploys: DeployService
    public let instances: InstanceService
    public let events: EventService
    public let environment: EnvironmentService
    public let databases: DatabaseService
    public let statistics: StatisticsService
    public let pushes: PushService
    public let address: PublicAddress
    /// Tells whether anything was committed to the stores, for whoever keeps what was read.
    public let dataVersion: DataVersionSource
    private let ends: DeployEnds
    private let queue: DeployQueue
    private let recovery: Recovery
    private let reconciler: Reconciler
    private let volumeWatch: VolumeWatch
    private let interval: Duration
    private let logs: DeployLogs
    private let removal: Removal
    private let sleeping: Sleeping
    private let work: ServingWork
    private let runner: any InstanceRunner
    private let channelStore: any ChannelStore
    private let sleepInterval: Duration
    private let volumeInterval: Duration
    private let logger: Logger

    public init(_ platform: Platform) {
        logs = DeployLogs(store: platform.deployLogs, now: platform.now, logger: platform.logger)
        tokens = TokenService(tokens: platform.tokens, now: platform.now)
        databases = DatabaseService(platform: platform, tokens: tokens)
        logger = platform.logger
        let (turns, reservations, serving) = (DeployTurns(), ReleaseReservations(), ServingTurns())
        let retirement = Retirement(platform: platform, reservations: reservations)
        let sites = SiteRoutes(routes: platform.routes, address: platform.address)
        events = EventService(platform: platform)
        let hooks = HookOccasions(platform: platform)
        let ends = DeployEnds(platform: platform, logs: logs, retirement: retirement, hooks: hooks)
        self.ends = ends
        let pipeline = DeployPipeline(
            platform: platform, databases: databases, logs: logs, retirement: retirement, sites: sites,
            serving: serving, turns: turns, reservations: reservations, hooks: hooks, ends: ends, events: events,
            slots: BuildSlots(platform.configuration.buildSlots))
        queue = DeployQueue(platform: platform, pipeline: pipeline)
        let starter = InstanceStarter(platform: platform, sites: sites)
        let work = ServingWork(turns: serving)
        self.work = work
        let sleeping = Sleeping(
            platform: platform, queue: queue, turns: serving, starter: starter, retirement: retirement, sites: sites)
        self.sleeping = sleeping
        (runner, channelStore) = (platform.runner, platform.channels)
        (sleepInterval, volumeInterval) = (platform.configuration.sleepInterval, platform.configuration.volumeInterval)
        platform.routes.onWake { channel in Task { await sleeping.wake(channel) } }
        removal = Removal(
            platform: platform, databases: databases, queue: queue, retirement: retirement, sites: sites,
            sleeping: sleeping, work: work)

        users = UserService(users: platform.users, tokens: tokens, now: platform.now)
        invites = InviteService(invites: platform.invites, users: users, tokens: tokens, now: platform.now)
        statistics = StatisticsService(platform: platform)
        let followers = Followers(
            perUser: platform.configuration.followersPerUser, total: platform.configuration.followers)
        apps = AppService(platform: platform, databases: databases, removal: removal, sites: sites)
        channels = ChannelService(platform: platform, databases: databases, removal: removal, sites: sites)
        deploys = DeployService(
            platform: platform, tokens: tokens, queue: queue, logs: logs, ends: ends, turns: turns,
            followers: followers)
        interval = platform.configuration.reconcileInterval
        instances = InstanceService(platform: platform, tokens: tokens, followers: followers)
        environment = EnvironmentService(apps: platform.apps, environment: platform.environment)
        let held = HeldDeploys(platform: platform, deploys: deploys)
        pushes = PushService(
            platform: platform, tokens: tokens, deploys: deploys, held: held, queue: queue, logs: logs, hooks: hooks)
        recovery = Recovery(
            platform: platform, databases: databases, pipeline: pipeline, queue: queue, logs: logs, held: held,
            removal: removal, sites: sites, starter: starter, work: work, events: events)
        let volumes = VolumeWatch(platform: platform, turns: serving, sites: sites, events: events)
        volumeWatch = volumes
        let reaper = Reaper(platform: platform, queue: queue, pipeline: pipeline, held: held, events: events)
        let left = LeftInstances(
            platform: platform, work: work, retirement: retirement, starter: starter, sites: sites, events: events)
        reconciler = Reconciler(
            platform: platform, reaper: reaper, starter: starter, work: work, left: left, databases: databases,
            sites: sites, volumes: volumes, events: events)
        address = platform.address
        dataVersion = platform.dataVersion
    }

    /// Settles what a stop interrupted, finds what runs and publishes every route; before the listener opens.
    public func restore() async throws(PlatformError) -> Leftovers { try await recovery.restore() }

    /// Starts interrupted deploys and missing instances again, removes left-overs and reconciles for the first time; once
    /// requests are let in. Goes on until every instance runs that should, or the task is cancelled.
    public func resume(_ leftovers: Leftovers) async {
        await recovery.resume(leftovers) { await reconciler.run() }
    }

    /// Compares what should be with what is and repairs the difference, once. Leaves out what an earlier call is still at.
    public func reconcile() async { await reconciler.run() }

    /// Looks at the volumes when the disk fills, and stops what fills it.
    public func lookAtVolumes() async { await volumeWatch.lookIfFilling() }

    /// Stops the instances that nobody asked for since their time began, as of `now`.
    public func putToSleep(at now: ContinuousClock.Instant = .now) async { await sleeping.look(at: now) }

    /// Does what is to be done once in a while, until the task is cancelled.
    public func keepUp(every pause: Duration = .seconds(60)) async {
        await withDiscardingTaskGroup { group in
            group.addTask { while (try? await Task.sleep(for: pause)) != nil { await noteUses() } }
            group.addTask {
                // One round may wait for apps that do not come up: the others do not wait for it.
                await withDiscardingTaskGroup { rounds in
                    while (try? await Task.sleep(for: interval)) != nil { rounds.addTask { await reconcile() } }
                }
            }
            group.addTask { await noteRestarts() }
            group.addTask { await noteLimits() }
            group.addTask { while (try? await Task.sleep(for: sleepInterval)) != nil { await putToSleep() } }
            group.addTask { while (try? await Task.sleep(for: volumeInterval)) != nil { await lookAtVolumes() } }
        }
    }

    private func noteRestarts() async {
        for await restart in runner.restarts() {
            let app = try? await channelStore.channel(restart.channel)?.appID
            await events.note(
                .instanceRestarted, app: app, channel: restart.channel,
                "an instance was started again: the app \(restart.reason)")
        }
    }

    private func noteLimits() async {
        for await hit in runner.limitHits() {
            let app = try? await channelStore.channel(hit.channel)?.appID
            await events.note(
                .instanceLimited, app: app, channel: hit.channel, "an instance reached a limit: the app \(hit.reason)")
        }
    }

    private func noteUses() async {
        do throws(PlatformError) { try await tokens.noteUses() } catch {
            logger.error("use of tokens not written down", metadata: ["error": "\(error)"])
        }
    }

    /// Lets running deploys end for as long as `grace`; what is left goes on at the next start, and those who wait for it
    /// are told so.
    public func close(grace: Duration) async {
        await queue.close(grace: grace)
        await sleeping.close()
        await work.close()
        removal.unfinished.cancelAll()
        ends.close()
        pushes.afterwards.cancelAll()
        await databases.close()
        await noteUses()
        logs.close()
    }
}
