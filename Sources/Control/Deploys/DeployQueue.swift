import Core
import Logging

/// Runs the deploys: one worker a channel, so that a channel's deploys follow one another and channels do not wait
/// for each other. A worker lives as long as its channel has something queued.
actor DeployQueue {
    private let platform: Platform
    private let pipeline: DeployPipeline
    private let turns: DeployTurns
    private var workers: [ID<Channel>: Task<Void, Never>] = [:]
    /// Channels that were woken since their worker last looked.
    private var woken: Set<ID<Channel>> = []
    /// Deploys that somebody is ending, with the reason.
    private var unwanted: [ID<Deploy>: String] = [:]
    private var isClosed = false

    init(platform: Platform, pipeline: DeployPipeline) {
        self.platform = platform
        turns = pipeline.turns
        self.pipeline = pipeline
    }

    /// Something was queued on the channel.
    func wake(_ channel: ID<Channel>) {
        woken.insert(channel)
        guard !isClosed, workers[channel] == nil else { return }
        workers[channel] = Task { await work(channel) }
    }

    /// Whether something of the channel runs now.
    func isBusy(_ channel: ID<Channel>) -> Bool { workers[channel] != nil }

    /// Ends the channel's running deploy and everything queued as failed, and waits until nothing of it runs.
    func cancel(_ channel: ID<Channel>, reason: String) async {
        if let worker = workers[channel] {
            worker.cancel()
            await worker.value
        }
        do throws(PlatformError) {
            for deploy in try await platform.deploys.unfinished() where deploy.channelID == channel {
                await pipeline.ends.fail(deploy, because: PlatformError(.cancelled, reason))
            }
        } catch {
            platform.logger.error("queued deploys not cancelled", metadata: ["error": "\(error)"])
        }
    }

    /// Starts nothing new, gives running deploys `grace` to end, then interrupts them: they stay `running` in the store
    /// and are started again with the server.
    func close(grace: Duration) async {
        isClosed = true
        let running = Array(workers.values)
        guard !running.isEmpty else { return }
        let deadline = Task {
            try? await Task.sleep(for: grace)
            for worker in running { worker.cancel() }
        }
        for worker in running { await worker.value }
        deadline.cancel()
    }

    /// Ends one deploy, if it runs or waits, and waits until nothing of it runs. Fine when it has ended.
    func cancel(_ deploy: Deploy, reason: String) async throws(PlatformError) {
        unwanted[deploy.id] = reason
        defer { unwanted[deploy.id] = nil }
        if try await platform.deploys.failQueued(deploy.id, reason: reason, at: platform.now()) {
            await pipeline.ends.fail(deploy, because: PlatformError(.cancelled, reason))
            return
        }
        // It may be on its way from the queue to its turn.
        while try await platform.deploys.deploy(deploy.id)?.status == .running {
            guard let turn = turns[deploy.id] else {
                guard workers[deploy.channelID] != nil else { return }
                _ = try? await Task.sleep(for: .milliseconds(1))
                continue
            }
            turn.cancel(reason)
            await turn.ended()
            return
        }
    }

    /// Runs a deploy in a task of its own, so that it can be ended without its channel's worker. Returns when its turn is
    /// over, whatever the task still does.
    private func run(_ deploy: Deploy) async throws(CancellationError) {
        let turn = turns.begin(deploy)
        let task = Task { [pipeline] in
            do { try await pipeline.run(turn) } catch { turn.interrupt() }
            turn.end()
        }
        if let reason = unwanted[deploy.id] { turn.cancel(reason) }
        turn.runs(in: task)
        await withTaskCancellationHandler {
            await turn.ended()
        } onCancel: {
            task.cancel()
        }
        if turn.isInterrupted { throw CancellationError() }
    }

    private func work(_ channel: ID<Channel>) async {
        var failures = 0
        while !Task.isCancelled, !isClosed {
            do {
                woken.remove(channel)
                guard let queued = try await platform.deploys.nextQueued(channel: channel) else {
                    // Something may have been queued while the store was asked.
                    if woken.contains(channel) { continue }
                    break
                }
                guard
                    let deploy = try await platform.deploys.start(queued.id, commit: queued.commit, at: platform.now())
                else { continue }
                failures = 0
                platform.pass(.deployStarted)
                try await run(deploy)
            } catch is CancellationError {
                break
            } catch {
                // A full disk or a busy file: what is queued must not wait for the next push to be looked at again.
                failures += 1
                platform.logger.error("deploy queue waits", metadata: ["channel": "\(channel)", "error": "\(error)"])
                try? await Task.sleep(for: platform.configuration.storeRetry.pause(after: failures))
            }
        }
        workers[channel] = nil
    }
}
