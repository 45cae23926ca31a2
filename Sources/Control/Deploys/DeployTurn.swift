import Core
import Foundation
import Synchronization

/// A deploy while it runs: what it has done so far, and whether somebody wants it to end.
final class DeployTurn: Sendable {
    private struct State {
        var report = DeployReport()
        /// When each step of the report began.
        var stepStarts: [ContinuousClock.Instant] = []
        var cancellation: String?
        var task: Task<Void, Never>?
        var isInterrupted = false
        var isAbandoned = false
        /// That of its channel, while it brings its version up.
        var serving: ServingTurns.Turn?
        /// What it brings up.
        var instance: ID<Instance>?
        var hasEnded = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    let deploy: Deploy
    private let begunAt = ContinuousClock.now
    private let state = Mutex(State())

    init(_ deploy: Deploy) { self.deploy = deploy }

    /// How long it has gone on.
    var age: Duration { ContinuousClock.now - begunAt }

    /// The figures so far.
    var report: DeployReport { state.withLock { $0.report } }

    /// The same, with the time so far of steps that go on.
    var reportSoFar: DeployReport {
        state.withLock { state in
            var report = state.report
            for number in report.steps.indices where report.steps[number].milliseconds == nil {
                report.steps[number].milliseconds = Self.milliseconds(since: state.stepStarts[number])
            }
            return report
        }
    }

    /// A step begins; others may go on. Returns what `end` wants to know.
    func begin(_ step: DeployStep.Name, at date: Date) -> Int {
        state.withLock { state in
            state.report.steps.append(DeployStep(name: step, startedAt: date))
            state.stepStarts.append(.now)
            return state.stepStarts.count - 1
        }
    }

    /// The step that `begin` gave this number has ended.
    func end(step number: Int) {
        state.withLock { state in
            state.report.steps[number].milliseconds = Self.milliseconds(since: state.stepStarts[number])
        }
    }

    private static func milliseconds(since start: ContinuousClock.Instant) -> Int {
        let (seconds, attoseconds) = (ContinuousClock.now - start).components
        return Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000)
    }

    func note(_ figures: SwitchFigures) { state.withLock { $0.report.switched = figures } }
    func noteReuse() { state.withLock { $0.report.isReuse = true } }

    // MARK: - Cancellation

    /// Why somebody ended it; `nil` when nobody did.
    var cancellation: String? { state.withLock { $0.cancellation } }

    /// Ends it with a reason. The first reason stays.
    func cancel(_ reason: String) {
        let task = state.withLock { state in
            state.cancellation = state.cancellation ?? reason
            return state.task
        }
        task?.cancel()
    }

    /// The task that runs it. It is cancelled at once when the deploy was.
    func runs(in task: Task<Void, Never>) {
        let isCancelled = state.withLock { state in
            state.task = task
            return state.cancellation != nil
        }
        if isCancelled { task.cancel() }
    }

    /// It was left as it is, for whoever has interrupted it.
    var isInterrupted: Bool { state.withLock { $0.isInterrupted } }
    func interrupt() { state.withLock { $0.isInterrupted = true } }

    // MARK: - Being given up

    /// It goes on although it was given up: what it does from now on must change nothing.
    var isAbandoned: Bool { state.withLock { $0.isAbandoned } }

    /// Gives it up.
    func abandon() { state.withLock { $0.isAbandoned = true } }

    /// It has the turn at what serves of its channel.
    func serves(in turn: ServingTurns.Turn) { state.withLock { $0.serving = turn } }
    /// Its turn at what serves of its channel, which may be over.
    var serving: ServingTurns.Turn? { state.withLock { $0.serving } }

    /// It is about to start this.
    func starts(_ instance: ID<Instance>) { state.withLock { $0.instance = instance } }
    var instance: ID<Instance>? { state.withLock { $0.instance } }

    /// Runs `body`, which must not wait, unless it was given up. Whoever gives it up waits for that.
    func unlessAbandoned<Value: Sendable>(
        _ body: () throws(PlatformError) -> Value
    ) throws(PlatformError) -> Value {
        try state.withLock { (state) throws(PlatformError) in
            if state.isAbandoned { throw PlatformError(.cancelled, "the deploy was given up") }
            return try body()
        }
    }

    /// Throws `.cancelled` when it was given up.
    func checkNotAbandoned() throws(PlatformError) { try unlessAbandoned { () throws(PlatformError) in } }

    /// Waits until it has ended, or was interrupted.
    func ended() async {
        await withCheckedContinuation { continuation in
            let hasEnded = state.withLock { state in
                if !state.hasEnded { state.waiting.append(continuation) }
                return state.hasEnded
            }
            if hasEnded { continuation.resume() }
        }
    }

    /// Lets those go on who wait.
    func end() {
        let waiting = state.withLock { state in
            state.hasEnded = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}

/// The deploys that run in this process.
final class DeployTurns: Sendable {
    private let turns = Mutex<[ID<Deploy>: DeployTurn]>([:])

    func begin(_ deploy: Deploy) -> DeployTurn {
        let turn = DeployTurn(deploy)
        turns.withLock { $0[deploy.id] = turn }
        return turn
    }

    func end(_ turn: DeployTurn) { turns.withLock { _ = $0.removeValue(forKey: turn.deploy.id) } }

    subscript(_ deploy: ID<Deploy>) -> DeployTurn? { turns.withLock { $0[deploy] } }
    var all: [DeployTurn] { turns.withLock { Array($0.values) } }
}
