import ControlTestSupport
import Core
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Control

/// A program before deploys that takes until the gate opens.
private struct SlowHooks: HookRunner {
    let gate: Gate

    func run(_ call: HookCall, output: @escaping @Sendable (String) -> Void) async throws(PlatformError) {
        if call.event == .preDeploy { await gate.pass() }
    }
}

/// Parts that heed nothing: what waits at a closed gate is not ended by a cancellation.
@Suite("A part of a deploy that does not end")
struct StepLimitTests {
    enum Part: String, CaseIterable {
        case resolve, database, hooks, build, start, `switch`
    }

    private static let limit = Duration.milliseconds(500)
    private static let host = "api1-alice.localhost"

    /// An app whose processes get no time of their own beyond the margins.
    private static func plain(_ strategy: RunPlan.Strategy? = nil, sleep: Int? = nil) -> ScriptedBuilder.Script {
        { _, _ in
            BuildResult(
                plan: RunPlan(
                    kind: .web, command: ["true"], readySeconds: 0, graceSeconds: 0, strategy: strategy,
                    sleepSeconds: sleep), isPristine: false, site: nil)
        }
    }

    private func deploy(
        _ digit: Character, _ prod: Channel, _ platform: TestPlatform, by alice: Principal
    ) async throws -> Deploy {
        platform.repository.move(.master, to: platform.commit(digit), app: prod.appID)
        return try await platform.control.deploys.request("HEAD", channel: prod.id, app: prod.appID, by: alice)
    }

    private func expectFailure(_ deploy: Deploy, _ platform: TestPlatform, _ reason: String) async throws {
        let log = try await platform.log(of: deploy.id)
        #expect(log.hasSuffix("deploy failed: \(reason) did not end within 0 s\n"), "\(log)")
    }

    @Test("fails it at its limit, by name, and the channel's next one goes on", arguments: Part.allCases)
    func steps(part: Part) async throws {
        let gate = Gate()
        let platform = TestPlatform(hooks: SlowHooks(gate: gate)) { configuration in
            configuration.stepGrace = Self.limit
            if part == .start {
                configuration.startMargin = Self.limit
            } else if let name = DeployStep.Name(rawValue: part.rawValue) {
                configuration.stepLimits[name] = Self.limit
            }
        }
        let alice = try await platform.user()
        // Hooks wait at this gate always.
        if part == .hooks { gate.close() }
        if part == .database { platform.provisioner.gate.close() }
        let prod = try await platform.webApp(by: alice).prod
        platform.builder.use(Self.plain())
        let other = Gate()
        other.close()
        switch part {
        case .hooks, .database: break
        case .resolve: platform.repository.holdResolve { await other.pass() }
        case .build:
            platform.builder.use { request, log throws(PlatformError) in
                await other.pass()
                return try await Self.plain()(request, log)
            }
        case .start: platform.runner.holdStarts()
        case .switch:
            platform.stores.before(.succeed, times: 1) { () async throws(PlatformError) in await other.pass() }
        }
        let stuck = try await deploy("a", prod, platform, by: alice)
        try await expectFailure(stuck, platform, "the step \(part.rawValue)")
        gate.open()
        other.open()
        platform.provisioner.gate.open()
        platform.repository.holdResolve(until: nil)
        platform.runner.letGo()
        #expect(await eventually { platform.runner.running.isEmpty })
        platform.builder.use(ScriptedBuilder.staticSite)
        let next = try await deploy("b", prod, platform, by: alice)
        #expect(try await platform.log(of: next.id).hasSuffix("deploy complete\n"))
        #expect(try await platform.stores.channels.channel(prod.id)?.currentCommit == platform.commit("b"))
    }

