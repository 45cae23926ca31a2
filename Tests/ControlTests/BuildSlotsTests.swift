import ControlTestSupport
import Core
import Synchronization
import TestSupport
import Testing

@testable import Control

@Suite("The turns of builds")
struct BuildSlotsTests {
    private let alice = ID<User>()
    private let bob = ID<User>()
    private let carol = ID<User>()

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
        #expect(builds.order == ["a1", "a2"])
        // The turn that is not for who has some.
        tasks.append(start("b1", bob, slots, builds))
        #expect(await eventually { builds.order.last == "b1" })
        tasks.append(start("b2", bob, slots, builds))
        #expect(await eventually { await slots.queue == 4 })
        tasks.append(start("c1", carol, slots, builds))
        #expect(await eventually { await slots.queue == 5 })
        builds.finish("a1")
        #expect(await eventually { builds.order.count == 4 })
        #expect(builds.order.last == "c1")
        // Who has none again comes before who has one.
        builds.finish("b1")
        #expect(await eventually { builds.order.last == "b2" })
        builds.finish("c1")
        for name in ["a2", "b2", "a3", "a4", "a5"] {
            #expect(await eventually { builds.order.contains(name) })
            builds.finish(name)
        }
        for task in tasks { try await task.value }
        #expect(builds.order == ["a1", "a2", "b1", "c1", "b2", "a3", "a4", "a5"])
    }

    @Test("of one user are never all that there are, and a server with one turn has one", arguments: [1, 2, 3, 8])
    func oneUser(count: Int) async throws {
        let (slots, builds) = (BuildSlots(count), Builds())
        var tasks: [Task<Void, any Error>] = []
        for number in 1...count + 3 { tasks.append(start("a\(number)", alice, slots, builds)) }
        #expect(await eventually { await slots.queue == 3 && builds.order.count == count })
        tasks.append(start("b1", bob, slots, builds))
        if count == 1 {
            #expect(await eventually { await slots.queue == 4 })
            #expect(builds.order.count == 1)
        } else {
            #expect(await eventually { builds.order.last == "b1" })
            #expect(await slots.queue == 3)
        }
        var ended: Set<String> = []
        while ended.count < count + 4 {
            #expect(await eventually { builds.order.contains { !ended.contains($0) } })
            guard let next = builds.order.first(where: { !ended.contains($0) }) else { break }
            builds.finish(next)
            ended.insert(next)
        }
        for task in tasks { try await task.value }
    }

    @Test("a burst of fifty keeps another user waiting for none of them, and a third one for one")
    func burst() async throws {
        let (slots, builds) = (BuildSlots(2), Builds())
        var tasks: [Task<Void, any Error>] = []
        for number in 1...50 { tasks.append(start("a\(number)", alice, slots, builds)) }
        #expect(await eventually { await slots.queue == 48 && builds.order.count == 2 })
        tasks.append(start("b1", bob, slots, builds))
        #expect(await eventually { builds.order.last == "b1" })
        tasks.append(start("c1", carol, slots, builds))
        #expect(await eventually { await slots.queue == 49 })
        builds.finish(builds.order[0])
        #expect(await eventually { builds.order.count == 4 })
        #expect(builds.order.last == "c1")
        // The rest of the burst goes on, one after the other.
        var ended: Set<String> = [builds.order[0]]
        while ended.count < 52 {
            #expect(await eventually { builds.order.contains { !ended.contains($0) } })
            guard let next = builds.order.first(where: { !ended.contains($0) }) else { break }
            builds.finish(next)
            ended.insert(next)
        }
        for task in tasks { try await task.value }
        #expect(builds.order.count == 52 && Set(builds.order).count == 52)
    }

    @Test("are waited for as long as the limit says")
    func limit() async throws {
        let (slots, builds) = (BuildSlots(1), Builds())
        let first = start("a1", alice, slots, builds)
        #expect(await eventually { builds.order == ["a1"] })
        let error = await #expect(throws: PlatformError.self) {
            try await slots.run(for: bob, limit: .milliseconds(10), onWait: {}) { () async throws(PlatformError) in }
        }
        #expect(error?.message == "waiting for a turn among the builds of this server did not end within 0 s")
        #expect(await slots.queue == 0)
        builds.finish("a1")
        try await first.value
        // It was not lost.
        try await slots.run(for: bob, onWait: {}) { () async throws(PlatformError) in }
    }

    @Test("are what deploys build in: a user's third app waits for one, and nobody else for it")
    func deploys() async throws {
        let platform = TestPlatform()
        let builds = Builds()
        platform.builder.use { request, log throws(PlatformError) in
            await builds.run(request.app.name.rawValue)
            return try await ScriptedBuilder.staticSite(request, log)
        }
        func deploy(_ name: String, _ user: Principal) async throws -> Deploy {
            let made = try await platform.control.apps.create(name: name, template: nil, by: user)
            platform.repository.move(.master, to: platform.commit("a"), app: made.app.id)
            return try await platform.control.deploys.request(
                "HEAD", channel: made.channels[0].id, app: made.app.id, by: user)
        }
        func text(_ deploy: Deploy) async -> String {
            guard let log = try? await platform.stores.logs.read(deploy.id) else { return "" }
            return String(decoding: log, as: UTF8.self)
        }
        let waiting = "waiting for a turn among the builds of this server..."
        let (alice, bob) = (try await platform.user(), try await platform.user("bob"))
        let carol = try await platform.user("carol")
        var deploys: [Deploy] = []
        for number in 1...2 {
            deploys.append(try await deploy("a\(number)", alice))
            #expect(await eventually { builds.order.count == number })
        }
        deploys.append(try await deploy("a3", alice))
        #expect(await eventually { await text(deploys[2]).contains(waiting) })
        deploys.append(try await deploy("b1", bob))
        #expect(await eventually { builds.order.last == "b1" })
        #expect(await !text(deploys[3]).contains(waiting))
        // All are taken now: who has none comes before who has waited longer.
        deploys.append(try await deploy("c1", carol))
        #expect(await eventually { await text(deploys[4]).contains(waiting) })
        builds.finish("a1")
        #expect(await eventually { builds.order.last == "c1" })
        for name in ["a2", "b1", "c1", "a3"] {
            #expect(await eventually { builds.order.contains(name) })
            builds.finish(name)
        }
        for deploy in deploys { #expect(try await platform.log(of: deploy.id).hasSuffix("deploy complete\n")) }
        #expect(builds.order == ["a1", "a2", "b1", "c1", "a3"])
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
