import Core
import Foundation
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

    @Test("that are taken back go to the next one, and who had them gives nobody's away")
    func takenBack() async throws {
        let deploy = DeployTurn(
            Deploy(appID: ID(), channelID: channel, requested: "HEAD", ref: nil, commit: nil, createdAt: Date()))
        let (first, second) = (Gate(), Gate())
        for gate in [first, second] { gate.close() }
        let stuck = Task { [turns, channel] in
            try await turns.run(on: channel, for: deploy) { () async throws(PlatformError) in await first.pass() }
        }
        #expect(await eventually { first.queue == 1 })
        let next = Task { [turns, channel] in
            try await turns.run(on: channel) { () async throws(PlatformError) in await second.pass() }
        }
        func isFree() async throws -> Bool {
            try await turns.runIfFree(on: channel) { () async throws(PlatformError) in true } ?? false
        }
        #expect(try await !isFree())
        #expect(second.queue == 0)
        turns.end(try #require(deploy.serving))
        #expect(await eventually { second.queue == 1 })
        // It goes on all the same, and ends.
        first.open()
        try await stuck.value
        turns.end(try #require(deploy.serving))
        #expect(try await !isFree())
        second.open()
        try await next.value
        #expect(try await isFree())
    }
}
