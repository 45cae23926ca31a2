import Core
import Synchronization
import TestSupport
import Testing

@testable import Control

@Suite("The turns of builds")
struct BuildSlotsTests {
    private let alice = ID<User>()
    private let bob = ID<User>()

    /// A build that ends when it is told to.
    private final class Builds: Sendable {
        private let state = Mutex<(order: [String], gates: [String: AsyncStream<Void>.Continuation])>(([], [:]))

        var order: [String] { state.withLock { $0.order } }

        func run(_ name: String) async {
            let (gate, open) = AsyncStream<Void>.makeStream()
            state.withLock { state in
                state.order.append(name)
                state.gates[name] = open
            }
            for await _ in gate { break }
        }

        func finish(_ name: String) { state.withLock { $0.gates[name] }?.finish() }
    }

    private func start(
        _ name: String, _ user: ID<User>, _ slots: BuildSlots, _ builds: Builds
    ) -> Task<Void, any Error> {
        Task { try await slots.run(for: user, onWait: {}) { () async throws(PlatformError) in await builds.run(name) } }
    }

    @Test("go to the user who has the fewest, whoever came first")
    func fairness() async throws {
        let (slots, builds) = (BuildSlots(2), Builds())
        var tasks: [Task<Void, any Error>] = []
        for number in 1...5 {
            tasks.append(start("a\(number)", alice, slots, builds))
            #expect(await eventually { await builds.order.count + slots.queue == number })
        }
        tasks.append(start("b1", bob, slots, builds))
        #expect(await eventually { await slots.queue == 4 })
        #expect(builds.order == ["a1", "a2"])
        builds.finish("a1")
        #expect(await eventually { builds.order.count == 3 })
        #expect(builds.order.last == "b1")
        builds.finish("b1")
        #expect(await eventually { builds.order.count == 4 })
        #expect(builds.order.last == "a3")
        for name in ["a2", "a3", "a4", "a5"] {
            #expect(await eventually { builds.order.contains(name) })
            builds.finish(name)
        }
        for task in tasks { try await task.value }
        #expect(builds.order == ["a1", "a2", "b1", "a3", "a4", "a5"])
    }

    @Test("a burst of fifty does not keep another user waiting for more than one of them")
    func burst() async throws {
        let (slots, builds) = (BuildSlots(2), Builds())
        var tasks: [Task<Void, any Error>] = []
        for number in 1...50 { tasks.append(start("a\(number)", alice, slots, builds)) }
        #expect(await eventually { await slots.queue == 48 })
        tasks.append(start("b1", bob, slots, builds))
        #expect(await eventually { await slots.queue == 49 })
        builds.finish(builds.order[0])
        #expect(await eventually { builds.order.count == 3 })
        #expect(builds.order.last == "b1")
        // The rest of the burst goes on, one after the other.
        var ended: Set<String> = [builds.order[0]]
        while ended.count < 51 {
            #expect(await eventually { builds.order.contains { !ended.contains($0) } })
            guard let next = builds.order.first(where: { !ended.contains($0) }) else { break }
            builds.finish(next)
            ended.insert(next)
        }
        for task in tasks { try await task.value }
        #expect(builds.order.count == 51 && Set(builds.order).count == 51)
    }

    @Test("that are waited for are left by who is cancelled, and the others go on")
    func cancelled() async throws {
        let (slots, builds) = (BuildSlots(1), Builds())
        let first = start("a1", alice, slots, builds)
        #expect(await eventually { builds.order == ["a1"] })
        let second = start("a2", alice, slots, builds)
        #expect(await eventually { await slots.queue == 1 })
        let third = start("b1", bob, slots, builds)
        #expect(await eventually { await slots.queue == 2 })
        second.cancel()
        let error = await #expect(throws: PlatformError.self) { try await second.value }
        #expect(error?.code == .cancelled)
        builds.finish("a1")
        #expect(await eventually { builds.order == ["a1", "b1"] })
        builds.finish("b1")
        try await first.value
        try await third.value
        #expect(await slots.queue == 0)
    }
}
