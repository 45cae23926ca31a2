import ControlTestSupport
import Core
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Control

/// Keeps the calls of programs that are told of ended deploys.
private final class AttentiveHooks: HookRunner {
    private let calls = Mutex<[HookCall]>([])

    func run(_ call: HookCall, output: @escaping @Sendable (String) -> Void) async throws(PlatformError) {
        if call.event == .postDeploy { calls.withLock { $0.append(call) } }
    }

    /// What was said of a deploy, once for each call.
    func told(of deploy: ID<Deploy>) throws -> [[String: String]] {
        try calls.withLock { $0 }.filter { $0.environment["BERTH_DEPLOY_ID"] == "\(deploy)" }.map { call in
            let said = try JSONSerialization.jsonObject(with: Data(call.input.utf8)) as? [String: Any] ?? [:]
            return said.compactMapValues { $0 as? String }
        }
    }
}

@Suite("The end of a deploy")
struct DeployEndsTests {
    /// What ends deploys, other than their own way.
    enum Ending: CaseIterable {
        case superseded, cancelledInQueue, reaped, interruptedTooOften, overtaken, switched, endedInStore
    }

    private let hooks = AttentiveHooks()
    private let platform: TestPlatform

    init() { platform = TestPlatform(hooks: hooks) }

    private func written(_ channel: Channel, _ digit: Character, isRunning: Bool) async throws -> Deploy {
        platform.repository.move(.master, to: platform.commit(digit), app: channel.appID)
        let deploy = Deploy(
            appID: channel.appID, channelID: channel.id, requested: "master", ref: BranchName.master.ref,
            commit: platform.commit(digit), createdAt: Date())
        _ = try await platform.stores.deploys.enqueue([deploy], at: Date())
        if isRunning { _ = try await platform.stores.deploys.start(deploy.id, commit: nil, at: Date()) }
        return deploy
    }

    /// Two more deploys behind one that is being built; the first of them.
    private func waiting(_ channel: Channel, by alice: Principal) async throws -> Deploy {
        platform.builder.use { request, log throws(PlatformError) in
            if request.commit.rawValue.hasPrefix("b") {
                try? await Task.sleep(for: .seconds(600))
                throw PlatformError(.cancelled, "stopped")
            }
            return try await ScriptedBuilder.staticSite(request, log)
        }
        for digit in "bc" { platform.repository.move(.master, to: platform.commit(digit), app: channel.appID) }
        let built = platform.builder.requests.count
        _ = try await platform.control.deploys.request(
            platform.commit("b").rawValue, channel: channel.id, app: channel.appID, by: alice)
        #expect(await eventually { platform.builder.requests.count == built + 1 })
        return try await platform.control.deploys.request(
            platform.commit("c").rawValue, channel: channel.id, app: channel.appID, by: alice)
    }

    /// Ends a deploy. Returns it, and why it failed.
    private func end(
        _ ending: Ending, _ channel: Channel, by alice: Principal
    ) async throws -> (Deploy, String?) {
        let stores = platform.stores
        switch ending {
        case .superseded:
            let deploy = try await waiting(channel, by: alice)
            _ = try await platform.control.deploys.request("HEAD", channel: channel.id, app: channel.appID, by: alice)
            return (deploy, Deploy.superseded)
        case .cancelledInQueue:
            let deploy = try await waiting(channel, by: alice)
            _ = try await platform.control.deploys.cancel(deploy.id, app: channel.appID, by: alice)
            return (deploy, "cancelled by alice")
        case .reaped:
            let deploy = try await written(channel, "b", isRunning: true)
            for _ in 0..<2 { await platform.control.reconcile() }
            return (deploy, "nobody worked on it any more")
        case .interruptedTooOften:
            let deploy = try await written(channel, "b", isRunning: true)
            try await stores.deploys.requeue(deploy.id)
            _ = try await stores.deploys.start(deploy.id, commit: nil, at: Date())
            _ = try await platform.restarted(hooks: hooks).restore()
            return (deploy, "the server stopped 2 times during it")
        case .overtaken:
            let deploy = try await written(channel, "b", isRunning: true)
            _ = try await written(channel, "c", isRunning: false)
            _ = try await platform.restarted(hooks: hooks).restore()
            return (deploy, Deploy.superseded)
        case .switched:
            let deploy = try await written(channel, "a", isRunning: true)
            let release = try #require(try await stores.channels.channel(channel.id)?.currentRelease)
            try await stores.deploys.switched(deploy.id, release: release, instance: nil)
            _ = try await platform.restarted(hooks: hooks).restore()
            return (deploy, nil)
        case .endedInStore:
            let deploy = try await written(channel, "b", isRunning: true)
            try await stores.deploys.fail(deploy.id, reason: "no", at: Date())
            _ = try await platform.restarted(hooks: hooks).restore()
            return (deploy, "no")
        }
    }

