import ControlTestSupport
import Core
import Foundation
import Logging
import Synchronization
import TestSupport
import Testing

@testable import Control

/// Programs that exist in name only.
private final class ScriptedHooks: HookRunner {
    private let state = Mutex<(calls: [HookCall], refused: Set<HookEvent>)>(([], []))

    var calls: [HookCall] { state.withLock { $0.calls } }
    func call(_ event: HookEvent) -> HookCall? { calls.last { $0.event == event } }
    func refuse(_ event: HookEvent) { state.withLock { _ = $0.refused.insert(event) } }

    func run(_ call: HookCall, output: @escaping @Sendable (String) -> Void) async throws(PlatformError) {
        let isRefused = state.withLock { state in
            state.calls.append(call)
            return state.refused.contains(call.event)
        }
        output("\(call.event.rawValue) says hello")
        if isRefused { throw PlatformError(.forbidden, "the \(call.event.rawValue) hook 1 exited 1") }
    }
}

@Suite("The operator's programs")
struct HookOccasionsTests {
    private let hooks = ScriptedHooks()
    private let platform: TestPlatform

    init() { platform = TestPlatform(hooks: hooks) }

    @Test("are run around a push and its deploys, and told what they need")
    func told() async throws {
        let alice = try await platform.user()
        let made = try await platform.control.apps.create(name: "site", template: nil, by: alice)
        let events = try await platform.push(platform.commit("a"), app: made.app, by: alice)
        #expect(verdicts(events) == ["refs/heads/master": ""])
        #expect(lines(events).contains("pre-receive says hello"))
        #expect(lines(events).contains("post-receive says hello"))
        #expect(lines(events).contains { $0.hasSuffix("] pre-deploy says hello") })
        #expect(await eventually { hooks.calls.count == 4 })
        let line = "\(String(repeating: "0", count: 40)) \(platform.commit("a")) refs/heads/master\n"
        #expect(hooks.call(.preReceive)?.input == line && hooks.call(.postReceive)?.input == line)
        #expect(
            hooks.call(.preReceive)?.environment == [
                "BERTH_APP": "site", "BERTH_APP_ID": "\(made.app.id)", "BERTH_USER": "alice", "BERTH_PUSHER": "alice",
            ])
        #expect(
            hooks.call(.postReceive)?.environment == [
                "BERTH_APP": "site", "BERTH_APP_ID": "\(made.app.id)", "BERTH_USER": "alice",
            ])

        let channel = try #require(made.channels.first)
        let deploy = try #require(try await platform.stores.deploys.deploys(channel: channel.id, limit: 1).first)
        let (commit, url) = (platform.commit("a").rawValue, "http://site-alice.localhost:8080/")
        var environment = [
            "BERTH_APP": "site", "BERTH_APP_ID": "\(made.app.id)", "BERTH_USER": "alice", "BERTH_CHANNEL": "prod",
            "BERTH_CHANNEL_ID": "\(channel.id)", "BERTH_DEPLOY_ID": "\(deploy.id)", "BERTH_SHA": commit,
            "BERTH_URL": url, "BERTH_STATUS": "running",
        ]
        #expect(hooks.call(.preDeploy)?.environment == environment)
        environment["BERTH_STATUS"] = "success"
        #expect(hooks.call(.postDeploy)?.environment == environment)

        var description = [
            "app": "site", "app_id": "\(made.app.id)", "branch": "master", "channel": "prod",
            "channel_id": "\(channel.id)", "deploy_id": "\(deploy.id)", "requested": "master", "sha": commit,
            "status": "running", "url": url, "user": "alice",
        ]
        // Nothing else is known yet: every value is a text.
        let before = try described(.preDeploy)
        #expect(before.count == description.count && before.compactMapValues { $0 as? String } == description)
        description["status"] = "success"
        let after = try described(.postDeploy)
        #expect(after.compactMapValues { $0 as? String } == description)
        #expect(Set(after.keys).subtracting(description.keys) == ["duration_ms", "requests", "failed"])
        for event in [HookEvent.preDeploy, .postDeploy] {
            let text = try #require(hooks.call(event)?.input)
            #expect(text.hasSuffix("}\n") && text.filter { $0 == "\n" }.count == 1)
        }
    }

    @Test("get a line for each ref of a push, and after it for each that has moved")
    func refs() async throws {
        let alice = try await platform.user()
        let made = try await platform.control.apps.create(name: "site", template: nil, by: alice)
        let (one, two) = (platform.commit("a"), platform.commit("b"))
        let none = String(repeating: "0", count: 40)
        platform.repository.move(.master, to: two, app: made.app.id)
        let updates = [
            PushUpdate(ref: "refs/heads/master", old: one, new: two),
            PushUpdate(ref: "refs/heads/old", old: one, new: nil),
            PushUpdate(ref: "refs/tags/v1", old: nil, new: two),
        ]
        let prepared = try await platform.control.pushes.prepare(
            updates, access: GitAccess(app: made.app, principal: alice))
        let all = [
            "\(one) \(two) refs/heads/master\n", "\(one) \(none) refs/heads/old\n", "\(none) \(two) refs/tags/v1\n",
        ]
        #expect(hooks.call(.preReceive)?.input == all.joined())
        let moved: Set = ["refs/heads/master", "refs/heads/old"]
        for await _ in await platform.control.pushes.proceed(prepared, moved: moved) {}
        #expect(await eventually { hooks.call(.postReceive)?.input == all[0] + all[1] })
    }

    @Test("are told after a deploy how long it took and what its switch cost")
    func figures() async throws {
        let alice = try await platform.user()
        let (app, prod) = try await platform.webApp(by: alice)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        #expect(await eventually { hooks.calls.count == 4 })
        let old = try #require(platform.runner.running.values.first)
        platform.routes.count { target in
            var figures = TrafficFigures()
            // Too few failures to say anything.
            let (requests, failures) = target == .instance(old) ? (100, 0) : (4812, 2)
            for number in 0..<requests { figures.add(microseconds: 1000, isFailure: number < failures) }
            return figures
        }
        let events = try await platform.push(platform.commit("b"), app: app, by: alice)
        #expect(verdicts(events) == ["refs/heads/master": ""])
        #expect(await eventually { hooks.calls.count == 8 })
        let after = try described(.postDeploy)
        #expect(after["requests"] as? Int == 4812 && after["failed"] as? Int == 2)
        let deploy = try #require(try await platform.stores.deploys.deploys(channel: prod.id, limit: 1).first)
        let report = try #require(try await platform.stores.deploys.report(of: deploy.id))
        // It was looked at for a while after the switch.
        let milliseconds = report.steps.compactMap(\.milliseconds).reduce(0, +)
        #expect(milliseconds > 0 && after["duration_ms"] as? Int == milliseconds)
    }

    @Test("that refuse a push leave nothing of it, and their words are handed on")
    func refusedPush() async throws {
        hooks.refuse(.preReceive)
        let alice = try await platform.user()
        let made = try await platform.control.apps.create(name: "site", template: nil, by: alice)
        let error = await #expect(throws: PlatformError.self) {
            try await platform.push(platform.commit("a"), app: made.app, by: alice)
        }
        #expect(error?.message == "the pre-receive hook 1 exited 1")
        #expect(error?.details["output"] == "pre-receive says hello")
        #expect(try await platform.stores.deploys.held().isEmpty)
        #expect(try await platform.stores.deploys.hasNone(app: made.app.id))
    }

    @Test("that refuse a deploy fail it before anything is built")
    func refusedDeploy() async throws {
        hooks.refuse(.preDeploy)
        let alice = try await platform.user()
        let made = try await platform.control.apps.create(name: "site", template: nil, by: alice)
        let events = try await platform.push(platform.commit("a"), app: made.app, by: alice)
        #expect(verdicts(events).values.first == "deploy of prod failed: the pre-deploy hook 1 exited 1")
        #expect(platform.builder.requests.isEmpty)
        #expect(await eventually { hooks.call(.postDeploy) != nil })
        #expect(try described(.postDeploy)["failure"] as? String == "the pre-deploy hook 1 exited 1")
    }

    @Test("that fail afterwards change nothing, and the server's log tells of them")
    func failedAfterwards() async throws {
        hooks.refuse(.postReceive)
        hooks.refuse(.postDeploy)
        let alice = try await platform.user()
        let made = try await platform.control.apps.create(name: "site", template: nil, by: alice)
        let events = try await platform.push(platform.commit("a"), app: made.app, by: alice)
        #expect(verdicts(events) == ["refs/heads/master": ""])
        let failures = { platform.serverLog.entries.filter { $0.message == "hook failed" } }
        #expect(await eventually { failures().count == 2 })
        #expect(failures().allSatisfy { $0.level == .warning && $0.metadata["app"] == "\(made.app.id)" })
        #expect(
            Set(failures().compactMap { $0.metadata["error"] }) == [
                "forbidden: the post-receive hook 1 exited 1", "forbidden: the post-deploy hook 1 exited 1",
            ])
        let status = try await platform.stores.deploys.deploys(channel: made.channels[0].id, limit: 1).map(\.status)
        #expect(status == [.success])
    }

    private func described(_ event: HookEvent) throws -> [String: Any] {
        let call = try #require(hooks.call(event))
        return try #require(JSONSerialization.jsonObject(with: Data(call.input.utf8)) as? [String: Any])
    }
}
