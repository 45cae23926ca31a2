import Core
import Synchronization

/// What changes what a channel serves and is no deploy: repairs, and starts of what got lost. Beside its deploys' builds, in its
/// serving turn. It ends with the channel.
final class ServingWork: Sendable {
    private typealias Work = Task<Result<Bool, PlatformError>, Never>

    private struct State {
        var running: [ID<Channel>: [Int: Work]] = [:]
        var lastNumber = 0
        var isClosed = false
    }

    private let turns: ServingTurns
    private let state = Mutex(State())

    init(turns: ServingTurns) { self.turns = turns }

    /// Runs `body` when it is nobody's turn. Returns false, without having run it, when it is somebody's: that one changes what
    /// is served. When the server is being stopped there is nothing to come back for: true, and nothing is run.
    func runIfFree(
        on channel: ID<Channel>, _ body: @escaping @Sendable () async throws(PlatformError) -> Void
    ) async throws(PlatformError) -> Bool {
        let begun = state.withLock { state -> (number: Int, work: Work)? in
            guard !state.isClosed else { return nil }
            state.lastNumber += 1
            let work = Work { [turns] in
                do throws(PlatformError) {
                    return .success(try await turns.runIfFree(on: channel, body) != nil)
                } catch { return .failure(error) }
            }
            state.running[channel, default: [:]][state.lastNumber] = work
            return (state.lastNumber, work)
        }
        guard let begun else { return true }
        let result = await withTaskCancellationHandler {
            await begun.work.value
        } onCancel: {
            begun.work.cancel()
        }
        state.withLock { state in
            state.running[channel]?[begun.number] = nil
            if state.running[channel]?.isEmpty == true { state.running[channel] = nil }
        }
        return try result.get()
    }

    /// Ends what goes on for a channel that is deleted, and waits until nothing of it does. What begins later finds no channel.
    func end(_ channel: ID<Channel>) async {
        await Self.end(state.withLock { Array(($0.running[channel] ?? [:]).values) })
    }

    /// Ends all that goes on, for the next start of the server to do.
    func close() async {
        let running = state.withLock { state in
            state.isClosed = true
            return state.running.values.flatMap { Array($0.values) }
        }
        await Self.end(running)
    }

    private static func end(_ running: [Work]) async {
        for work in running { work.cancel() }
        for work in running { _ = await work.value }
    }
}
