import ControlTestSupport
import Core
import TestSupport
import Testing

@testable import Control

/// A program of the operator's that refuses every deploy and repeats what it must not.
private struct TalkingHooks: HookRunner {
    let words: String

    func run(_ call: HookCall, output: @escaping @Sendable (String) -> Void) async throws(PlatformError) {
        guard call.event == .preDeploy else { return }
        output("looked at \(words)")
        throw PlatformError(.forbidden, "the pre-deploy hook does not like \(words)")
    }
}

@Suite struct FailureReasonTests {
    private static let secret = "s3cret value"

    @Test(arguments: [true, false])
    func `a failed deploy's reason repeats no value of a variable: not to who pushes, in the list, in the log`(
        isRefusedByHook: Bool
    ) async throws {
        let platform = TestPlatform(hooks: isRefusedByHook ? TalkingHooks(words: Self.secret) : nil)
        platform.builder.use { _, _ throws(PlatformError) in
            throw PlatformError(.buildFailed, "berth.yaml: unknown key \"\(Self.secret)\"\u{1b}[31m")
        }
        let alice = try await platform.user()
        let made = try await platform.control.apps.create(name: "site", template: nil, by: alice)
        let (app, prod) = (made.app, made.channels[0])
        try await platform.control.environment.set("SECRET", value: Self.secret, app: app.id, by: alice)

        let events = try await platform.push(platform.commit("a"), app: app, by: alice)

        let deploy = try #require(try await platform.stores.deploys.deploys(channel: prod.id, limit: 1).first)
        let failure = try #require(deploy.failure)
        #expect(
            failure
                == (isRefusedByHook
                    ? "the pre-deploy hook does not like [hidden]" : "berth.yaml: unknown key \"[hidden]\""))
        #expect(verdicts(events).values.first == "deploy of prod failed: \(failure)")
        let log = try await platform.log(of: deploy.id)
        #expect(log.hasSuffix("] deploy failed: \(failure)\n"))
        #expect(log.contains("looked at [hidden]") == isRefusedByHook)
        #expect(!log.contains(Self.secret) && !lines(events).contains { $0.contains(Self.secret) })
        #expect(await eventually { platform.serverLog.entries.contains { $0.message == "deploy failed" } })
        for entry in platform.serverLog.entries { #expect(!"\(entry)".contains(Self.secret)) }
    }
}
