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
        var hasEnded = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    let deploy: Deploy
    private let state = Mutex(State())

    init(_ deploy: Deploy) { self.deploy = deploy }

    /// The figures so far.
    var report: DeployReport { state.withLock { $0.report } }

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
            let (seconds, attoseconds) = (ContinuousClock.now - state.stepStarts[number]).components
            state.report.steps[number].milliseconds = Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000)
        }
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
}
