import ControlTestSupport
import Core
import Foundation
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
        let before = try described(.preDeploy)
        #expect(before["status"] as? String == "running" && before["branch"] as? String == "master")
        #expect(before["sha"] as? String == platform.commit("a").rawValue && before["channel"] as? String == "prod")
        let after = try described(.postDeploy)
        #expect(after["status"] as? String == "success" && after["failure"] == nil)
        #expect(after["url"] as? String == "http://site-alice.localhost:8080/")
        #expect(hooks.call(.postDeploy)?.environment["BERTH_STATUS"] == "success")
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

    @Test("that fail afterwards change nothing")
    func failedAfterwards() async throws {
        hooks.refuse(.postReceive)
        hooks.refuse(.postDeploy)
        let alice = try await platform.user()
        let made = try await platform.control.apps.create(name: "site", template: nil, by: alice)
        let events = try await platform.push(platform.commit("a"), app: made.app, by: alice)
        #expect(verdicts(events) == ["refs/heads/master": ""])
        #expect(await eventually { hooks.calls.count == 4 })
    }

    private func described(_ event: HookEvent) throws -> [String: Any] {
        let call = try #require(hooks.call(event))
        return try #require(JSONSerialization.jsonObject(with: Data(call.input.utf8)) as? [String: Any])
    }
}