    @Test("takes nothing from the time of a build that waits for its turn")
    func buildInTurn() async throws {
        let limit = Duration.seconds(1)
        let platform = TestPlatform { configuration in
            configuration.buildSlots = 1
            configuration.stepLimits[.build] = limit
        }
        let gate = Gate()
        gate.close()
        platform.builder.use { request, log throws(PlatformError) in
            if request.app.name.rawValue == "first" { await gate.pass() }
            return try await ScriptedBuilder.staticSite(request, log)
        }
        let alice = try await platform.user()
        var deploys: [Deploy] = []
        for name in ["first", "second"] {
            let made = try await platform.control.apps.create(name: name, template: nil, by: alice)
            deploys.append(try await deploy("a", made.channels[0], platform, by: alice))
            #expect(await eventually { gate.queue == 1 })
        }
        func isWaiting() async -> Bool {
            guard let log = try? await platform.stores.logs.read(deploys[1].id) else { return false }
            return String(decoding: log, as: UTF8.self).contains("waiting for a turn")
        }
        #expect(await eventually { await isWaiting() })
        // Longer than a build may take.
        try await Task.sleep(for: limit + .milliseconds(200))
        gate.open()
        #expect(try await platform.log(of: deploys[1].id).hasSuffix("deploy complete\n"))
    }

    @Test("is what a build is told that has waited for its turn for too long")
    func buildTurn() async throws {
        let platform = TestPlatform { configuration in
            configuration.buildSlots = 1
            configuration.buildTurnLimit = Self.limit
        }
        let gate = Gate()
        gate.close()
        platform.builder.use { request, log throws(PlatformError) in
            await gate.pass()
            return try await ScriptedBuilder.staticSite(request, log)
        }
        let alice = try await platform.user()
        let first = try await platform.control.apps.create(name: "first", template: nil, by: alice)
        let building = try await deploy("a", first.channels[0], platform, by: alice)
        #expect(await eventually { gate.queue == 1 })
        let second = try await platform.control.apps.create(name: "second", template: nil, by: alice)
        let waiting = try await deploy("a", second.channels[0], platform, by: alice)
        try await expectFailure(waiting, platform, "waiting for a turn among the builds of this server")
        gate.open()
        #expect(try await platform.log(of: building.id).hasSuffix("deploy complete\n"))
    }

