import ControlTestSupport
import Core
import Foundation
import TestSupport
import Testing

@testable import Control

/// What goes wrong with an app that sleeps.
extension SleepingTests {
    @Test("that must not run twice keeps sleeping when a deploy of it fails")
    func failedStopFirst() async throws {
        let (alice, app, prod) = try await deployed(.stopFirst)
        try await fallAsleep(prod)
        let before = platform.runner.starts
        platform.builder.use { request, log throws(PlatformError) in
            platform.runner.failOnce(with: PlatformError(.buildFailed, "the app exited with status 1"))
            return try await Self.sleepy(.stopFirst)(request, log)
        }
        let failed = try await platform.push(platform.commit("b"), app: app, by: alice)
        #expect(verdicts(failed).values.first?.contains("exited with status 1") == true)
        #expect(target == .placeholder(.asleep(prod.id)) && platform.runner.starts == before + 1)
        #expect(try await states(prod) == [.asleep])
    }

    /// The instance that is known as live is none that could answer.
    @Test(
        "is started anew when what is known as live does not run, or not as it should",
        arguments: [nil, RunPlan.Strategy.stopFirst], [false, true])
    func lost(strategy: RunPlan.Strategy?, isDamaged: Bool) async throws {
        let (_, _, prod) = try await deployed(strategy)
        let old = try #require(platform.runner.running.keys.first)
        if isDamaged { platform.runner.damage(old, "its link is gone") } else { platform.runner.lose(old) }
        platform.routes.publish(.placeholder(.asleep(prod.id)), at: Self.host)
        platform.routes.ask(prod.id)
        #expect(await eventually { if case .instance(let new)? = target { new.id != old } else { false } })
        try await expectAwake(prod)
        #expect(platform.runner.running[old] == nil)
    }

    @Test("tells those who wait when the store does not answer")
    func storeFails() async throws {
        let (_, _, prod) = try await deployed()
        try await fallAsleep(prod)
        platform.stores.fail(with: PlatformError(.unavailable, "the disk is full"))
        platform.routes.ask(prod.id)
        #expect(await eventually { platform.routes.refused == [Self.host] })
        platform.stores.fail(with: nil)
        #expect(
            await eventually {
                platform.routes.ask(prod.id)
                return if case .instance? = target { true } else { false }
            })
        try await expectAwake(prod)
    }

    @Test("is woken beside few others of its user at a time, and waits for nobody else's")
    func herd() async throws {
        let platform = TestPlatform { $0.wakesPerUser = 2 }
        let (alice, bob) = (try await platform.user(), try await platform.user("bob"))
        var channels: [Channel] = []
        for number in 1...7 {
            let owner = number == 7 ? bob : alice
            let (app, prod) = try await platform.webApp("api\(number)", by: owner)
            platform.builder.use(Self.sleepy())
            _ = try await platform.push(platform.commit("a"), app: app, by: owner)
            channels.append(prod)
        }
        let now = ContinuousClock.now
        #expect(
            await eventually {
                for seconds in [0, 61] { await platform.control.putToSleep(at: now + .seconds(seconds)) }
                return platform.runner.running.isEmpty
            })
        let before = platform.runner.starts
        platform.runner.holdStarts()
        for channel in channels.dropLast() { platform.routes.ask(channel.id) }
        #expect(await eventually { platform.runner.starts == before + 2 })
        platform.routes.ask(channels[6].id)
        #expect(await eventually { platform.runner.starts == before + 3 })
        platform.runner.letGo()
        #expect(await eventually { platform.runner.running.count == channels.count })
        #expect(platform.runner.mostHeld == 3)
    }

    @Test("tells those who ask while the server is being stopped")
    func closed() async throws {
        let (_, _, prod) = try await deployed()
        try await fallAsleep(prod)
        await platform.control.close(grace: .zero)
        platform.routes.ask(prod.id)
        #expect(await eventually { platform.routes.refused == [Self.host] })
        #expect(platform.runner.running.isEmpty)
    }
}
