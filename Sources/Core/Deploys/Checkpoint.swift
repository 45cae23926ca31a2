/// Moments in the life of pushes, deploys, deletions and instances between two of which state changes for good. A test ends or
/// halts the server at each of them (`BERTH_CRASH_FILE`) and looks at what the next start makes of it.
public enum Checkpoint: String, Sendable, CaseIterable {
    /// The deploys of a push are written down, its refs have not moved.
    case pushPrepared = "push-prepared"
    /// The refs have moved, the deploys are not queued.
    case pushMoved = "push-moved"
    /// The deploys are queued, nobody works on them.
    case deployQueued = "deploy-queued"
    /// A deploy runs in the store.
    case deployStarted = "deploy-started"
    /// Its commit is pinned.
    case commitPinned = "commit-pinned"
    /// The operator's pre-deploy hooks have let it pass.
    case hooksPassed = "hooks-passed"
    /// The channel's database is there, nothing is built. Not of a release that was asked for: that has its variables.
    case databaseReady = "database-ready"
    /// The files of its release are on disk, the release is not written down.
    case releaseBuilt = "release-built"
    case releaseKept = "release-kept"
    /// The version before is stopped, as two of it must not run at once; nothing runs. Only for `RunPlan.Strategy.stopFirst`.
    case formerStopped = "former-stopped"
    /// An instance is written down and does not run.
    case instanceKept = "instance-kept"
    /// It runs and is ready, the route leads to the old one.
    case instanceReady = "instance-ready"
    /// The switch is written down, the route leads to the old version.
    case switched
    /// The route leads to the new version.
    case published
    /// The new version was looked at, the deploy has not ended. Only for sites that are being asked.
    case watched
    /// That the new version did not prove sound is written down, and so is the way back: the deploy has failed. The route
    /// leads to the new version.
    case goneBack = "gone-back"
    /// The deploy has succeeded in the store, its log has no end.
    case succeeded
    /// The log has its end; the old version still runs.
    case logEnded = "log-ended"
    /// The old instance has no requests any more and runs.
    case drained
    /// It is stopped and still written down.
    case stopped
    /// The new version of what must not run twice did not come up and is gone; the one before is stopped. What follows are the
    /// points of a start without a deploy.
    case bringingBack = "bringing-back"
    /// Somebody has cancelled a running deploy: what it had made is gone, it runs in the store.
    case cancelled
    /// A deploy has failed in the store, its log has no end.
    case failed
    /// An app or a channel counts as deleted, everything of it is there.
    case deletionMarked = "deletion-marked"
    /// Everything of it is gone but its rows and its database.
    case deletionCleared = "deletion-cleared"
    /// A channel is written down as asleep beside its live instance, to which its route leads.
    case sleepKept = "sleep-kept"
    /// Its requests wait; its instance is live.
    case sleepShown = "sleep-shown"
    /// Its instance is on its way out and runs. What follows is `drained` and `stopped`.
    case asleep
    /// An instance that a request, a repair or a way back has started is written down and does not run.
    case wakeKept = "wake-kept"
    /// It runs and is ready, the route leads to what was there before.
    case wakeReady = "wake-ready"
    /// The route leads to it; what it replaces is written down still.
    case wakeShown = "wake-shown"
}

/// Is told when a checkpoint is passed.
public typealias CheckpointObserver = @Sendable (Checkpoint) -> Void