    @Test("fails the deploy that waits for it when it is a wake")
    func servingTurn() async throws {
        let platform = TestPlatform { $0.servingTurnLimit = Self.limit }
        let alice = try await platform.user()
        let prod = try await platform.webApp(by: alice).prod
        platform.builder.use(Self.plain(sleep: 60))
        let first = try await deploy("a", prod, platform, by: alice)
        #expect(try await platform.log(of: first.id).hasSuffix("deploy complete\n"))
        let now = ContinuousClock.now
        // Not as long as the deploy has its channel's turn.
        #expect(
            await eventually {
                for seconds in [0, 61] { await platform.control.putToSleep(at: now + .seconds(seconds)) }
                return platform.runner.running.isEmpty
            })
        platform.runner.holdStarts()
        platform.routes.ask(prod.id)
        #expect(await eventually { platform.runner.starts == 2 })
        let stuck = try await deploy("b", prod, platform, by: alice)
        try await expectFailure(stuck, platform, "waiting for what else changes what the channel serves")
        platform.runner.letGo()
        #expect(await eventually { platform.runner.running.count == 1 })
    }

    @Test("leaves the version before serving when it is that one's end")
    func stop() async throws {
        let platform = TestPlatform { configuration in
            (configuration.drainSeconds, configuration.failedDrainSeconds) = (0, 0)
            configuration.stopMargin = Self.limit
            configuration.stepGrace = Self.limit
        }
        let alice = try await platform.user()
        let prod = try await platform.webApp(by: alice).prod
        platform.builder.use(Self.plain(.stopFirst))
        let first = try await deploy("a", prod, platform, by: alice)
        #expect(try await platform.log(of: first.id).hasSuffix("deploy complete\n"))
        let old = try #require(platform.runner.running.values.first)
        platform.runner.stops.close()
        let stuck = try await deploy("b", prod, platform, by: alice)
        try await expectFailure(stuck, platform, "stopping the version before")
        #expect(platform.routes.targets[Self.host] == .instance(old))
        #expect(try await platform.stores.channels.channel(prod.id)?.currentCommit == platform.commit("a"))
        platform.runner.stops.open()
    }

    @Test("brings the version before back when it is that the new one is written down, and leaves nothing when it ends")
    func writing() async throws {
        let platform = TestPlatform { configuration in
            configuration.drainSeconds = 0
            configuration.stepLimits[.switch] = Self.limit
            configuration.stepGrace = Self.limit
        }
        let alice = try await platform.user()
        let prod = try await platform.webApp(by: alice).prod
        platform.builder.use(Self.plain(.stopFirst))
        let first = try await deploy("a", prod, platform, by: alice)
        #expect(try await platform.log(of: first.id).hasSuffix("deploy complete\n"))
        let gate = Gate()
        gate.close()
        platform.stores.before(.insertInstance, times: 1) { () async throws(PlatformError) in await gate.pass() }
        let stuck = try await deploy("b", prod, platform, by: alice)
        try await expectFailure(stuck, platform, "the step start")
        let back = try #require(platform.runner.running.values.first)
        #expect(platform.routes.targets[Self.host] == .instance(back))
        #expect(platform.runner.environment(of: back.id)?["XHOST_SHA"] == platform.commit("a").rawValue)
        // It is written down all the same, and nobody knows of it but the reconciler.
        gate.open()
        func states() async -> [Instance.State]? {
            (try? await platform.stores.instances.instances(channel: prod.id))?.map(\.state)
        }
        #expect(await eventually { await states() == [.live, .starting] })
        await platform.control.reconcile()
        #expect(await states() == [.live])
        #expect(platform.routes.targets[Self.host] == .instance(back))
    }

    @Test("is left to itself when it removes what did not come up")
    func removal() async throws {
        let platform = TestPlatform { configuration in
            configuration.failedDrainSeconds = 0
            configuration.stopMargin = Self.limit
            configuration.stepGrace = Self.limit
        }
        let alice = try await platform.user()
        let prod = try await platform.webApp(by: alice).prod
        platform.builder.use(Self.plain())
        platform.runner.stops.close()
        platform.runner.fail(with: PlatformError(.buildFailed, "the app exited with status 1"))
        let failed = try await deploy("a", prod, platform, by: alice)
        #expect(
            try await platform.log(of: failed.id).hasSuffix("deploy failed: the app exited with status 1\n"))
        platform.runner.stops.open()
        // What was left to itself has come to its end.
        #expect(await eventually { (try? await platform.stores.instances.instances().isEmpty) == true })
        platform.runner.fail(with: nil)
        let next = try await deploy("b", prod, platform, by: alice)
        #expect(try await platform.log(of: next.id).hasSuffix("deploy complete\n"))
    }

    @Test("holds up no repair for ever when it starts an instance without a deploy")
    func repair() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let prod = try await platform.webApp(by: alice).prod
        platform.builder.use(Self.plain())
        let first = try await deploy("a", prod, platform, by: alice)
        #expect(try await platform.log(of: first.id).hasSuffix("deploy complete\n"))
        platform.runner.lose(try #require(platform.runner.running.keys.first))
        let control = platform.restarted { configuration in
            configuration.startMargin = Self.limit
            configuration.stepGrace = Self.limit
        }
        _ = try await control.restore()
        platform.runner.holdStarts()
        let hasEnded = Mutex(false)
        let round = Task {
            await control.reconcile()
            hasEnded.withLock { $0 = true }
        }
        #expect(await eventually { hasEnded.withLock { $0 } })
        #expect(platform.runner.running.isEmpty)
        platform.runner.letGo()
        await round.value
        #expect(
            await eventually {
                await control.reconcile()
                return if case .instance? = platform.routes.targets[Self.host] { true } else { false }
            })
    }
}