    @Test("is in its log and told to the operator's programs once, whatever has ended it", arguments: Ending.allCases)
    func once(ending: Ending) async throws {
        let alice = try await platform.user()
        let made = try await platform.control.apps.create(name: "site", template: nil, by: alice)
        _ = try await platform.push(platform.commit("a"), app: made.app, by: alice)
        let (deploy, failure) = try await end(ending, made.channels[0], by: alice)
        #expect(await eventually { (try? hooks.told(of: deploy.id).count) == 1 })
        let said = try #require(try hooks.told(of: deploy.id).first)
        #expect(said["status"] == (failure == nil ? "success" : "failed") && said["failure"] == failure)
        let log = try await platform.log(of: deploy.id)
        #expect(log.hasSuffix(failure.map { "deploy failed: \($0)\n" } ?? "deploy complete\n"), "\(log)")
        // Nothing of it is done again by a further start of the server.
        _ = try await platform.restarted(hooks: hooks).restore()
        for _ in 0..<2 { await platform.control.reconcile() }
        #expect(try hooks.told(of: deploy.id).count == 1)
        #expect(try await platform.log(of: deploy.id) == log)
        await platform.control.close(grace: .zero)
    }

    @Test("is not told of a channel that is being deleted, alone or with its app", arguments: [false, true])
    func deleted(isApp: Bool) async throws {
        let alice = try await platform.user()
        let made = try await platform.control.apps.create(name: "site", template: nil, by: alice)
        let side = try await platform.control.channels.create(
            name: "side", binding: "branch:side", app: made.app.id, by: alice)
        // One that is built and one that waits.
        _ = try await waiting(side, by: alice)
        let deploys = try await platform.stores.deploys.deploys(channel: side.id, limit: 9)
        #expect(deploys.map(\.status) == [.queued, .running])
        // All of it stays written down until then.
        platform.provisioner.failDrops(with: PlatformError(.unavailable, "away"))
        if isApp {
            try await platform.control.apps.delete(made.app.id, by: alice)
        } else {
            try await platform.control.channels.delete(side.id, app: made.app.id, by: alice)
        }
        for deploy in deploys {
            #expect(try await platform.stores.deploys.deploy(deploy.id)?.failure == "the channel was deleted")
        }
        #expect(await eventually { platform.control.deploys.ends.afterwards.isIdle })
        for deploy in deploys { #expect(try hooks.told(of: deploy.id).isEmpty) }
        platform.provisioner.failDrops(with: nil)
        #expect(await eventually { (try? await platform.stores.channels.deletedChannels().isEmpty) == true })
    }

    @Test("is tried again by a store that does not take it at first")
    func insisting() async throws {
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "site", template: nil, by: alice).app
        platform.builder.use { _, _ throws(PlatformError) in throw PlatformError(.buildFailed, "no") }
        platform.stores.refuse(.fail, times: 3, with: PlatformError(.unavailable, "busy"))
        let events = try await platform.push(platform.commit("a"), app: app, by: alice)
        #expect(verdicts(events) == ["refs/heads/master": "deploy of prod failed: no"])
    }
}
