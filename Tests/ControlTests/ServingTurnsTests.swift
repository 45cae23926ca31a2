import Core
import Synchronization
import TestSupport
import Testing

@testable import Control

@Suite("Turns at what serves of a channel")
struct ServingTurnsTests {
    /// How many are at work, and how many were at most.
    private final class Counts: Sendable {
        private let state = Mutex((running: 0, most: 0))

        var most: Int { state.withLock { $0.most } }

        func begin() {
            state.withLock { state in
                state.running += 1
                state.most = max(state.most, state.running)
            }
        }

        func end() { state.withLock { $0.running -= 1 } }
    }

    private let turns = ServingTurns()
    private let channel = ID<Channel>()

    @Test("come one after the other, and other channels do not wait")
    func order() async throws {
        let counts = Counts()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<20 {
                group.addTask { [turns, channel] in
                    try await turns.run(on: channel) { () async throws(PlatformError) in
                        counts.begin()
                        await Task.yield()
                        counts.end()
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(counts.most == 1)
        try await turns.run(on: channel) { () async throws(PlatformError) in
            try await turns.run(on: ID<Channel>()) { () async throws(PlatformError) in }
        }
    }

    @Test("are not waited for by a task that is cancelled, nor lost to it")
    func cancelled() async throws {
        try await turns.run(on: channel) { () async throws(PlatformError) in
            let waiter = Task { [turns, channel] () -> PlatformError? in
                do throws(PlatformError) {
                    try await turns.run(on: channel) { () async throws(PlatformError) in }
                    return nil
                } catch { return error }
            }
            waiter.cancel()
            #expect(await waiter.value?.code == .cancelled)
        }
        try await turns.run(on: channel) { () async throws(PlatformError) in }
    }
}
