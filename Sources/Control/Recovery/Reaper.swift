import Core

/// Sees to it that every deploy ends: wakes the queues of those that wait unseen, settles what pushes have left, and ends
/// deploys that run in the store and nowhere else, or for longer than all their parts may together.
actor Reaper {
    private let platform: Platform
    private let queue: DeployQueue
    private let pipeline: DeployPipeline
    private let held: HeldDeploys
    private let events: EventService
    /// What did not look right the last time; it must not the second time either.
    private var suspects: Set<ID<Deploy>> = []
    /// What was told to end the last time.
    private var overdue: Set<ID<Deploy>> = []

    init(
        platform: Platform, queue: DeployQueue, pipeline: DeployPipeline, held: HeldDeploys, events: EventService
    ) {
        self.platform = platform
        self.queue = queue
        self.pipeline = pipeline
        self.held = held
        self.events = events
    }

    /// One round.
    func run() async throws(PlatformError) {
        // First, since the store may be what they hang at.
        await endOverdue()
        try await held.settleLeft()
        try await endUnseen()
    }

    /// Tells deploys to end that go on for too long, and leaves those to themselves that do not heed it until the next round.
    private func endOverdue() async {
        let limit = platform.configuration.longestDeploy
        let late = pipeline.turns.all.filter { $0.age > limit }
        let told = overdue
        overdue = Set(late.map(\.deploy.id))
        let reason = "it did not end within \(limit.components.seconds) s"
        for turn in late { turn.cancel(reason) }
        for turn in late where told.contains(turn.deploy.id) { await pipeline.abandon(turn) }
        for deploy in late.map(\.deploy) where !told.contains(deploy.id) {
            await events.note(
                .deployReaped, app: deploy.appID, channel: deploy.channelID, "deploy \(deploy.id) was ended: \(reason)")
        }
    }

    private func endUnseen() async throws(PlatformError) {
        var unseen: Set<ID<Deploy>> = []
        for deploy in try await platform.deploys.unfinished() {
            if deploy.status == .queued {
                await queue.wake(deploy.channelID)
            } else if pipeline.turns[deploy.id] == nil {
                unseen.insert(deploy.id)
            }
        }
        // Once may be the moment between the store and the turn.
        for id in unseen.intersection(suspects) {
            guard let deploy = try await platform.deploys.deploy(id), deploy.status == .running else { continue }
            await pipeline.ends.fail(deploy, because: PlatformError(.cancelled, "nobody worked on it any more"))
            await events.note(
                .deployReaped, app: deploy.appID, channel: deploy.channelID,
                "deploy \(id) was running and nobody worked on it: ended")
        }
        suspects = unseen
    }
}
